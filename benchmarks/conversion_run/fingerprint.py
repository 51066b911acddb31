"""A hash of what a case does: of its code and the catalogue's code and values behind it."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import types
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conversion_cases.case import Case

__all__ = ["fingerprint"]

_PACKAGE = "conversion_cases"


def fingerprint(case: Case) -> str:
    """The same as long as the case builds the same model and draws the same samples."""
    digest = hashlib.sha256()
    for part in _parts(case, {}):
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:16]


def _parts(thing: Any, seen: dict[int, Any]) -> Iterator[str]:
    """What tells a value from another, piece by piece; each object once."""
    if isinstance(thing, str | bytes | int | float | complex | type(None) | type(...)):
        yield repr(thing)
    elif id(thing) in seen:
        yield "again"
    else:
        seen[id(thing)] = thing  # held, so that no other gets its id
        yield type(thing).__name__
        for member in _members(thing):
            yield from _parts(member, seen)


_CONTAINERS: dict[Any, Callable[[Any], list[Any]]] = {
    np.ndarray: lambda array: [str(array.dtype), array.shape, array.tobytes()],
    dict: lambda mapping: [*mapping, *mapping.values()],
    (set, frozenset): lambda members: sorted(members, key=repr),
    (tuple, list): list,
    functools.partial: lambda call: [call.func, call.args, call.keywords],
    types.CodeType: lambda c: [c.co_code, c.co_names, c.co_varnames, c.co_consts],
}


def _members(thing: Any) -> list[Any]:
    for kind, members in _CONTAINERS.items():
        if isinstance(thing, kind):
            return members(thing)
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return [getattr(thing, field.name) for field in dataclasses.fields(thing)]
    return _of_definition(thing)


def _of_definition(thing: Any) -> list[Any]:
    """Functions and classes of the catalogue by their code, all others by name."""
    ours = (getattr(thing, "__module__", None) or "").startswith(_PACKAGE)
    if ours and inspect.isfunction(thing):
        closed_over = [cell.cell_contents for cell in thing.__closure__ or ()]
        used = [thing.__globals__.get(name) for name in thing.__code__.co_names]
        return [thing.__code__, thing.__defaults__, thing.__kwdefaults__, closed_over, used]
    if ours and isinstance(thing, type):
        defined = [value for value in vars(thing).values() if inspect.isfunction(value)]
        return [thing.__qualname__, thing.__bases__, defined]
    return [str(getattr(thing, "__qualname__", getattr(thing, "__name__", "")))]
