"""What crosses the pipe between a comparison and the process of one subject, as JSON."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.effort import Effort
from edgesmith_runtime.bench.phases import Setting
from edgesmith_runtime.bench.subject import CallStyle, Round, SubjectKind
from edgesmith_runtime.errors import EdgesmithError
from edgesmith_runtime.golden import Tolerance
from edgesmith_runtime.settings import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith_runtime.host import Host

__all__ = ["Problem", "Reply", "Request"]

MAX_REASON = 300  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One process: which model to open, what to call it with, how long.

    Args:
        name: Of the subject; "keras" where the styles are the subjects.
        kind: Of the subject.
        model: Path of the bundle, of the Keras file, or of another model file.
        artifact: The artifact of the bundle to open; None where it is no bundle.
        engine: What opens it; None for Keras.
        styles: Ways to call the Keras model, in this order; empty for others.
        inputs: ``.npz`` of the input tensors.
        expected: ``.npz`` of the outputs that they must give.
        tolerances: How far each output may be off.
        raws: Folder of the raw inputs; None where RAW is not measured.
        first: Whose call is the first of the process.
        settings: What to measure, in this order.
        n_threads: For one call.
        effort: How many calls.
        spawned_ns: ``time.perf_counter_ns`` right before the process was started; that clock
            is the system's, the same in every process.
    """

    name: str
    kind: SubjectKind
    model: str
    artifact: str | None = None
    engine: Engine | None = None
    styles: tuple[CallStyle, ...] = ()
    inputs: str
    expected: str
    tolerances: Mapping[str, Tolerance]
    raws: str | None = None
    first: Setting
    settings: tuple[Setting, ...]
    n_threads: int
    effort: Effort
    spawned_ns: int = 0

    @property
    def subjects(self) -> tuple[str, ...]:
        """What the reply has an outcome for: the subject, or the styles of Keras."""
        return self.styles if self.kind is SubjectKind.KERAS else (self.name,)

    def to_json(self) -> str:
        """One line."""
        members = dataclasses.asdict(self)
        members["first"] = self.first.key
        members["settings"] = [setting.key for setting in self.settings]
        return json.dumps(members)

    @classmethod
    def from_json(cls, text: str) -> Request:
        """Read what ``to_json`` wrote."""
        members = json.loads(text)
        members["kind"] = SubjectKind(members["kind"])
        if members["engine"] is not None:
            members["engine"] = Engine(members["engine"])
        members["styles"] = tuple(CallStyle(style) for style in members["styles"])
        members["tolerances"] = {
            name: Tolerance(**bounds) for name, bounds in members["tolerances"].items()
        }
        members["first"] = Setting.from_key(members["first"])
        members["settings"] = tuple(Setting.from_key(key) for key in members["settings"])
        members["effort"] = Effort(**members["effort"])
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
