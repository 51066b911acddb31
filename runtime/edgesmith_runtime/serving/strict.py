"""JSON of strangers: an object or nothing, without NaN or a key twice, of bounded depth."""

from __future__ import annotations

import json
from typing import Any, NoReturn, cast

from edgesmith_runtime.serving.messages import RefusedError

__all__ = ["json_object", "json_value"]


def json_value(content: bytes | memoryview) -> Any:
    """A JSON value in UTF-8.

    Raises:
        RefusedError: 400; the message says where it stops being JSON.
    """
    try:
        return _DECODER.decode(str(content, "utf-8"))
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise RefusedError(400, f"expected JSON in UTF-8: {reason[:200]}") from error


def json_object(content: bytes | memoryview) -> dict[str, Any]:
    """A JSON object in UTF-8.

    Raises:
        RefusedError: 400; not JSON, or another value.
    """
    value = json_value(content)
    if not isinstance(value, dict):
        raise RefusedError(400, f"expected a JSON object, got {type(value).__name__}")
    return cast("dict[str, Any]", value)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"'{name}' is no number of JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise ValueError(f"the key {twice!r} is there twice")
    return members


_DECODER = json.JSONDecoder(parse_constant=_no_number, object_pairs_hook=_members)
