"""The chapter of the trade-off: score, latency and size, and what nothing else beats in all three."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.reporting.bench.field import Field, Scale, Unit
from edgesmith.reporting.drawing import text_width
from edgesmith.reporting.pictures import score_label
from edgesmith.reporting.quantities import (
    SHARE_METRICS,
    latency_text,
    score_interval_text,
    score_text,
    size_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith.reporting.bench.looks import Look
    from edgesmith.reporting.bench.numbers import Numbers
    from edgesmith_runtime.manifest import Score

__all__ = ["Choice", "TradeOff", "on_front", "trade_off_chapter"]

HEIGHT = 300.0
USUAL_WIDTH, NAME_ROW = 900.0, 18.0  # of the plot on a desk, and of a line of names, in pixels
MOST_LIFTED = 5
SMALLEST, LARGEST = 5.0, 11.0  # radius of a dot, in pixels
ERRORS = frozenset(["rmse", "mae"])  # less is better


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one subject offers.

    Args:
        look: The subject.
        latency_ns: Median.
        size_bytes: Of its file.
        score: None where it is not known.
    """

    look: Look
    latency_ns: float
    size_bytes: int
    score: Score | None

    @property
    def costs(self) -> tuple[float, ...]:
        """What should be little: latency, size, and the score with its sign turned where needed."""
        costs = (self.latency_ns, float(self.size_bytes))
        if self.score is None:
            return costs
        better_up = self.score.metric not in ERRORS
        return (*costs, -self.score.value if better_up else self.score.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOff:
    """The plot, what is upwards in it, and the names on the front."""

    title: str
    field: Field
    upwards: str
    front: list[str]
    without_score: list[str]


def on_front(choices: Sequence[Choice]) -> list[Choice]:
    """Those that no other one is as good as in everything and better than in something."""
    return [
        one
        for one in choices
        if not any(
            other.costs != one.costs
            and all(theirs <= own for theirs, own in zip(other.costs, one.costs, strict=True))
            for other in choices
        )
    ]


def trade_off_chapter(numbers: Numbers, looks: Sequence[Look]) -> TradeOff | None:
    """Score against latency, sizes as areas; without scores size against latency.

    None with fewer than two subjects to show.
    """
    setting = numbers.main
    ranked = (
        {}
        if setting is None
        else {subject.name: (subject, figures) for subject, figures in numbers.ranked(setting)}
    )
    every = [
        Choice(
            look=look,
            latency_ns=figures.median_ns.value,
            size_bytes=subject.size_bytes,
            score=subject.score,
        )
        for look in looks
        if look.name in ranked
        for subject, figures in [ranked[look.name]]
    ]
    scored = [one for one in every if one.score is not None]
    choices = scored if len(scored) > 1 else [_unscored(one) for one in every]
    if len(choices) < 2:
        return None
    front = on_front(choices)
    return TradeOff(
        title="Latency and size" if choices[0].score is None else "Score, latency and size",
        field=_field(choices, front),
        upwards=_upwards(choices),
        front=[one.look.name for one in front],
        without_score=[one.look.name for one in every if one.score is None] if scored else [],
    )


def _unscored(choice: Choice) -> Choice:
    return Choice(
        look=choice.look, latency_ns=choice.latency_ns, size_bytes=choice.size_bytes, score=None
    )


def _upwards(choices: Sequence[Choice]) -> str:
    score = choices[0].score
    return "size of the file" if score is None else score_label(score.metric, None)


def _field(choices: Sequence[Choice], front: Sequence[Choice]) -> Field:
    x = Scale.around([one.latency_ns for one in choices], Unit.NS, log=True)
    field = Field(f"{_upwards(choices)} against latency", HEIGHT, x=x, y=_scale_up(choices))
    sizes = [one.size_bytes for one in choices]
    ahead = sorted(front, key=lambda one: one.latency_ns)
    for one in choices:
        data = {**one.look.data, "front": str(int(one in ahead))}
        place = (one.latency_ns, _height(one))
        if one.score is not None:
            field.upright(
                one.latency_ns,
                (one.score.low, one.score.high),
                f"interval {one.look.style}",
                data,
            )
        style = "front" if one in ahead else "beaten"
        field.dot(
            place,
            _radius(one.size_bytes, sizes),
            f"dot {style} {one.look.style}",
            data,
            _hint(one, front),
        )
    _name(field, choices, ahead, x)
    return field


def _name(field: Field, choices: Sequence[Choice], ahead: Sequence[Choice], x: Scale) -> None:
    """Names beside their dots; one that would run into a dot or another name goes higher."""
    taken = [
        (_row(field, one), start - LARGEST, start + LARGEST)
        for one in choices
        for start in [USUAL_WIDTH * x.share(one.latency_ns)]
    ]
    for one in ahead:
        start = USUAL_WIDTH * x.share(one.latency_ns) + LARGEST
        end = start + text_width(one.look.name)
        lift = next(
            (
                lift
                for lift in range(MOST_LIFTED)
                if _is_free(_row(field, one) - lift, start, end, taken)
            ),
            0,
        )
        taken.append((_row(field, one) - lift, start, end))
        place = (one.latency_ns, _height(one))
        field.name(place, one.look.name, one.look.data, lift=NAME_ROW * lift)


def _row(field: Field, choice: Choice) -> int:
    return int(field.down(_height(choice)) // NAME_ROW)


def _is_free(
    row: int, start: float, end: float, taken: Sequence[tuple[int, float, float]]
) -> bool:
    return not any(
        row == other and start < right and left < end for other, left, right in taken
    )


def _height(choice: Choice) -> float:
    return float(choice.size_bytes) if choice.score is None else choice.score.value


def _scale_up(choices: Sequence[Choice]) -> Scale:
    scores = [one.score for one in choices if one.score is not None]
    if not scores:
        return Scale.around([one.size_bytes for one in choices], Unit.BYTES, log=True)
    unit = Unit.SHARE if scores[0].metric in SHARE_METRICS else Unit.NUMBER
    return Scale.around([end for one in scores for end in (one.low, one.high)], unit)


def _radius(size_bytes: int, sizes: Sequence[int]) -> float:
    low, high = math.log(max(1, min(sizes))), math.log(max(1, *sizes))
    share = 0.5 if high == low else (math.log(max(1, size_bytes)) - low) / (high - low)
    return SMALLEST + (LARGEST - SMALLEST) * share


def _hint(choice: Choice, front: Sequence[Choice]) -> str:
    parts = [latency_text(choice.latency_ns), size_text(choice.size_bytes)]
    if choice.score is not None:
        score = f"{score_text(choice.score)} ({score_interval_text(choice.score)})"
        parts.insert(0, score)
    end = "on the front" if choice in front else "another one is as good in everything"
    return f"{choice.look.name}: {', '.join(parts)}; {end}"
