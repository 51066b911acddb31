"""From the frozen graph of the original to artifacts, each in a child process with limits."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from edgesmith.conversion.confinement import run_confined
from edgesmith.conversion.job import Job
from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith.config.delivery import ConversionConfig
    from edgesmith.core import Recipe
    from edgesmith.reference import Reference

__all__ = ["convert"]

_WORKER = "edgesmith.conversion.worker"
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

    The converter gets the frozen graph and nothing else, in a process of its own: it may abort
    or take all memory. Several recipes may be converted at once, from several threads. The same
    graph and recipe give the same bytes.

    Args:
        reference: The traced original.
        recipe: Its format and precision.
        labels: Class names by output, for the artifact's own metadata.
        config: The opset and the limits of the child process.
        directory: Where scratch files may be; nothing is left in it.

    Raises:
        ConversionError: The converter refuses the graph, dies, or goes beyond a limit; the
            message says which, and names the node where the converter does.
    """
    job = Job(
        format=recipe.format,
        signature=reference.signature,
        input_nodes=reference.input_nodes,
        output_nodes=reference.output_nodes,
        labels=labels,
        opset=config.opset,
    )
    with tempfile.TemporaryDirectory(prefix=".conversion-", dir=directory) as scratch:
        graph, result = Path(scratch, "graph.pb"), Path(scratch, "result")
        graph.write_bytes(reference.graph)
        run_confined(
            [sys.executable, "-P", "-m", _WORKER, str(graph), str(result)],
            stdin=job.to_json(),
            label=f"the {recipe.format} converter",
            timeout_s=config.timeout_s,
            max_memory_bytes=config.max_memory_bytes,
        )
        content = result.read_bytes() if result.is_file() else b""
    if not content:
        raise ConversionError(f"the {recipe.format} converter ended without an artifact")
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
