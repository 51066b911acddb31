"""Concurrent single calls of a model, gathered into batches under a bound on the wait."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any, Self, cast

from edgesmith_runtime.batch_line import BatchLine
from edgesmith_runtime.batch_requests import TOO_LATE, LoopRequest, ThreadRequest, What
from edgesmith_runtime.errors import DeadlineError
from edgesmith_runtime.runners.deadlines import deadline_after

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from numpy.typing import NDArray

    from edgesmith_runtime.batch_line import Target
    from edgesmith_runtime.decoding import Prediction

__all__ = ["Batcher"]


class Batcher:
    """Gathers calls that come at the same time into one run of the model; for any thread.

    A call that finds the model free runs at once, by itself: nobody waits for others that may
    not come. While a run is going on, calls queue up, and when it ends the next batch is made of
    them. Only where several callers were about at that moment it waits for the rest of them to
    come back, until as many are there as were before, and no longer than ``max_wait_s``.

    Each call has its own answer or its own error: where a batch fails, its halves are tried, down
    to the single call. The last bits of an answer may depend on the size of the batch, because
    engines add up in another order then. An ``.onnx`` whose activations are quantized at each run
    (``int8_dynamic``) scales by the whole batch: there neighbours change an answer by more than
    that, so do not batch it.

    Args:
        target: A ``Model`` or a ``Slot``; a batch runs as a whole on what the slot serves.
        max_batch: Calls in one run, from 1.
        max_wait_s: The longest that calls are held back while the model is free, from 0.
    """

    def __init__(
        self, target: Target, *, max_batch: int = 32, max_wait_s: float = 0.002
    ) -> None:
        if max_batch < 1:
            raise ValueError(f"max_batch: expected at least 1, got {max_batch}")
        if not 0.0 <= max_wait_s < float("inf"):
            raise ValueError(f"max_wait_s: expected seconds from 0, got {max_wait_s}")
        self._target = target
        self._max_batch = max_batch
        self._max_wait_s = max_wait_s
        self._line = self._new_line()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def predict(self, raw: object, *, timeout: float | None = None) -> Prediction:
        """``Model.predict``, for one of many threads.

        Args:
            raw: One raw input.
            timeout: In seconds; the time in the queue is part of it.

        Raises:
            DeadlineError: There was no answer in time; a run for others is not ended by it.
            ValueError: ``timeout`` is not a number of seconds.
            BackendError: The batcher is closed; or as ``Model.predict``, whose other errors are
                raised too.
        """
        return cast("Prediction", self._wait(What.PREDICT, raw, timeout))

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        """``Model.run``, for one of many threads; arrays of one dtype and shape run together.

        Not where the first axis of an output has another name or length in the signature than
        that of the inputs: nothing says that it can be cut apart by call, so each runs alone.
        """
        return cast("dict[str, NDArray[Any]]", self._wait(What.RUN, tensors, timeout))

    async def predict_async(self, raw: object, *, timeout: float | None = None) -> Prediction:
        """``predict`` for event loops. When the task is cancelled, a queued call never runs."""
        return cast("Prediction", await self._await(What.PREDICT, raw, timeout))

    async def run_async(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        """``run`` for event loops, as ``predict_async``."""
        return cast("dict[str, NDArray[Any]]", await self._await(What.RUN, tensors, timeout))

    def close(self, *, timeout: float | None = None) -> bool:
        """Finish what is queued and refuse what comes later; a second time does nothing.

        Args:
            timeout: In seconds, from 0: the longest that this waits; None waits to the end. A
                run of LiteRT cannot be ended, so it may still be at work afterwards.

        Returns:
            Whether all is finished.
        """
        return self._own_line().close(timeout)

    def _wait(self, what: What, given: object, timeout: float | None) -> object:
        deadline = None if timeout is None else deadline_after(timeout)
        line = self._own_line()
        if line.begins_alone():
            try:
                call = self._target.predict if what is What.PREDICT else self._target.run
                return call(cast("Any", given), timeout=timeout)
            finally:
                line.end_alone()
        request = ThreadRequest(what, given, deadline)
        line.put(request)
        return request.wait()

    async def _await(self, what: What, given: object, timeout: float | None) -> object:
        import asyncio  # the app that awaits has it loaded already; others need not

        deadline = None if timeout is None else deadline_after(timeout)
        request = LoopRequest(what, given, deadline)
        self._own_line().put(request)
        try:
            if timeout is None:
                return await request.future
            async with asyncio.timeout(timeout):
                return await request.future
        except DeadlineError:
            raise
        except TimeoutError as error:
            raise DeadlineError(TOO_LATE) from error
        finally:
            request.is_given_up = True

    def _own_line(self) -> BatchLine:
        if self._line.pid != os.getpid():  # its worker, locks and queue are the parent's
            is_closed = self._line.is_closed
            self._line = self._new_line()
            self._line.is_closed = is_closed
        return self._line

    def _new_line(self) -> BatchLine:
        line = BatchLine(self._target, max_batch=self._max_batch, max_wait_s=self._max_wait_s)
        weakref.finalize(self, line.end)
        return line
