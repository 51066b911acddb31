"""One way to call a model in this process: first call, check of the answers, then the series."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.bench.measuring.timing import time_phase, time_raw
from edgesmith_runtime.bench.measuring.timing.clock import Clock
from edgesmith_runtime.bench.measuring.timing.memory import peak_memory_bytes
from edgesmith_runtime.bench.phases import Phase
from edgesmith_runtime.bench.subject import Round
from edgesmith_runtime.errors import BackendError, SelfTestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgesmith_runtime.bench.measuring.exchange import Request
    from edgesmith_runtime.bench.measuring.samples import Samples, Tensors
    from edgesmith_runtime.bench.measuring.timing import RawCalls
    from edgesmith_runtime.bench.phases import Series, Setting

__all__ = ["Lane", "Opened", "time_lane"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One way to call a model, cut where the clock starts and stops.

    ``call`` takes numpy arrays and gives numpy arrays, as an app has and wants them, so what an
    engine converts counts as a part of the call.

    Args:
        name: Of the subject, as the reply has it.
        prepare: Named tensors as the argument of ``call``; before the clock.
        call: What is timed.
        outputs: The result of ``call`` by output name; after the clock.
        fixed_batch: The one batch size that it takes; None where it takes any.
        raw: How it is called on raw inputs, where it can be.
    """

    name: str
    prepare: Callable[[Tensors], Any]
    call: Callable[[Any], Any]
    outputs: Callable[[Any], Tensors]
    fixed_batch: int | None = None
    raw: RawCalls | None = None

    def takes(self, setting: Setting) -> bool:
        """Whether it can be called so."""
        return setting.phase is Phase.RAW or self.fixed_batch in (None, setting.batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A loaded model: the ways to call it, what it took, and the versions of its engine."""

    lanes: tuple[Lane, ...]
    import_ns: int
    load_ns: int
    versions: Mapping[str, str]


def time_lane(lane: Lane, opened: Opened, request: Request, samples: Samples) -> Round:
    """Measure one lane of a loaded model.

    A setting under which calls fail, such as several callers at once, is among the failures of
    the round; the others are measured all the same.

    Raises:
        SelfTestError: The call does not give the expected outputs; nothing was timed then under
            that setting.
        BackendError: It takes none of the batch sizes, or fails under every setting.
    """
    asked = (request.first, *request.settings)
    fitting = [setting for setting in asked if lane.takes(setting)]
    if not fitting:
        sizes = ", ".join(str(size) for size in dict.fromkeys(one.batch for one in asked))
        raise BackendError(f"it takes batches of {lane.fixed_batch} only, not of {sizes}")
    call = _call(lane, fitting[0], samples)
    start_ns = time.perf_counter_ns()
    call()
    first_call_ns = time.perf_counter_ns() - start_ns
    series: dict[Setting, Series] = {}
    failures: dict[Setting, str] = {}
    for setting in filter(lane.takes, request.settings):
        try:
            series[setting] = _series(lane, setting, request, samples)
        except SelfTestError:
            raise
        except Exception as error:  # noqa: BLE001 - engines raise anything
            failures[setting] = Problem.of(error, lane.name).reason
    if failures and not series:
        raise BackendError(next(iter(failures.values())))
    return Round(
        import_ns=opened.import_ns,
        load_ns=opened.load_ns,
        first_call_ns=first_call_ns,
        peak_memory_bytes=peak_memory_bytes(),
        series=series,
        failures=failures,
    )


def _call(lane: Lane, setting: Setting, samples: Samples) -> Callable[[], Any]:
    """One call of the model, its input included."""
    if setting.phase is Phase.RAW:
        raw = _raw(lane)
        return functools.partial(raw.predict, raw.raws[0])
    return functools.partial(lane.call, lane.prepare(samples.batch(setting.batch)))


def _series(lane: Lane, setting: Setting, request: Request, samples: Samples) -> Series:
    clock = Clock()
    if setting.phase is Phase.RAW:
        raw = _raw(lane)
        raw.check()
        return time_raw(raw, setting.amount, request.effort, clock)
    call = _call(lane, setting, samples)
    samples.check(lane.outputs(call()), setting.batch)
    return time_phase(setting, call, request.effort, clock)


def _raw(lane: Lane) -> RawCalls:
    if lane.raw is None:
        raise BackendError("it takes prepared tensors alone, no raw inputs")
    return lane.raw
