"""Times by stage as text for people: percentiles and shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.latency import Measurement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.host import Host

__all__ = ["calls_text", "stage_table"]


def stage_table(stages_ns: Mapping[str, NDArray[np.int64]], host: Host) -> list[str]:
    """Median, p90 and p99 by stage, where the calls are enough for them, and its share; in lines.

    Args:
        stages_ns: By name, one entry a call; those that took no time in any call are left out.
        host: The machine that they were measured on.
    """
    total_ns = np.sum([*stages_ns.values()], axis=0)
    lines = [f"  {'stage, ms':<10}{'p50':>10}{'p90':>10}{'p99':>10}{'share':>8}"]
    for stage, taken_ns in (*stages_ns.items(), ("total", total_ns)):
        if not taken_ns.any():
            continue
        measured = Measurement(latencies_ns=tuple(taken_ns.tolist()), n_warmup=0, host=host)
        figures = (measured.median_ns, measured.percentile_ns(90), measured.percentile_ns(99))
        share = float(np.sum(taken_ns)) / max(float(np.sum(total_ns)), 1.0)
        lines.append(f"  {stage:<10}{''.join(map(_ms, figures))}{share:>8.0%}")
    return lines


def calls_text(n_calls: int) -> str:
    """So many calls, in words."""
    return "1 call" if n_calls == 1 else f"{n_calls} calls"


def _ms(value_ns: float | None) -> str:
    return f"{'-':>10}" if value_ns is None else f"{value_ns / 1e6:>10.4g}"
