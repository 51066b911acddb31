"""The recipes that a search tries first, and the ones that follow from what it found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from edgesmith.recipe import RangeRule, Recipe, Scheme, Weights
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "calibrated_recipes",
    "cheap_recipes",
    "mixed",
    "on_weights",
    "only_layer",
    "variants_of",
]

_PRECISIONS = {
    Scheme.FLOAT16: Precision.FLOAT16,
    Scheme.INT8_DYNAMIC: Precision.INT8,
    Scheme.INT8_WEIGHTS: Precision.INT8,
    Scheme.INT8_STATIC: Precision.INT8,
    Scheme.INT8_FULL_INTEGER: Precision.INT8,
    Scheme.INT4_WEIGHTS: Precision.INT4,
}


def _recipe(fmt: Format, scheme: Scheme) -> Recipe:
    return Recipe(name=scheme.value, format=fmt, precision=_PRECISIONS[scheme], scheme=scheme)


def cheap_recipes(fmt: Format) -> tuple[Recipe, ...]:
    """Those that need no calibration samples, the most faithful one first."""
    schemes = (
        Scheme.FLOAT16,
        Scheme.INT8_WEIGHTS,
        Scheme.INT8_DYNAMIC,
        Scheme.INT4_WEIGHTS,
    )
    return tuple(_recipe(fmt, scheme) for scheme in schemes)


def calibrated_recipes(fmt: Format, *, integer_only: bool) -> tuple[Recipe, ...]:
    """The static ones, one for each way to take a range.

    Args:
        fmt: Of the artifact.
        integer_only: Inputs and outputs are whole numbers too.
    """
    scheme = Scheme.INT8_FULL_INTEGER if integer_only else Scheme.INT8_STATIC
    return tuple(
        replace(_recipe(fmt, scheme), name=f"{scheme}_{rule}", ranges=rule)
        for rule in RangeRule
    )


def variants_of(recipe: Recipe, ends: Sequence[str]) -> tuple[Recipe, ...]:
    """Other forms of the best static recipe.

    Args:
        recipe: Static.
        ends: The first and the last layer with weights.
    """
    in_float = replace(
        recipe,
        name=f"{recipe.name}_float_ends",
        float_layers=tuple(dict.fromkeys(ends)),
        precision=Precision.MIXED,
    )
    is_mixed = recipe.scheme is not Scheme.INT8_FULL_INTEGER and len(in_float.float_layers) > 0
    mixed_ends = (in_float,) if is_mixed else ()
    match recipe.format:
        case Format.ONNX:
            return (
                replace(recipe, name=f"{recipe.name}_per_tensor", per_channel=False),
                replace(recipe, name=f"{recipe.name}_signed", signed=True),
                *mixed_ends,
            )
        case Format.TFLITE:
            whole = replace(
                recipe,
                name=recipe.name.replace(Scheme.INT8_STATIC, Scheme.INT8_FULL_INTEGER),
                scheme=Scheme.INT8_FULL_INTEGER,
            )
            return (*(() if whole.name == recipe.name else (whole,)), *mixed_ends)
        case _:
            assert_never(recipe.format)


def mixed(recipe: Recipe, layers: Sequence[str]) -> Recipe:
    """The same with some layers in float."""
    names = tuple(dict.fromkeys([*recipe.float_layers, *layers]))
    return replace(
        recipe,
        name=f"{recipe.name}_float_{len(names)}",
        float_layers=names,
        precision=Precision.MIXED,
    )


def only_layer(recipe: Recipe, layer: str, layers: Sequence[str]) -> Recipe:
    """The same with one layer alone quantized."""
    others = tuple(one for one in layers if one != layer)
    return replace(recipe, name=f"{recipe.name}_only_{layer}", float_layers=others)


def on_weights(recipe: Recipe, weights: Weights) -> Recipe:
    """The same on weights that were fine-tuned for it."""
    return replace(recipe, name=f"{recipe.name}_{weights}", weights=weights)
