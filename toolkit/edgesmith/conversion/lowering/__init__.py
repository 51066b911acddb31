"""What a target's graph cannot hold, replaced by exact equivalents while a model is traced.

One file an op family, each with a tuple ``LOWERINGS``. The model object is never changed: the
functions of Keras that build the graph are, for the thread that traces, and are put back.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from edgesmith.conversion.lowering.lowering import Lowered, Lowering
from edgesmith.reference import Patch

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.spec import Format

__all__ = ["LOWERINGS", "Lowered", "Lowering", "patches_for"]

LOWERINGS: tuple[Lowering, ...] = ()


def patches_for(fmt: Format, lowered: list[Lowered]) -> list[Patch]:
    """The replacements to trace with for a target.

    Args:
        fmt: The target.
        lowered: Gets an entry for every call that was replaced.
    """
    return [
        Patch(one.replaces, partial(_replacement, one, lowered))
        for one in LOWERINGS
        if fmt in one.targets
    ]


def _replacement(
    lowering: Lowering, lowered: list[Lowered], original: Callable[..., Any]
) -> Callable[..., Any]:
    from edgesmith.reference.scopes import current_layer

    def replaced(*args: Any, **named: Any) -> Any:
        result = lowering.by(*args, **named)
        if result is NotImplemented:
            return original(*args, **named)
        lowered.append(Lowered(layer=current_layer(), lowering=lowering))
        return result

    return replaced
