"""The Keras layer of a node, by the name scopes that the node is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["layer_of"]


def layer_of(node: str, scopes: Mapping[str, str]) -> str | None:
    """The path of the Keras layer that made a node; None for one that no layer made.

    Args:
        node: Its name, ``functional/dense/MatMul``.
        scopes: Layer paths by name scope.
    """
    while "/" in node:
        node = node.rpartition("/")[0]
        if node in scopes:
            return scopes[node]
    return None
