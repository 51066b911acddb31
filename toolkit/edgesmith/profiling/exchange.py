"""What the process that profiles an artifact is asked, and what it says."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["PieceName", "ProfileReply", "ProfileRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRequest:
    """One artifact, and how much to measure.

    Args:
        bundle: Its path.
        file: The artifact.
        n_threads: Of one run.
        n_blocks: Of rounds in turn.
        seconds: Of all blocks together, about.
    """

    bundle: str
    file: str
    n_threads: int
    n_blocks: int
    seconds: float

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceName:
    """What an operation is called; see ``Piece``."""

    name: str
    op: str
    clues: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileReply:
    """Median times of each block, in ns.

    Args:
        settings: The engine and how it runs, for people.
        method: How operations were timed.
        ops: In the order of the run.
        lost: Operations that cannot run alone, and why not.
        steps: Op and output of each step of the transform.
        times: By what was timed: ``run``, ``engine`` and ``whole``, which is the engine among
            the operations, a number a block; ``op:N``, each without the cost of an empty
            call; with raw inputs ``predict``, ``prepare``, ``run_after`` it,
            ``answer`` and ``step:N``.
        notes: What people should know.
        problem: Why there is nothing else here; None where there is.
    """

    settings: str = ""
    method: str = ""
    ops: tuple[PieceName, ...] = ()
    lost: tuple[str, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    times: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    notes: tuple[str, ...] = ()
    problem: str | None = None

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ProfileReply:
        """Read what ``to_json`` gave."""
        members: dict[str, Any] = json.loads(text)
        members["ops"] = tuple(
            PieceName(name=one["name"], op=one["op"], clues=tuple(one["clues"]))
            for one in members["ops"]
        )
        members["steps"] = tuple((op, output) for op, output in members["steps"])
        members["lost"], members["notes"] = tuple(members["lost"]), tuple(members["notes"])
        return cls(**members)
