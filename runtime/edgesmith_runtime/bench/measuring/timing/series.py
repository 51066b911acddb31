"""What the phases share: calls timed one by one, and the series that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.timing.memory import resident_memory_bytes
from edgesmith_runtime.bench.phases import Series
from edgesmith_runtime.host import this_host
from edgesmith_runtime.latency import Measurement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edgesmith_runtime.bench.measuring.timing.clock import Clock
    from edgesmith_runtime.bench.measuring.timing.meters import Spent
    from edgesmith_runtime.bench.measuring.timing.warmup import Warmth

__all__ = ["series_of", "timed_calls"]


def timed_calls(
    call: Callable[[], object], n_calls: int, clock: Clock, *, n_between: int = 0
) -> list[int]:
    """The latencies of calls that follow each other, in ns; after each so many are not timed."""
    now_ns = clock.now_ns
    latencies_ns: list[int] = []
    for _ in range(n_calls):
        start_ns = now_ns()
        call()
        latencies_ns.append(now_ns() - start_ns)
        for _ in range(n_between):
            call()
    return latencies_ns


def series_of(
    latencies_ns: Sequence[int],
    *,
    warmth: Warmth,
    spent: Spent,
    begins_ns: Sequence[int] = (),
    n_untimed: int = 0,
    stages_ns: Mapping[str, tuple[int, ...]] | None = None,
) -> Series:
    """A series, with the memory that this process holds now."""
    return Series(
        measurement=Measurement(
            latencies_ns=tuple(latencies_ns), n_warmup=warmth.n_calls, host=this_host()
        ),
        begins_ns=tuple(begins_ns),
        n_untimed=n_untimed,
        stages_ns=stages_ns or {},
        wall_ns=spent.wall_ns,
        cpu_ns=spent.cpu_ns,
        energy_uj=spent.energy_uj,
        memory_bytes=resident_memory_bytes(),
        is_stable=warmth.is_stable,
    )
