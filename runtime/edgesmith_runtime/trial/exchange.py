"""What crosses the pipes of a trial: one line of JSON and an archive there, one line back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from edgesmith_runtime import errors
from edgesmith_runtime.errors import BackendError, EdgesmithError
from edgesmith_runtime.settings import settings_from

if TYPE_CHECKING:
    from edgesmith_runtime.settings import EngineSettings

__all__ = ["MAX_REPLY_BYTES", "PASSED", "Request", "refusal_bytes", "refusal_from"]

PASSED = b"passed"
MAX_REPLY_BYTES = 4096  # fits every system's pipe, so that the child never waits for a reader
_MAX_MESSAGE = 600  # characters; a control character takes 6 bytes in JSON, others at most 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a child is asked to try.

    Args:
        file: The artifact.
        settings: How its engine is opened.
        n_archive_bytes: Of the archive, which follows the line.
        deadline_s: The child ends by itself after it, should its parent be gone.
        memory_bytes: That it may take beyond what the interpreter and the engine take.
    """

    file: str
    settings: EngineSettings
    n_archive_bytes: int
    deadline_s: float
    memory_bytes: int

    def to_line(self) -> bytes:
        """One line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Request:
        """Read what ``to_line`` wrote."""
        members: dict[str, Any] = json.loads(line)
        members["settings"] = settings_from(members["settings"])
        return cls(**members)


def refusal_bytes(error: Exception) -> bytes:
    """An error as a reply."""
    kind = type(error).__name__ if isinstance(error, EdgesmithError) else BackendError.__name__
    message = str(error) if isinstance(error, EdgesmithError) else repr(error)
    if len(message) > _MAX_MESSAGE:
        message = message[: _MAX_MESSAGE - 3] + "..."
    text = json.dumps({"kind": kind, "message": message}, ensure_ascii=False)
    return text.encode(errors="replace")


def refusal_from(reply: bytes) -> EdgesmithError | None:
    """The error in a reply; None where it is no reply.

    A child that its model has taken over may write anything; the message is one line.
    """
    try:
        members = cast("object", json.loads(reply))
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, dict):
        return None
    kind, message = (cast("dict[str, object]", members).get(key) for key in ("kind", "message"))
    if not isinstance(kind, str) or not isinstance(message, str) or kind not in errors.__all__:
        return None
    known = cast("object", getattr(errors, kind))
    if isinstance(known, type) and issubclass(known, EdgesmithError):
        return known(_printable(message))
    return None


def _printable(text: str) -> str:
    """On one line, and without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
