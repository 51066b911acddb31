"""Which converter makes a format."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.conversion.job import Job

__all__ = ["converter_of"]


def converter_of(fmt: Format) -> Callable[[bytes, Job], bytes]:
    """The converter of a format, with all that it needs imported.

    It takes a serialized GraphDef and a job, gives the content of the artifact, and raises
    ``ConversionError`` where it refuses the graph.
    """
    match fmt:
        case Format.ONNX:
            from edgesmith.conversion.onnx import onnx_from_graph

            return onnx_from_graph
        case Format.TFLITE:
            from edgesmith.conversion.tflite import tflite_from_graph

            return tflite_from_graph
        case _:
            assert_never(fmt)
