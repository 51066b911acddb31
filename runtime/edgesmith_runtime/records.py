"""Frozen dataclasses that cost nothing to define: they share their methods.

``dataclasses`` writes the methods of each class as source and compiles them, 0.4 ms a class. A
device pays that at each start, for some thirty classes, before the first answer.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar, cast, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import Field
    from inspect import Signature

__all__ = ["record"]

C = TypeVar("C")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(*, kw_only: bool = False) -> Callable[[type[C]], type[C]]:
    """As ``dataclass(frozen=True)``, for nouns that are not made by the thousand.

    ``fields``, ``replace`` and ``asdict`` of ``dataclasses`` work on it. Making an instance
    takes 2 us more.

    Args:
        kw_only: Fields are given by name.
    """

    def made(cls: type[C]) -> type[C]:
        plain = dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
        for name, method in _SHARED.items():
            if name not in cls.__dict__:
                setattr(plain, name, method)
        return plain

    return made


def _init(self: Any, *args: Any, **kwargs: Any) -> None:
    named = type(self).__qualname__
    places = iter(args)
    for one in fields(self):
        if not one.init:
            if one.default_factory is not MISSING:
                self.__dict__[one.name] = one.default_factory()
            continue
        value = MISSING if one.kw_only else next(places, MISSING)
        if value is MISSING:
            value = kwargs.pop(one.name) if one.name in kwargs else _default(one, MISSING)
        if value is MISSING:
            raise TypeError(f"{named}: '{one.name}' is missing")
        self.__dict__[one.name] = value
    if kwargs or next(places, MISSING) is not MISSING:
        raise TypeError(f"{named}: arguments too many, unknown or given twice: {[*kwargs]}")
    if hasattr(self, "__post_init__"):
        self.__post_init__()


def _repr(self: Any) -> str:
    shown = [f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr]
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _compared(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, one.name) for one in fields(self) if one.compare)


def _equal(self: Any, other: object) -> bool:
    return _compared(self) == _compared(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_compared(self))


def _refuse_setting(self: Any, name: str, value: object) -> None:
    del self, value
    raise FrozenInstanceError(f"cannot assign to field '{name}'")


def _refuse_deleting(self: Any, name: str) -> None:
    del self
    raise FrozenInstanceError(f"cannot delete field '{name}'")


class _Signature:
    """The parameters of a class, for ``help`` and ``inspect``, made when they are asked for."""

    def __get__(self, instance: object, owner: type) -> Signature:
        from inspect import Parameter, Signature

        parameters = [
            Parameter(
                one.name,
                Parameter.KEYWORD_ONLY if one.kw_only else Parameter.POSITIONAL_OR_KEYWORD,
                default=_default(one, Parameter.empty),
                annotation=one.type,
            )
            for one in fields(cast("Any", owner))
            if one.init
        ]
        return Signature(sorted(parameters, key=lambda one: one.kind))


def _default(one: Field[Any], none: object) -> object:
    if one.default is not MISSING:
        return one.default
    return none if one.default_factory is MISSING else one.default_factory()


_SHARED: dict[str, object] = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": _equal,
    "__hash__": _hash,
    "__setattr__": _refuse_setting,
    "__delattr__": _refuse_deleting,
    "__signature__": _Signature(),
}
