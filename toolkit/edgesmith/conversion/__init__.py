"""From the frozen graph of the original to artifacts, each in a child process with limits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, assert_never

from edgesmith.conversion.confinement import run_confined
from edgesmith.conversion.converting import converter_of
from edgesmith.conversion.job import Job
from edgesmith.conversion.refusal import RefusedError, read_refusal, refusal_path
from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.files import scratch
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgesmith.config.delivery import ConversionConfig
    from edgesmith.conversion.lowering import Lowered
    from edgesmith.recipe import Recipe
    from edgesmith.reference import FrozenGraph, Reference

__all__ = ["RefusedError", "convert", "convert_here", "lower"]

_WORKER = "edgesmith.conversion.worker"
# Of a protobuf message and of a flatbuffer, less 32 MB for what is not weights.
MAX_WEIGHTS_BYTES = (1 << 31) - (1 << 25)
TFLITE_SCHEMA_VERSION = 3  # of every .tflite file; the converter takes no other


def convert(
    reference: Reference,
    recipe: Recipe,
    *,
    labels: Mapping[str, tuple[str, ...]],
    config: ConversionConfig,
    directory: Path,
) -> Artifact:
    """Convert the original by a recipe.

    The model is traced here, with what its target cannot hold replaced, while the process of
    the converter starts. That gets the frozen graph and nothing else, and is apart because a
    converter may abort or take all memory.
    Several recipes may be converted at once, from several threads. The same graph and recipe
    give the same bytes.

    Args:
        reference: The original.
        recipe: Its format and precision.
        labels: Class names by output, for the artifact's own metadata.
        config: The opset and the limits of the child process.
        directory: Where scratch files may be; nothing is left in it.

    Raises:
        ConversionError: The model cannot be traced for the target, or the converter refuses
            the graph, dies, or goes beyond a limit; the message says which, and names the
            layer where it is known.
    """
    with scratch(directory) as folder:
        source, result = folder / "graph.pb", folder / "result"

        def job() -> str:
            graph, _ = lower(reference, recipe.format)
            source.write_bytes(graph.content)
            return _job(reference, graph, recipe, labels, config).to_json()

        try:
            run_confined(
                [sys.executable, "-P", "-m", _WORKER, recipe.format, str(source), str(result)],
                stdin=job,
                label=f"the {recipe.format} converter",
                temporary=folder,
                timeout_s=config.timeout_s,
                max_memory_bytes=config.max_memory_bytes,
            )
        except ConversionError as error:
            refused = read_refusal(str(error), refusal_path(result))
            if refused is None:
                raise
            raise refused from error
        content = result.read_bytes() if result.is_file() else b""
    if not content:
        raise ConversionError(f"the {recipe.format} converter ended without an artifact")
    return _artifact(reference, recipe, config, content)


def convert_here(
    reference: Reference,
    recipe: Recipe,
    *,
    labels: Mapping[str, tuple[str, ...]],
    config: ConversionConfig,
) -> Artifact:
    """The same in this process, which dies where the converter does; nothing limits it.

    Raises:
        ConversionError: The model cannot be traced for the target, or the converter refuses
            the graph.
    """
    graph, _ = lower(reference, recipe.format)
    job = _job(reference, graph, recipe, labels, config)
    return _artifact(reference, recipe, config, converter_of(recipe.format)(graph.content, job))


def lower(reference: Reference, fmt: Format) -> tuple[FrozenGraph, tuple[Lowered, ...]]:
    """The graph that a target gets, and what was replaced in it.

    Raises:
        ConversionError: The model cannot be traced so, or is too large for one file.
    """
    if reference.size_bytes > MAX_WEIGHTS_BYTES:
        raise ConversionError(
            f"the weights take {reference.size_bytes / 1e9:.1f} GB, and one .{fmt} file holds at "
            "most 2 GB: build the model smaller, or split it into models that are converted one "
            "by one, keras.Model(inputs, hidden) and keras.Model(hidden, outputs)"
        )
    from edgesmith.conversion.lowering import patches_for  # and Keras, which no converter needs

    lowered: list[Lowered] = []
    graph = reference.freeze(patches_for(fmt, lowered))
    return graph, tuple(lowered)


def _job(
    reference: Reference,
    graph: FrozenGraph,
    recipe: Recipe,
    labels: Mapping[str, tuple[str, ...]],
    config: ConversionConfig,
) -> Job:
    return Job(
        format=recipe.format,
        signature=reference.signature,
        input_nodes=graph.input_nodes,
        output_nodes=graph.output_nodes,
        scopes=graph.scopes,
        labels=labels,
        opset=config.opset,
    )


def _artifact(
    reference: Reference, recipe: Recipe, config: ConversionConfig, content: bytes
) -> Artifact:
    return Artifact(
        file=_file_name(recipe),
        format=recipe.format,
        precision=recipe.precision,
        version=_version(recipe.format, config),
        signature=reference.signature,
        content=content,
    )


def _file_name(recipe: Recipe) -> str:
    """``model.onnx`` in float32; another precision is named in the middle."""
    middle = "" if recipe.precision is Precision.FLOAT32 else f".{recipe.precision}"
    return f"model{middle}.{recipe.format}"


def _version(fmt: Format, config: ConversionConfig) -> int:
    match fmt:
        case Format.ONNX:
            return config.opset
        case Format.TFLITE:
            return TFLITE_SCHEMA_VERSION
        case _:
            assert_never(fmt)
