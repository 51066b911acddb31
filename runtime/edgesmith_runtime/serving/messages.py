"""A request as a handler sees it, its answer, and the refusal in place of one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Answer",
    "RefusedError",
    "Request",
    "error_answer",
    "json_answer",
    "json_bytes",
    "media_type",
]

JSON = "application/json"
_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=False)  # json.dumps makes one a call


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request with its whole body.

    Args:
        path: Decoded.
        headers: By name in lower case; the last where one came twice.
        body: As it came, or decompressed.
    """

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back; headers beside type and length are names in lower case with their values."""

    body: bytes
    media_type: str = JSON
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class RefusedError(Exception):
    """A request that is not served, with what its client is told.

    Args:
        status: Of HTTP.
        message: One line: what was expected, what came.
        headers: To go with it.
    """

    def __init__(
        self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


def json_answer(
    value: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """A JSON value as an answer; there is no NaN in it."""
    return Answer(body=json_bytes(value), status=status, headers=headers)


def json_bytes(value: Any) -> bytes:
    """A JSON value in UTF-8; half of a surrogate pair, which that has not, becomes its escape."""
    return _ENCODER.encode(value).encode("utf-8", "backslashreplace")


def error_answer(
    status: int, message: str, headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """An error as the protocol has it, ``{"error": ...}`` in one line."""
    return json_answer({"error": " ".join(message.split())}, status=status, headers=headers)


def media_type(headers: dict[str, str]) -> str:
    """The type of a body without its parameters, in lower case; '' where none is named."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()
