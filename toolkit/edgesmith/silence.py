"""Progress that says nothing: the default of the Python functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Silent"]


class Silent:
    """Implements ``core.Progress`` without a word."""

    def track(self, items: Iterable[Any], label: str, *, total: int) -> Iterator[Any]:
        """Pass the items through."""
        del label, total
        yield from items

    def say(self, message: str) -> None:
        """Nothing."""
