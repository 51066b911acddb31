"""Which layer an artifact computes otherwise than the original, when their outputs differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.conversion import convert
from edgesmith.conversion.lowering import patches_for
from edgesmith.reference import inner_layer
from edgesmith.verification import ParityCount, tolerance
from edgesmith_runtime.errors import EdgesmithError, ParityError
from edgesmith_runtime.runners import open_runner

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.config import ConversionConfig
    from edgesmith.recipe import Recipe
    from edgesmith.reference import Reference

__all__ = ["diverging_layer"]

_N_SAMPLES = 8  # what all layers give at once takes much memory


def diverging_layer(
    reference: Reference,
    recipe: Recipe,
    tensors: Mapping[str, NDArray[Any]],
    *,
    config: ConversionConfig,
    directory: Path,
) -> str | None:
    """The first layer, in the order of the calls, whose outputs differ beyond tolerance.

    The model is converted once more, with what every layer gives as outputs.

    Args:
        reference: The original.
        recipe: Of the artifact that differs.
        tensors: ``(n, ...)`` by input, on which it does.
        config: The opset and the limits of the converter.
        directory: Where scratch files may be.

    Returns:
        The layer's path; None where no layer can be named: the difference does not show in that
        conversion, or it cannot be made.
    """
    few = {name: array[:_N_SAMPLES] for name, array in tensors.items()}
    try:
        inner = reference.inner(patches_for(recipe.format, []))
        artifact = convert(inner, recipe, labels={}, config=config, directory=directory)
        given = open_runner(artifact).run(few)
        expected = inner.run(few)
    except EdgesmithError:
        return None
    for name, original in expected.items():
        if _differ(original, given[name]):
            return inner_layer(name)
    return None


def _differ(original: NDArray[Any], given: NDArray[Any]) -> bool:
    try:
        ParityCount("", {"": tolerance(original)}).add({"": original}, {"": given})
    except ParityError:
        return True
    return False
