"""What records the calls of a model while it serves: a row a call, in a buffer of fixed length."""

from __future__ import annotations

import time
from itertools import count
from struct import Struct
from threading import get_ident
from time import perf_counter_ns, thread_time_ns
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

import numpy as np

from edgesmith_runtime.asked import ASKED_NS, end_watching, watch
from edgesmith_runtime.recorded import Recording
from edgesmith_runtime.runners.forking import tell_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.decoding import Prediction
    from edgesmith_runtime.runners import Runner
    from edgesmith_runtime.settings import EngineSettings

    Tensors = Mapping[str, NDArray[Any]]

__all__ = ["Recorder", "Stages"]

# Reading the processor time of a thread is a call of the kernel: 0.3 to 0.7 us where the clock
# takes 0.05. A call that takes a thousand times as long bears it; of others one in so many is read.
_LONG_NS = 500_000
_CPU_EVERY = 16


class Stages(NamedTuple):
    """What a model does with a call, cut where a recorder looks at the clock.

    Args:
        prepare: From raw inputs to the moment when they were arrays, and the tensors.
        infer: The engine, with the time that is left.
        left: Seconds until a deadline by ``time.monotonic``, DeadlineError where there are none.
        answer: From tensors and outputs to predictions.
    """

    prepare: Callable[[object], tuple[int, Tensors]]
    infer: Callable[..., dict[str, NDArray[Any]]]
    left: Callable[[float], float]
    answer: Callable[[Tensors, Tensors], list[Prediction]]


# A row in the buffer; moments by ``time.perf_counter_ns``. Packed into one piece of memory: a tuple
# of numbers is made as quickly, but keeping ten thousand of them costs each call some 15 misses of
# the cache, 3 us beside a model of a table.
_COLUMNS = (
    *("asked", "begun", "read", "prepared", "inferred", "ended"),
    *("cpu_ns", "n_rows", "n_sharing", "n_in_flight", "copied_bytes", "thread_id", "is_raw"),
)
_ROW = Struct(f"{len(_COLUMNS)}q")
_ROW_BYTES = _ROW.size
_pack = _ROW.pack_into  # one step: no other thread sees half a row


class Recorder:
    """Records the calls of one model from when it is made until ``stop``; ``model.record`` makes it.

    Each ``predict``, ``predict_batch`` and ``run`` that gives an answer leaves a row, also in its
    async form and by a ``Batcher``; of a batch each of the callers has one. A call that raises
    leaves none, nor does ``stream``. The oldest rows go when the buffer is full.

    Any thread may call the model, and ``recording`` or ``stop``, meanwhile. A forked child goes
    on with an empty buffer of its own.

    A recorded ``run`` brings an array that is not contiguous into order itself, which the engine
    would do otherwise: that is the ``prepare`` stage of its row.
    """

    def __init__(
        self,
        bundle: Bundle,
        runner: Runner,
        settings: EngineSettings | None,
        stages: Stages,
        *,
        capacity: int,
        on_stop: Callable[[], None],
    ) -> None:
        self._bundle = bundle
        self._runner = runner
        self._settings = settings
        self._stages = stages
        self._infer = stages.infer
        self._on_stop = on_stop
        # What an input with a scale takes as it is; other floats are cast on the way.
        self._dtypes = {
            spec.name: (np.dtype(np.float32), np.dtype(spec.dtype))
            for spec in runner.artifact.signature.inputs
            if spec.scale is not None
        }
        self._capacity = capacity
        self._buffer = bytearray(b"\0") * (_ROW_BYTES * capacity)  # written, so it is there
        self._begin()
        watch(self)
        tell_after_fork(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _begin(self) -> None:
        self._tokens = count()
        self._running: set[int] = set()  # adding, removing and counting are one step each
        self._places = count()
        self._n_kept = 0
        self._is_long = False
        self._stopped_ns: tuple[int, int] | None = None
        self._start_ns = perf_counter_ns()
        self._start_cpu_ns = time.process_time_ns()

    def after_fork(self) -> None:
        """In a forked child: its own rows alone, unless it is stopped; see ``Forked``."""
        if self._stopped_ns is None:
            self._begin()

    def stop(self) -> None:
        """Record no more; a second time does nothing. What was recorded stays."""
        if self._stopped_ns is None:
            self._stopped_ns = self._elapsed()
            end_watching(self)
            self._on_stop()

    def recording(self) -> Recording:
        """What the buffer holds now, the oldest call first."""
        n_kept = self._n_kept
        rows = np.frombuffer(bytes(self._buffer), np.int64).reshape(-1, len(_COLUMNS))
        rows = rows[: min(n_kept, self._capacity)]
        # By when they were asked for: a call that ends first is kept first.
        columns = rows[np.argsort(rows[:, 0], kind="stable")].T
        by_name = dict(zip(_COLUMNS, columns, strict=True))
        wall_ns, cpu_ns = self._stopped_ns or self._elapsed()
        return Recording.of(
            self._bundle,
            self._runner.artifact,
            self._settings,
            by_name,
            start_ns=self._start_ns,
            wall_ns=wall_ns,
            process_cpu_ns=cpu_ns,
            n_calls=n_kept,
        )

    def run(self, tensors: Tensors, timeout: float | None) -> dict[str, NDArray[Any]]:
        """``Model.run``, with its row."""
        # Spelled out, without functions of its own: it is the call that has least time to spare.
        token = next(self._tokens)
        cpu_ns = thread_time_ns() if self._is_long or not token % _CPU_EVERY else -1
        running = self._running
        running.add(token)
        n_in_flight = len(running)
        begun = prepared = perf_counter_ns()
        try:
            n_rows, copied_bytes = 1, 0
            try:
                for name, array in tensors.items():
                    n_rows = len(array)
                    if not array.flags.c_contiguous or name in self._dtypes:
                        copied_bytes += self._copied(name, array)
            except (AttributeError, TypeError):  # what is no array, or no mapping
                pass
            if copied_bytes:
                tensors = _in_order(tensors)
                prepared = perf_counter_ns()
            outputs = self._infer(tensors, timeout=timeout)
            ended = perf_counter_ns()
        finally:
            running.discard(token)
        if cpu_ns >= 0:
            cpu_ns = thread_time_ns() - cpu_ns
        self._is_long = ended - begun > _LONG_NS
        row = (begun, begun, prepared, ended, ended, cpu_ns, n_rows)
        rest = (n_in_flight, copied_bytes, get_ident(), 0)
        if waited := ASKED_NS.get():
            self._keep_shared(waited, row, rest)
            return outputs
        place = next(self._places)
        self._n_kept = place + 1
        _pack(self._buffer, place % self._capacity * _ROW_BYTES, begun, *row, 1, *rest)
        return outputs

    def predict_batch(self, raws: object, deadline: float | None) -> list[Prediction]:
        """``Model.predict_batch``, with its row.

        Args:
            raws: As it takes them, not empty.
            deadline: By ``time.monotonic``; None sets no limit.
        """
        token = next(self._tokens)
        cpu_ns = thread_time_ns() if self._is_long or not token % _CPU_EVERY else -1
        running, stages = self._running, self._stages
        running.add(token)
        n_in_flight = len(running)
        begun = perf_counter_ns()
        try:
            read, tensors = stages.prepare(raws)
            left = None if deadline is None else stages.left(deadline)
            prepared = perf_counter_ns()
            outputs = self._infer(tensors, timeout=left)
            inferred = perf_counter_ns()
            answers = stages.answer(tensors, outputs)
            ended = perf_counter_ns()
        finally:
            running.discard(token)
        if cpu_ns >= 0:
            cpu_ns = thread_time_ns() - cpu_ns
        self._is_long = ended - begun > _LONG_NS
        row = (begun, read, prepared, inferred, ended, cpu_ns, len(answers))
        rest = (n_in_flight, _scattered(raws), get_ident(), 1)
        if waited := ASKED_NS.get():
            self._keep_shared(waited, row, rest)
            return answers
        place = next(self._places)
        self._n_kept = place + 1
        _pack(self._buffer, place % self._capacity * _ROW_BYTES, begun, *row, 1, *rest)
        return answers

    def _keep_shared(
        self, waited: tuple[int, ...], row: tuple[int, ...], rest: tuple[int, ...]
    ) -> None:
        """A row for each caller that waited for this run."""
        ASKED_NS.set(())  # of this run alone, whatever follows it in the same call
        for asked in waited:
            place = next(self._places)
            self._n_kept = place + 1
            _pack(
                self._buffer,
                place % self._capacity * _ROW_BYTES,
                *(asked, *row, len(waited), *rest),
            )

    def _copied(self, name: str, array: NDArray[Any]) -> int:
        """Bytes of an array that has to be copied before an engine can read it, else 0."""
        if array.__class__ is not np.ndarray:
            return 0
        is_ready = array.flags.c_contiguous and array.dtype in self._dtypes.get(
            name, (array.dtype,)
        )
        return 0 if is_ready else array.nbytes

    def _elapsed(self) -> tuple[int, int]:
        return (
            perf_counter_ns() - self._start_ns,
            time.process_time_ns() - self._start_cpu_ns,
        )


def _in_order(tensors: Tensors) -> Tensors:
    return {
        name: np.ascontiguousarray(array) if array.__class__ is np.ndarray else array
        for name, array in tensors.items()
    }


def _scattered(raws: object) -> int:
    """Bytes of raw arrays that are not contiguous, or that are put together to a batch."""
    if isinstance(raws, np.ndarray):
        return 0 if raws.flags.c_contiguous else raws.nbytes
    if not isinstance(raws, list | tuple):
        return 0
    n_bytes = 0
    items = cast("list[Any]", raws)
    for item in items:
        array = item[-1] if item.__class__ is tuple and item else item  # sound with its rate
        if array.__class__ is np.ndarray and (len(items) > 1 or not array.flags.c_contiguous):
            n_bytes += array.nbytes
    return n_bytes
