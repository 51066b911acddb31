"""What crosses the pipe between a comparison and the process of one subject, as JSON."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.subject import CallStyle, Round
from edgesmith_runtime.errors import EdgesmithError
from edgesmith_runtime.golden import Tolerance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from edgesmith_runtime.host import Host

__all__ = ["Problem", "Reply", "Request", "own_stdout"]

MAX_REASON = 300  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One process: which model to open, what to call it with, how long.

    Args:
        model: Path of the bundle, or of the Keras file.
        artifact: The artifact to open; None for the Keras model.
        styles: Ways to call the Keras model, in this order; empty for an artifact.
        inputs: ``.npz`` of the input tensors.
        expected: ``.npz`` of the outputs that they must give.
        tolerances: How far each output may be off.
        batches: Batch sizes to measure.
        n_threads: For one call.
        max_seconds: Of one timed series, as in ``Plan``.
        min_calls: Fewest timed calls of a series.
        max_calls: Most timed calls of a series.
        spawned_ns: ``time.perf_counter_ns`` right before the process was started; that clock
            is the system's, the same in every process.
    """

    model: str
    artifact: str | None
    styles: tuple[CallStyle, ...]
    inputs: str
    expected: str
    tolerances: Mapping[str, Tolerance]
    batches: tuple[int, ...]
    n_threads: int
    max_seconds: float
    min_calls: int
    max_calls: int
    spawned_ns: int = 0

    @property
    def subjects(self) -> tuple[str, ...]:
        """What the reply has an outcome for: the artifact's file, or the styles."""
        return self.styles if self.artifact is None else (self.artifact,)

    def to_json(self) -> str:
        """One line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Request:
        """Read what ``to_json`` wrote."""
        members = json.loads(text)
        members["styles"] = tuple(CallStyle(style) for style in members["styles"])
        members["tolerances"] = {
            name: Tolerance(**bounds) for name, bounds in members["tolerances"].items()
        }
        members["batches"] = tuple(members["batches"])
        return cls(**members)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a subject was not measured, in one line."""

    reason: str

    @classmethod
    def of(cls, error: Exception, subject: str) -> Problem:
        """What an error says of a subject, without its name, which stands beside it."""
        kind = "" if isinstance(error, EdgesmithError) else f"{type(error).__name__}: "
        text = kind + " ".join(str(error).split()).removeprefix(f"{subject}: ")
        return cls(text if len(text) <= MAX_REASON else f"{text[: MAX_REASON - 3]}...")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a process says: an outcome by subject, and the versions that the host lacks."""

    outcomes: Mapping[str, Round | Problem]
    versions: Mapping[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> str:
        """One line."""
        outcomes = {
            name: {"problem": item.reason} if isinstance(item, Problem) else item.to_json()
            for name, item in self.outcomes.items()
        }
        return json.dumps({"outcomes": outcomes, "versions": dict(self.versions)})

    @classmethod
    def from_json(cls, text: str, host: Host) -> Reply:
        """Read what ``to_json`` wrote; ``host`` is the machine of both sides."""
        members = json.loads(text)
        outcomes = {
            name: Problem(item["problem"]) if "problem" in item else Round.from_json(item, host)
            for name, item in members["outcomes"].items()
        }
        return cls(outcomes, members["versions"])


def own_stdout() -> TextIO:
    """Standard output for the reply alone: what engines print goes to standard error."""
    reply = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return reply
