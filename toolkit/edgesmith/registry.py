"""Open sets by name, such as architectures."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Generic, TypeVar

from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """Named members of one kind; a taken name raises, an unknown one lists the known.

    Args:
        kind: What the members are, in one word for messages, e.g. ``architecture``.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._members: dict[str, T] = {}

    def add(self, name: str) -> Callable[[T], T]:
        """Register the decorated member under ``name``."""

        def register(member: T) -> T:
            if name in self._members:
                raise ValueError(f"the {self._kind} '{name}' is registered already")
            self._members[name] = member
            return member

        return register

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._members))

    def __getitem__(self, name: str) -> T:
        if name not in self._members:
            close = get_close_matches(name, self._members, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            known = ", ".join(self)
            raise ConfigError(f"unknown {self._kind} '{name}'; known: {known}{hint}")
        return self._members[name]
