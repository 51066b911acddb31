"""Time one way to call a model: first call, check of the answer, then the steady state."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.bench.memory import peak_memory_bytes
from edgesmith_runtime.bench.phases import Phase, Series, Setting
from edgesmith_runtime.bench.subject import Round
from edgesmith_runtime.latency import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgesmith_runtime.bench.exchange import Request
    from edgesmith_runtime.bench.samples import Samples, Tensors

__all__ = ["Lane", "Opened", "decide_calls", "time_lane"]

N_PILOT = 5
MIN_WARMUP = 10


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
    """

    name: str
    prepare: Callable[[Tensors], Any]
    call: Callable[[Any], Any]
    outputs: Callable[[Any], Tensors]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A loaded model: the ways to call it, what it took, and the versions of its engine."""

    lanes: tuple[Lane, ...]
    import_ns: int
    load_ns: int
    versions: Mapping[str, str]


def time_lane(lane: Lane, opened: Opened, request: Request, samples: Samples) -> Round:
    """Measure one lane of a loaded model.

    Raises:
        SelfTestError: The call does not give the expected outputs; nothing was timed then at
            that batch size.
    """
    first = lane.prepare(samples.batch(request.batches[0]))
    start_ns = time.perf_counter_ns()
    lane.call(first)
    first_call_ns = time.perf_counter_ns() - start_ns
    series: dict[Setting, Series] = {}
    for batch in request.batches:
        prepared = lane.prepare(samples.batch(batch))
        samples.check(lane.outputs(lane.call(prepared)), batch)
        call = functools.partial(lane.call, prepared)
        n_calls = decide_calls(call, request)
        n_warmup = max(MIN_WARMUP, n_calls // 10)
        series[Setting(Phase.STEADY, batch)] = Series(
            measurement=measure(call, n_warmup=n_warmup, n_calls=n_calls)
        )
    return Round(
        import_ns=opened.import_ns,
        load_ns=opened.load_ns,
        first_call_ns=first_call_ns,
        peak_memory_bytes=peak_memory_bytes(),
        series=series,
    )


def decide_calls(
    call: Callable[[], object],
    request: Request,
    *,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
) -> int:
    """How many calls to time, from a pilot whose samples are then thrown away."""
    pilot = measure(call, n_warmup=1, n_calls=N_PILOT, clock_ns=clock_ns)
    fitting = request.max_seconds * 1e9 / max(pilot.median_ns, 1)
    return int(min(max(fitting, request.min_calls), request.max_calls))
