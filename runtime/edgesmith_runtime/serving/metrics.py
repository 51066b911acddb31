"""What the server counts, in the text form that Prometheus reads."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Gauge", "Metrics", "metrics_text"]

# https://prometheus.io/docs/instrumenting/exposition_formats/, "Text-based format", version 0.0.4.
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """Values of one metric that are known when they are asked for.

    Args:
        name: Without the prefix of all.
        help: One sentence.
        kind: "gauge" or "counter".
        values: By labels.
    """

    name: str
    help: str
    kind: str
    values: tuple[tuple[dict[str, str], float], ...]


@dataclass(slots=True)
class _Times:
    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    sum_s: float = 0.0


class Metrics:
    """Counts of one server; for the thread of its event loop alone.

    The only labels are models that are served and status codes, so their number is bounded.
    """

    def __init__(self) -> None:
        self.n_in_flight = 0
        self._requests: Counter[tuple[str, int]] = Counter()
        self._times: dict[str, _Times] = {}
        self._swaps: Counter[tuple[str, str]] = Counter()

    def count_request(self, model: str, code: int, seconds: float) -> None:
        """One request that was answered; ``model`` is '' where it was for none."""
        self._requests[model, code] += 1
        times = self._times.get(model)
        if times is None:
            times = self._times[model] = _Times()
        times.counts[bisect_left(BOUNDS_S, seconds)] += 1
        times.sum_s += seconds

    def count_swap(self, model: str, result: str) -> None:
        """One reload, "done" or "refused"."""
        self._swaps[model, result] += 1

    def gauges(self) -> list[Gauge]:
        """All but the latencies, which are no single numbers."""
        return [
            Gauge(
                name="requests_total",
                help="Requests that were answered.",
                kind="counter",
                values=tuple(
                    ({"model": model, "code": str(code)}, n)
                    for (model, code), n in sorted(self._requests.items())
                ),
            ),
            Gauge(
                name="swaps_total",
                help="Reloads of a bundle.",
                kind="counter",
                values=tuple(
                    ({"model": model, "result": result}, n)
                    for (model, result), n in sorted(self._swaps.items())
                ),
            ),
            Gauge(
                name="requests_in_flight",
                help="Requests that are not answered yet.",
                kind="gauge",
                values=(({}, self.n_in_flight),),
            ),
        ]

    def latency_lines(self) -> list[str]:
        """The histogram of latencies by model."""
        name = "edgesmith_request_seconds"
        lines = [
            f"# HELP {name} From the headers of a request to its answer.",
            f"# TYPE {name} histogram",
        ]
        for model, times in sorted(self._times.items()):
            n_below = 0
            for bound, count in zip((*BOUNDS_S, "+Inf"), times.counts, strict=True):
                n_below += count
                lines.append(
                    _line(f"{name}_bucket", {"model": model, "le": str(bound)}, n_below)
                )
            lines.append(_line(f"{name}_sum", {"model": model}, times.sum_s))
            lines.append(_line(f"{name}_count", {"model": model}, n_below))
        return lines


def metrics_text(metrics: Metrics, gauges: Iterable[Gauge]) -> str:
    """The whole page: what was counted, what is known now."""
    lines: list[str] = []
    for gauge in (*metrics.gauges(), *gauges):
        name = f"edgesmith_{gauge.name}"
        lines.append(f"# HELP {name} {gauge.help}")
        lines.append(f"# TYPE {name} {gauge.kind}")
        lines.extend(_line(name, labels, value) for labels, value in gauge.values)
    lines.extend(metrics.latency_lines())
    return "\n".join(lines) + "\n"


def _line(name: str, labels: dict[str, str], value: float) -> str:
    shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    number = repr(value) if isinstance(value, float) else str(value)
    return f"{name}{{{shown}}} {number}" if shown else f"{name} {number}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
