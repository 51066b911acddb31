"""The conditions under which calls are timed, and what one series of calls was found to take."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, assert_never

from edgesmith_runtime.latency import Measurement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith_runtime.host import Host

__all__ = ["Phase", "Series", "Setting"]


class Phase(StrEnum):
    """A part of a model's life in an app; start and first call belong to every process."""

    STEADY = "steady"
    RAW = "raw"
    IDLE = "idle"
    PACED = "paced"
    CONCURRENT = "concurrent"
    SUSTAINED = "sustained"


@dataclass(frozen=True, slots=True)
class Setting:
    """One phase with its quantity; the key of a series within a round.

    Args:
        phase: What kind of condition.
        amount: STEADY: samples of a call; RAW: 1; IDLE: seconds without a call before each;
            PACED: calls a second; CONCURRENT: callers at once; SUSTAINED: seconds in all.
    """

    phase: Phase
    amount: float = 1.0

    def __str__(self) -> str:
        match self.phase:
            case Phase.STEADY:
                return f"batch {_exact(self.amount)}"
            case Phase.RAW:
                return "raw input"
            case Phase.IDLE:
                return f"after {_exact(self.amount)} s idle"
            case Phase.PACED:
                return f"at {_exact(self.amount)} Hz"
            case Phase.CONCURRENT:
                return f"{_exact(self.amount)} callers"
            case Phase.SUSTAINED:
                return f"{_exact(self.amount)} s on end"
            case _:
                assert_never(self.phase)

    @property
    def batch(self) -> int:
        """Samples of one call: one in every phase but STEADY."""
        return int(self.amount) if self.phase is Phase.STEADY else 1

    @property
    def key(self) -> str:
        """The setting in a JSON document, ``phase:amount``; no digit is lost."""
        return f"{self.phase}:{_exact(self.amount)}"

    @classmethod
    def from_key(cls, key: str) -> Setting:
        """Read what ``key`` gave."""
        phase, _, amount = key.partition(":")
        return cls(Phase(phase), float(amount))


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The timed calls of one setting in one process.

    Args:
        measurement: Every latency. PACED counts from the moment a call was due, so that one
            that waits for the one before it is not made to look quick; where the caller slept
            until then, from its waking.
        begins_ns: When each call began, from the start of the series; empty where the order in
            time tells nothing more.
        n_untimed: STEADY, SUSTAINED: calls among the timed ones that keep a quick model busy;
            energy, processor time and wall time are of these too.
        stages_ns: RAW: what each call spent by stage, as ``Recording`` names them.
        wall_ns: From the first timed call to the end of the last, the pauses included.
        cpu_ns: Processor time of the whole process meanwhile, its idle but spinning threads
            included; None where the system does not tell.
        energy_uj: Of the processor package meanwhile (RAPL), whoever used it; None where the
            kernel does not give it.
        memory_bytes: Resident after the series; None where not known.
        is_stable: Whether the warm-up ended because its latencies had settled, rather than at
            its limit; None where no rule applies.
    """

    measurement: Measurement
    begins_ns: tuple[int, ...] = ()
    n_untimed: int = 0
    stages_ns: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    wall_ns: int | None = None
    cpu_ns: int | None = None
    energy_uj: int | None = None
    memory_bytes: int | None = None
    is_stable: bool | None = None

    @property
    def n_calls(self) -> int:
        """All that were made from the first timed one to the last."""
        return len(self.measurement.latencies_ns) + self.n_untimed

    def to_json(self) -> dict[str, Any]:
        """Every sample, as plain JSON values."""
        return {
            "n_warmup": self.measurement.n_warmup,
            "latencies_ns": list(self.measurement.latencies_ns),
            "begins_ns": list(self.begins_ns),
            "n_untimed": self.n_untimed,
            "stages_ns": {stage: list(taken) for stage, taken in self.stages_ns.items()},
            "wall_ns": self.wall_ns,
            "cpu_ns": self.cpu_ns,
            "energy_uj": self.energy_uj,
            "memory_bytes": self.memory_bytes,
            "is_stable": self.is_stable,
        }

    @classmethod
    def from_json(cls, members: Mapping[str, Any], host: Host) -> Series:
        """Read what ``to_json`` gave; ``host`` is the machine that it was measured on."""
        return cls(
            measurement=Measurement(
                latencies_ns=tuple(members["latencies_ns"]),
                n_warmup=members["n_warmup"],
                host=host,
            ),
            begins_ns=tuple(members["begins_ns"]),
            n_untimed=members["n_untimed"],
            stages_ns={stage: tuple(taken) for stage, taken in members["stages_ns"].items()},
            wall_ns=members["wall_ns"],
            cpu_ns=members["cpu_ns"],
            energy_uj=members["energy_uj"],
            memory_bytes=members["memory_bytes"],
            is_stable=members["is_stable"],
        )


def _exact(amount: float) -> str:
    """The shortest text that reads back as the same number."""
    return repr(float(amount)).removesuffix(".0")
