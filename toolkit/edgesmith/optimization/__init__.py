"""Smaller and faster artifacts out of a float one, by recipe."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, assert_never

from edgesmith.optimization.calibration import Calibration, check_samples, observe
from edgesmith.optimization.nodes import Node, weight_bytes_by_layer
from edgesmith.optimization.recipes import (
    calibrated_recipes,
    cheap_recipes,
    mixed,
    on_weights,
    only_layer,
    variants_of,
)
from edgesmith_runtime.errors import EdgesmithError, OptimizationError
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from numpy.typing import NDArray

    from edgesmith.evidence import Portability
    from edgesmith.recipe import Recipe
    from edgesmith_runtime.bundle import Artifact

__all__ = [
    "Calibration",
    "Node",
    "calibrated_recipes",
    "cheap_recipes",
    "check_samples",
    "inner_values",
    "mixed",
    "nodes_of",
    "observe",
    "on_weights",
    "only_layer",
    "quantize",
    "refused_by_engine",
    "taps_of",
    "variants_of",
    "verdict_on",
    "weight_bytes_by_layer",
]


@contextmanager
def refused_by_engine(what: str) -> Generator[None]:
    """Make an error of Edgesmith out of what a quantizer or an engine raises, which is all kinds.

    Raises:
        OptimizationError: Says what failed.
    """
    try:
        yield
    except EdgesmithError:
        raise
    except Exception as error:
        raise OptimizationError(f"{what} failed: {type(error).__name__}: {error}") from error


class Taps(Protocol):
    """A float artifact that also gives what its operations compute."""

    def __call__(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Every float tensor of a batch, the inputs too, ``(n, ...)`` by name."""
        ...


def nodes_of(artifact: Artifact, layer_of: Callable[[str], str | None]) -> tuple[Node, ...]:
    """The operations of a float artifact; see the module of its format."""
    match artifact.format:
        case Format.ONNX:
            from edgesmith.optimization import onnx

            return onnx.nodes_of(artifact, layer_of)
        case Format.TFLITE:
            from edgesmith.optimization import tflite

            return tflite.nodes_of(artifact, layer_of)
        case _:
            assert_never(artifact.format)


def taps_of(artifact: Artifact, nodes: tuple[Node, ...]) -> Taps:
    """What a float artifact computes inside; see the module of its format."""
    match artifact.format:
        case Format.ONNX:
            from edgesmith.optimization import onnx

            return onnx.Taps(artifact, nodes)
        case Format.TFLITE:
            from edgesmith.optimization import tflite

            return tflite.Taps(artifact, nodes)
        case _:
            assert_never(artifact.format)


def inner_values(
    artifact: Artifact, nodes: tuple[Node, ...], tensors: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """What a quantized artifact computes inside; see the module of its format."""
    match artifact.format:
        case Format.ONNX:
            from edgesmith.optimization import onnx

            return onnx.inner_values(artifact, nodes, tensors)
        case Format.TFLITE:
            from edgesmith.optimization import tflite

            return tflite.inner_values(artifact, nodes, tensors)
        case _:
            assert_never(artifact.format)


def quantize(
    artifact: Artifact, recipe: Recipe, nodes: tuple[Node, ...], calibration: Calibration | None
) -> Artifact:
    """Make an artifact by a recipe; see the module of its format.

    Raises:
        OptimizationError: The recipe cannot be followed, or its quantizer fails.
    """
    if recipe.format is not artifact.format:
        raise ValueError(f"{recipe.name}: of {recipe.format}, and {artifact.file} is not")
    if recipe.is_float:
        raise ValueError(f"{recipe.name}: nothing to do")
    with refused_by_engine(recipe.name):
        match artifact.format:
            case Format.ONNX:
                from edgesmith.optimization import onnx

                return onnx.quantize(artifact, recipe, nodes, calibration)
            case Format.TFLITE:
                from edgesmith.optimization import tflite

                return tflite.quantize(artifact, recipe, nodes, calibration)
            case _:
                assert_never(artifact.format)


def verdict_on(
    artifact: Artifact,
    batches: Iterable[Mapping[str, NDArray[Any]]],
    *,
    layer_of: Callable[[str], str],
    recipe: str,
    decide: Callable[[Mapping[str, NDArray[Any]]], NDArray[Any] | None],
) -> Portability:
    """Whether an int8 ONNX artifact answers the same on other CPUs; see ``portability``."""
    from edgesmith.optimization.portability import portability

    with refused_by_engine(f"{recipe}: its emulation"):
        return portability(artifact, batches, layer_of=layer_of, recipe=recipe, decide=decide)
