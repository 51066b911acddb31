"""What records the calls of a model while it serves: a row a call, in a buffer of fixed length."""

from __future__ import annotations

import time
from itertools import count, cycle, repeat
from struct import Struct
from threading import Lock, get_ident
from time import perf_counter_ns, thread_time_ns
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

import numpy as np

from edgesmith_runtime.asked import ASKED_NS, end_watching, watch
from edgesmith_runtime.recorded import Recording
from edgesmith_runtime.runners.forking import tell_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.decoding import Prediction
    from edgesmith_runtime.runners import Runner
    from edgesmith_runtime.settings import EngineSettings

    Tensors = Mapping[str, NDArray[Any]]

__all__ = ["BURST", "MOST_EVERY", "Recorder", "Stages"]

BURST = 32  # calls in a row that are recorded where not every call is
MOST_EVERY = 1000

# Reading the processor time of a thread is a call of the kernel: 0.3 to 0.7 us where the clock
# takes 0.05. Calls that take a thousand times as long on average bear it; of others one in 16 is
# read. Which one, multiples of the golden ratio say: they come back to no call of an app that makes
# several kinds in turn, as every sixteenth would. D. E. Knuth, The Art of Computer Programming,
# volume 3, section 6.4.
_LONG_NS = 500_000
_GOLDEN = 0.6180339887498949
_CPU_SHARE = 1 / 16
_MEAN_BITS = 3  # the mean length of calls is of some 2**3 last ones

_MOST_LOOKED_AT = (
    32  # items of a list of raw inputs that are looked at; the others are taken as alike
)


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
    *("asked", "begun", "read", "prepared", "inferred", "ended", "n_sharing"),
    *("cpu_ns", "n_rows", "n_in_flight", "copied_bytes", "thread_id", "token", "is_raw"),
    "serial",  # from 1; 0 where no row was written yet
)
_ROW = Struct(f"{len(_COLUMNS)}q")
_ROW_BYTES = _ROW.size
_pack = _ROW.pack_into  # one step: no other thread sees half a row


class Recorder:
    """Records the calls of one model from when it is made until ``stop``; ``model.record`` makes it.

    Each ``predict``, ``predict_batch`` and ``run`` that gives an answer leaves a row, also in its
    async form and by a ``Batcher``; of a batch each of the callers has one. A call that raises
    leaves none, nor does ``stream``. The oldest rows go when the buffer is full.

    With ``every`` above 1, 32 calls in a row are recorded and the others are left out, so that
    one in ``every`` is: pauses and calls at once are seen within such a burst. ``turns`` says for
    each call in turn whether it is left out.

    What a row costs, beside the same call without it, in the quietest tenth of blocks on a server:
    2.1 us of a ``run``, 4 to 8 us of a ``predict`` of a table, some 9 us of one of sound: below 1 % of calls from
    a millisecond on. No part stands out: clocks, counting and keeping are 0.9 us or less each, the
    rest is that the interpreter goes through more code. A call that is left out costs 0.05 to 0.1 us,
    1 to 2 % of a ``run`` of 5 us: there is no recording of such a one below 1 %.

    Any thread may call the model, and ``recording`` or ``stop``, meanwhile. A call that is under
    way at ``stop`` leaves no row. A forked child goes on with an empty buffer of its own.

    A recorded ``run`` brings an array that is not contiguous into order itself, which the engine
    would do otherwise: that is the ``prepare`` stage of its row. What the engine casts, numbers for
    an input with a scale, is in ``infer``.
    """

    def __init__(  # noqa: PLR0913 - a recorder has these
        self,
        bundle: Bundle,
        runner: Runner,
        settings: EngineSettings | None,
        stages: Stages,
        *,
        capacity: int,
        every: int,
        on_stop: Callable[[], None],
    ) -> None:
        self._bundle = bundle
        self._runner = runner
        self._settings = settings
        self._prepare, self._infer, self._left, self._answer = stages
        self._on_stop = on_stop
        self._capacity = capacity
        self._every = every
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
        # Written, so it is there.
        self._buffer = bytearray(b"\0") * (_ROW_BYTES * self._capacity)
        self._tokens = count()
        # One step in C each, so any thread may take the next one.
        left_out = (*repeat(0, BURST), *repeat(1, BURST * (self._every - 1)))
        self.turns: Iterator[int] = cycle(left_out) if self._every > 1 else repeat(0)
        self._running: set[int] = set()  # adding, removing and counting are one step each
        self._places = count()
        self._mean_ns = 0
        self._ending = Lock()  # taken by the one that stops it
        self._stopped_ns: tuple[int, int] | None = None
        self._last = b""
        self._start_ns = perf_counter_ns()
        self._start_cpu_ns = time.process_time_ns()

    def after_fork(self) -> None:
        """In a forked child: its own rows alone, unless it is stopped; see ``Forked``."""
        if self._stopped_ns is None:
            self._begin()

    def stop(self) -> None:
        """Record no more; a second time does nothing. What was recorded stays."""
        if self._ending.acquire(blocking=False):
            self._last = bytes(self._buffer)  # whatever a call under way may still write
            self._stopped_ns = self._elapsed()
            end_watching(self)
            self._on_stop()

    def recording(self) -> Recording:
        """What the buffer holds now, or held at ``stop``; the oldest call first."""
        wall_ns, cpu_ns = self._stopped_ns or self._elapsed()
        content = self._last or bytes(self._buffer)
        rows = np.frombuffer(content, np.int64).reshape(-1, len(_COLUMNS))
        serials = rows[:, -1]
        n_kept = int(serials.max())
        rows = rows[serials > 0]
        # By when they were asked for: a call that ends first is kept first.
        columns = rows[np.argsort(rows[:, 0], kind="stable")].T
        by_name = dict(zip(_COLUMNS, columns, strict=True))
        by_name["burst"] = by_name["token"] // BURST if self._every > 1 else 0 * columns[0]
        return Recording.of(
            self._bundle,
            self._runner.artifact,
            self._settings,
            by_name,
            start_ns=self._start_ns,
            wall_ns=wall_ns,
            process_cpu_ns=cpu_ns,
            n_calls=n_kept,
            every=self._every,
        )

    def run(self, tensors: Tensors, timeout: float | None) -> dict[str, NDArray[Any]]:
        """``Model.run``, with its row."""
        # Spelled out, without functions of its own: it is the call that has least time to spare.
        token = next(self._tokens)
        is_read = self._mean_ns > _LONG_NS or token * _GOLDEN % 1.0 < _CPU_SHARE
        cpu_ns = thread_time_ns() if is_read else -1
        running = self._running
        running.add(token)
        n_in_flight = len(running)
        begun = prepared = perf_counter_ns()
        try:
            n_rows, copied_bytes = 1, 0
            try:
                for array in tensors.values():
                    n_rows = len(array)
                    if not array.flags.c_contiguous and array.__class__ is np.ndarray:
                        copied_bytes += array.nbytes
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
        self._mean_ns += (ended - begun - self._mean_ns) >> _MEAN_BITS
        rest = (cpu_ns, n_rows, n_in_flight, copied_bytes, get_ident(), token, 0)
        if waited := ASKED_NS.get():
            self._keep_shared(waited, (begun, begun, prepared, ended, ended), rest)
            return outputs
        place = next(self._places)
        _pack(
            self._buffer,
            place % self._capacity * _ROW_BYTES,
            *(begun, begun, begun, prepared, ended, ended, 1, *rest, place + 1),
        )
        return outputs

    def predict_batch(self, raws: object, deadline: float | None) -> list[Prediction]:
        """``Model.predict_batch``, with its row.

        Args:
            raws: As it takes them, not empty.
            deadline: By ``time.monotonic``; None sets no limit.
        """
        token = next(self._tokens)
        is_read = self._mean_ns > _LONG_NS or token * _GOLDEN % 1.0 < _CPU_SHARE
        cpu_ns = thread_time_ns() if is_read else -1
        running = self._running
        running.add(token)
        n_in_flight = len(running)
        begun = perf_counter_ns()
        try:
            read, tensors = self._prepare(raws)
            left = None if deadline is None else self._left(deadline)
            prepared = perf_counter_ns()
            outputs = self._infer(tensors, timeout=left)
            inferred = perf_counter_ns()
            answers = self._answer(tensors, outputs)
            ended = perf_counter_ns()
        finally:
            running.discard(token)
        if cpu_ns >= 0:
            cpu_ns = thread_time_ns() - cpu_ns
        self._mean_ns += (ended - begun - self._mean_ns) >> _MEAN_BITS
        n_bytes = _scattered(raws)
        rest = (cpu_ns, len(answers), n_in_flight, n_bytes, get_ident(), token, 1)
        if waited := ASKED_NS.get():
            self._keep_shared(waited, (begun, read, prepared, inferred, ended), rest)
            return answers
        place = next(self._places)
        _pack(
            self._buffer,
            place % self._capacity * _ROW_BYTES,
            *(begun, begun, read, prepared, inferred, ended, 1, *rest, place + 1),
        )
        return answers

    def _keep_shared(
        self, waited: tuple[int, ...], moments: tuple[int, ...], rest: tuple[int, ...]
    ) -> None:
        """A row for each caller that waited for this run."""
        ASKED_NS.set(())  # of this run alone, whatever follows it in the same call
        for asked in waited:
            place = next(self._places)
            _pack(
                self._buffer,
                place % self._capacity * _ROW_BYTES,
                *(asked, *moments, len(waited), *rest, place + 1),
            )

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
    """Bytes of raw arrays that are not contiguous, or that are put together to a batch.

    Of a long list by its first items: a walk of a thousand takes as long as the call.
    """
    if raws.__class__ is not list and not isinstance(raws, list | tuple):
        is_ready = not isinstance(raws, np.ndarray) or raws.flags.c_contiguous
        return 0 if is_ready else cast("NDArray[Any]", raws).nbytes
    n_bytes = 0
    items = cast("list[Any]", raws)
    n_items = len(items)
    looked_at = items if n_items <= _MOST_LOOKED_AT else items[:_MOST_LOOKED_AT]
    for item in looked_at:
        array = item[-1] if item.__class__ is tuple and item else item  # sound with its rate
        if array.__class__ is np.ndarray and (n_items > 1 or not array.flags.c_contiguous):
            n_bytes += array.nbytes
    return n_bytes if looked_at is items else n_bytes * n_items // _MOST_LOOKED_AT
