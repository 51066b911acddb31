"""The nouns of lowering: one replacement, and one place where it was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.spec import Format

__all__ = ["Lowered", "Lowering"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowering:
    """One function of the Keras backend, and an exact equivalent whose graph a target can hold.

    Args:
        replaces: ``package.module:function`` or ``package.module:Class.method``.
        targets: Which formats need it.
        what: For people, e.g. "grouped convolution".
        why: What the stock converter does with the original's graph.
        by: Called with the same arguments. It returns ``NotImplemented`` for a call that the
            target can hold as it is: that goes to the original. It may call what it replaces
            with other arguments.
    """

    replaces: str
    targets: tuple[Format, ...]
    what: str
    why: str
    by: Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowered:
    """One call that was replaced.

    Args:
        layer: The path of the Keras layer that made it; "" outside every layer.
        lowering: By what.
    """

    layer: str
    lowering: Lowering
