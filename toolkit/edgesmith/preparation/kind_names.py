"""Kinds of data as messages name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Kind

__all__ = ["one_of_kind"]


def one_of_kind(kind: Kind) -> str:
    """With its article, e.g. "an image", "a table"."""
    article = "an" if kind[0] in "aeiou" else "a"
    return f"{article} {kind}"
