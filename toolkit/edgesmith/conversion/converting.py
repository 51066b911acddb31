"""One job done in this process, by the converter of its format."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from edgesmith.conversion.job import Job

__all__ = ["converted"]


def converted(graph: bytes, job: Job) -> bytes:
    """The content of the artifact that a frozen graph becomes.

    Raises:
        ConversionError: The converter refuses the graph.
    """
    match job.format:
        case Format.ONNX:
            from edgesmith.conversion.onnx import onnx_from_graph

            return onnx_from_graph(graph, job)
        case Format.TFLITE:
            from edgesmith.conversion.tflite import tflite_from_graph

            return tflite_from_graph(graph, job)
        case _:
            assert_never(job.format)
