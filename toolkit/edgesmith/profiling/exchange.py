"""What the process that profiles an artifact is asked, and what it says."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PieceName", "ProfileReply", "ProfileRequest", "agreed"]

_ALWAYS = ("run", "engine", "whole")  # timed, whatever the artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRequest:
    """One artifact, and how much to measure.

    Args:
        bundle: Its path.
        file: The artifact.
        n_threads: Of one run.
        n_blocks: Of rounds in turn; a slow model has fewer.
        seconds: Of all blocks together, about; of a slow model a round or two of everything.
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
        """Read what ``to_json`` gave.

        Raises:
            ValueError: It is no JSON, or times are missing; KeyError and TypeError: it is other
                JSON.
        """
        members: dict[str, Any] = json.loads(text)
        members["ops"] = tuple(
            PieceName(name=one["name"], op=one["op"], clues=tuple(one["clues"]))
            for one in members["ops"]
        )
        members["steps"] = tuple((op, output) for op, output in members["steps"])
        members["lost"], members["notes"] = tuple(members["lost"]), tuple(members["notes"])
        reply = cls(**members)
        if reply.problem is None:
            _check(reply)
        return reply


def _check(reply: ProfileReply) -> None:
    needed = {*_ALWAYS, *(f"op:{place}" for place in range(len(reply.ops)))}
    if "predict" in reply.times:
        needed |= {"prepare", "run_after", "answer"}
        needed |= {f"step:{place}" for place in range(len(reply.steps))}
    if missing := sorted(needed.difference(reply.times)):
        raise ValueError(f"expected times of {', '.join(missing)}, got none")
    counts = {len(blocks) for blocks in reply.times.values()}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(f"expected as many blocks of everything, got {sorted(counts)}")
    if not all(math.isfinite(one) for blocks in reply.times.values() for one in blocks):
        raise ValueError("expected finite times")


def agreed(replies: Sequence[ProfileReply]) -> list[ProfileReply]:
    """What the processes of one artifact have in common, so that each says as much.

    An operation that one of them could not run alone counts as lost; of the blocks as many stay
    as the one with the fewest has.

    Args:
        replies: At least one, none with a problem.
    """
    places = [_places(reply) for reply in replies]
    kept = [key for key in places[0] if all(key in one for one in places)]
    n_blocks = min(len(reply.times["run"]) for reply in replies)
    others = _others(replies[0])
    for reply in replies[1:]:
        others &= _others(reply)
    lost = dict.fromkeys(one for reply in replies for one in reply.lost)
    of_all = set(kept)
    of_some = {key: None for one in places for key in one if key not in of_all}
    for name, op, _ in of_some:
        if not any(one.startswith(f"{op} '{name}'") for one in lost):
            lost[f"{op} '{name}': did not run alone in every process"] = None
    alike: list[ProfileReply] = []
    for reply, by_key in zip(replies, places, strict=True):
        times = {key: reply.times[key][:n_blocks] for key in reply.times if key in others}
        for place, key in enumerate(kept):
            times[f"op:{place}"] = reply.times[f"op:{by_key[key]}"][:n_blocks]
        ops = tuple(reply.ops[by_key[key]] for key in kept)
        alike.append(dataclasses.replace(reply, ops=ops, lost=tuple(lost), times=times))
    return alike


def _others(reply: ProfileReply) -> set[str]:
    return {key for key in reply.times if not key.startswith("op:")}


def _places(reply: ProfileReply) -> dict[tuple[str, str, int], int]:
    """Where each operation is, by its name, its word, and how many before it have both."""
    found: dict[tuple[str, str, int], int] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for place, one in enumerate(reply.ops):
        found[one.name, one.op, counts[one.name, one.op]] = place
        counts[one.name, one.op] += 1
    return found
