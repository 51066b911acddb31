"""What a tuning found: every setup with its figures or the reason why it is out, and the choice."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgesmith_runtime.host import Host
    from edgesmith_runtime.latency import Estimate
    from edgesmith_runtime.tuned import Choice, Setup

__all__ = ["CopyTrial", "Doubt", "Standing", "Tuning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One setup, or an artifact that was not tried in any.

    Args:
        name: The setup in words, or the artifact's file.
        setup: None where the artifact was not tried.
        n_rounds: In how many fresh processes it was timed.
        median_ns: Of one call, over its rounds; None where it was never timed.
        ratio: Its latency over that of the default setup in the same rounds.
        out: Why it was not measured to the end; None where it was.
    """

    name: str
    setup: Setup | None = None
    n_rounds: int = 0
    median_ns: Estimate | None = None
    ratio: Estimate | None = None
    out: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTrial:
    """Whether an engine-optimised copy of the graph loads faster.

    Args:
        load_ns: From the bundle's bytes to a runner, median.
        ratio: Time with the copy, which is read and hashed in it, over that.
        is_kept: The interval of the ratio lies below 1, and what it saves is worth a file.
        size_bytes: Of the copy.
    """

    load_ns: float
    ratio: Estimate
    is_kept: bool
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What the time was too short to tell, by the names of setups.

    Args:
        rivals: Measured as long as the choice, and not told apart from it: each may be faster by
            3 % or more.
        untimed: Not measured at all for want of time, or sent home for it while near the choice.
        enough_s: The budget that would do, a guess; None where rounds were not wanting: they are
            as good as equal, or the host is too busy to tell.
    """

    rivals: tuple[str, ...]
    untimed: tuple[str, ...]
    enough_s: float | None

    def __str__(self) -> str:
        """For people, one line for each of the two, and what to do."""
        lines: list[str] = []
        if self.rivals:
            lines.append(f"not told apart from it: {'; '.join(self.rivals)}")
        if self.untimed:
            lines.append(f"not measured to the end for want of time: {'; '.join(self.untimed)}")
        lines.append(
            "more rounds would hardly tell; is the host busy?"
            if self.enough_s is None
            else f"the budget was too short for that; about {self.enough_s:.0f} s would do"
        )
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What was measured for a bundle on this host, and what runs it from now on.

    Args:
        bundle: Name in its manifest.
        identity: Of the bundle.
        host: The machine.
        standings: The default setup first, then the others as they were tried.
        choice: What is recorded, with its reason.
        copy: Whether a copy of the graph loads faster; None where the engine takes none, and
            where ``no_copy`` says why none was tried or kept.
        seconds: How long it all took.
        recorded: The file of the choice.
        no_copy: What went wrong with the copy of the graph; None where nothing did.
        doubt: What the time was too short to tell; None where the choice leaves nothing open.
    """

    bundle: str
    identity: str
    host: Host
    standings: tuple[Standing, ...]
    choice: Choice
    copy: CopyTrial | None
    seconds: float
    recorded: str
    no_copy: str | None = None
    doubt: Doubt | None = None

    @property
    def chosen(self) -> Standing:
        """The standing of the setup that was chosen."""
        return next(one for one in self.standings if one.setup == self.choice.setup)

    def table(self) -> list[tuple[str, ...]]:
        """For people: setup, microseconds, times the default, remark."""
        rows = [("setup", "median us [95 %]", "of default [95 %]", "")]
        rows += [_row(one, is_chosen=one is self.chosen) for one in self._by_speed()]
        return rows

    def _by_speed(self) -> Iterable[Standing]:
        timed = [one for one in self.standings if one.median_ns is not None]
        timed.sort(key=lambda one: (one.out is not None, one.median_ns and one.median_ns.value))
        return [*timed, *(one for one in self.standings if one.median_ns is None)]

    def to_json(self) -> dict[str, Any]:
        """Plain members for ``json.dumps``; latencies in ns."""
        return dataclasses.asdict(self)


def _row(standing: Standing, *, is_chosen: bool) -> tuple[str, ...]:
    median, ratio = standing.median_ns, standing.ratio
    shown_us = "" if median is None else _interval(median, 1e-3, ".1f")
    shown_ratio = "" if ratio is None else _interval(ratio, 1.0, ".2f")
    remark = "chosen" if is_chosen else standing.out or ""
    return standing.name, shown_us, shown_ratio, remark


def _interval(estimate: Estimate, scale: float, form: str) -> str:
    value, low, high = (
        format(number * scale, form) for number in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} [{low}, {high}]"
