"""The queue behind a batcher and its worker, of one process."""

from __future__ import annotations

import os
import threading
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from edgesmith_runtime.asked import taking_up
from edgesmith_runtime.batch_requests import What, deliver
from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.runners.deadlines import time_left

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.batch_requests import Request
    from edgesmith_runtime.decoding import Prediction
    from edgesmith_runtime.spec import Signature

    Tensors = Mapping[str, NDArray[Any]]

__all__ = ["BatchLine", "Target"]

_NOBODY = 1 << 30  # more than can ever wait


class Target(Protocol):
    """What batches run on: a ``Model`` or a ``Slot``."""

    def predict(self, raw: object, *, timeout: float | None = None) -> Prediction:
        """The answer for one raw input."""
        ...

    def predict_batch(self, raws: object, *, timeout: float | None = None) -> list[Prediction]:
        """The answers for several."""
        ...

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        """Outputs by name for prepared tensors."""
        ...


class BatchLine:
    """A queue of requests, and the thread that turns them into batches once there are any.

    Args:
        target: What runs.
        max_batch: Requests in one run.
        max_wait_s: The longest that requests are held back while the target is free.
    """

    def __init__(self, target: Target, *, max_batch: int, max_wait_s: float) -> None:
        self.pid = os.getpid()
        self.is_closed = False
        self._target = target
        self._max_batch = max_batch
        self._max_wait_s = max_wait_s
        # Re-entrant, because a garbage collection in the worker may come to ``end``.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._queue: deque[Request] = deque()
        self._running: list[Request] = []
        self._worker: threading.Thread | None = None
        self._is_busy = self._is_batching = False
        self._n_callers = 1  # that were about when the last run ended
        self._free_since = -float("inf")
        self._n_wakes = 1  # as many in the queue wake the worker

    def begins_alone(self) -> bool:
        """Whether the caller shall run its call itself, now, and then ``end_alone``.

        Raises:
            BackendError: The line is closed.
        """
        with self._lock:
            self._check_open()
            if self._is_busy or self._queue or self._expects_more():
                return False
            self._is_busy = True
            return True

    def end_alone(self) -> None:
        """What ``begins_alone`` began has ended."""
        with self._lock:
            self._become_free(1)

    def put(self, request: Request) -> None:
        """Queue a request.

        Raises:
            BackendError: The line is closed, or no thread can be started.
        """
        with self._lock:
            self._check_open()
            self._start_worker()
            self._queue.append(request)
            if len(self._queue) >= self._n_wakes:
                self._changed.notify_all()

    def end(self) -> None:
        """Take no more, and let the worker end once the queue is empty; waits for nothing."""
        if self.pid != os.getpid():  # the locks of a parent may be held for ever
            return
        with self._lock:
            self.is_closed = True
            self._changed.notify_all()

    def close(self, timeout: float | None = None) -> bool:
        """Take no more, and wait until all that was taken has its answer.

        Args:
            timeout: In seconds, from 0; None sets no limit.

        Returns:
            Whether all has its answer; what has none by then still gets it.
        """
        until = None if timeout is None else monotonic() + timeout
        self.end()
        with self._lock:
            is_done = self._changed.wait_for(
                lambda: not (self._queue or self._is_busy), timeout
            )
            worker = self._worker
        if not is_done or worker is None or worker is threading.current_thread():
            return is_done
        worker.join(None if until is None else max(0.0, until - monotonic()))
        return not worker.is_alive()

    def _check_open(self) -> None:
        if self.is_closed:
            raise BackendError(
                "this batcher is closed; make a new one, or call the model itself"
            )

    def _start_worker(self) -> None:
        if self._worker is not None and self._worker.is_alive():
            return
        worker = threading.Thread(target=self._work, name="edgesmith-batcher", daemon=True)
        try:
            worker.start()
        except RuntimeError as error:
            raise BackendError(
                f"no thread for the batches: {error}; end some threads"
            ) from error
        self._worker = worker

    def _expects_more(self) -> bool:
        return self._n_callers > 1 and monotonic() < self._free_since + self._max_wait_s

    def _become_free(self, n_answered: int) -> None:
        self._is_busy = self._is_batching = False
        self._n_callers = n_answered + len(self._queue)
        if self._n_callers > 1:
            self._free_since = monotonic()
        if self._queue or self.is_closed:
            self._changed.notify_all()

    def _work(self) -> None:
        try:
            while True:
                with self._lock:
                    self._running = self._next_batch()
                    if not self._running:
                        return
                    self._is_busy = self._is_batching = True
                self._answer(self._running)
                with self._lock:  # before they know: who is quick to call again counts once
                    self._become_free(len(self._running))
                deliver(self._running)
                self._running = []
        finally:
            self._leave_nobody()

    def _next_batch(self) -> list[Request]:
        """Waits for it; empty once the line is closed and nothing is left."""
        while not self._queue or self._is_busy:
            if self.is_closed and not self._queue:
                return []
            self._n_wakes = 1
            self._changed.wait()
        self._n_wakes = min(self._n_callers, self._max_batch)
        until = self._free_since + self._max_wait_s
        while len(self._queue) < self._n_wakes and not self.is_closed:
            left = until - monotonic()
            if left <= 0.0:
                break
            self._changed.wait(left)
        self._n_wakes = _NOBODY
        first = self._queue[0]
        batch: list[Request] = []
        while (
            self._queue and len(batch) < self._max_batch and _go_together(first, self._queue[0])
        ):
            batch.append(self._queue.popleft())
        return batch

    def _answer(self, requests: Sequence[Request]) -> None:
        """Run requests as one batch; where that fails its halves, so that each gets its own."""
        requests = [request for request in requests if not request.is_given_up]
        if not requests:
            return
        try:
            answers = self._call(requests)
        except BaseException as error:  # noqa: BLE001 - raised by the one who called
            if len(requests) > 1:
                middle = len(requests) // 2
                self._answer(requests[:middle])
                self._answer(requests[middle:])
                return
            requests[0].error = error
        else:
            for request, answer in zip(requests, answers, strict=True):
                request.answer = answer

    def _call(self, requests: Sequence[Request]) -> Sequence[object]:
        timeout = _time_left(requests)
        given = [cast("Any", request.given) for request in requests]
        asked_ns = [request.asked_ns for request in requests]
        if requests[0].what is What.PREDICT:
            return taking_up(self._target.predict_batch, asked_ns)(given, timeout=timeout)
        if len(given) == 1:
            return [taking_up(self._target.run, asked_ns)(given[0], timeout=timeout)]
        # Of a slot its model: what runs is then what was looked at.
        model = cast("Any", getattr(self._target, "model", self._target))
        _check_goes_by_sample(model.signature)
        outputs = taking_up(model.run, asked_ns)(_joined(given), timeout=timeout)
        return _split(outputs, given)

    def _leave_nobody(self) -> None:
        """Hand over what there is, and an error to those that have no answer and will have none."""
        with self._lock:
            orphans = [*self._running, *self._queue]
            self._queue.clear()
            self._worker = None  # from here on the next request starts another
            if self._is_batching:
                self._become_free(0)
        for request in orphans:
            if request.answer is None and request.error is None:
                request.error = BackendError(
                    "the batcher's thread was ended from outside; call again"
                )
        deliver(orphans)


def _go_together(first: Request, other: Request) -> bool:
    return first.what is other.what and (first.deadline is None) == (other.deadline is None)


def _time_left(requests: Sequence[Request]) -> float | None:
    """Until the last of them gives up, for then the run is in vain; those before do by themselves."""
    deadlines = [request.deadline for request in requests if request.deadline is not None]
    if not deadlines:
        return None
    return time_left(max(deadlines), where="batcher", done="the wait in the queue")


def _check_goes_by_sample(signature: Signature) -> None:
    """ValueError where a tensor has not the samples on its first axis as all others have."""
    firsts = {spec.shape[:1] for spec in signature}
    if len(firsts) > 1 or () in firsts:
        raise ValueError("an axis that is not that of samples")


def _joined(given: Sequence[Tensors]) -> Tensors:
    """The tensors of several calls as those of one; ValueError where they do not go together."""
    first = given[0]
    for tensors in given:
        if tensors.keys() != first.keys():
            raise ValueError("other names")
        for name, array in tensors.items():
            other = first[name]
            if type(array) is not np.ndarray or array.dtype != other.dtype:
                raise ValueError("other dtypes, or no plain arrays")
            if array.ndim < 1 or array.shape[1:] != other.shape[1:]:
                raise ValueError("other shapes")
    return {name: np.concatenate([tensors[name] for tensors in given]) for name in first}


def _split(outputs: Tensors, given: Sequence[Tensors]) -> list[dict[str, NDArray[Any]]]:
    """The outputs of one run by call; ValueError where the first axis is not that of samples."""
    counts = [len(next(iter(tensors.values()))) for tensors in given]
    if any(len(array) != sum(counts) for array in outputs.values()):
        raise ValueError("an output that is not one row a sample")
    stops = np.cumsum(counts)
    return [
        {name: array[stop - count : stop].copy() for name, array in outputs.items()}
        for count, stop in zip(counts, stops, strict=True)
    ]
