"""``[conversion]`` and ``[benchmark]``: from the trained model to what ships."""

from __future__ import annotations

from pydantic import Field

from edgesmith.config.section import Section
from edgesmith_runtime.spec import Format

__all__ = ["BenchmarkConfig", "ConversionConfig"]


class ConversionConfig(Section):
    """What the model becomes."""

    formats: tuple[Format, ...] = Field(
        default=(Format.ONNX, Format.TFLITE), min_length=1, description="onnx, tflite."
    )
    opset: int = Field(default=18, ge=13, le=23, description="Of the ONNX file.")
    fuse: bool = Field(
        default=False,
        description="Make model.fused.onnx and model.fused.tflite too: with the numeric steps of "
        "the transform inside, for apps that are not in Python.",
    )
    timeout_s: float = Field(
        default=600, gt=0, description="A converter that takes longer is ended."
    )
    max_memory_bytes: int = Field(
        default=8 << 30, ge=1 << 30, description="A converter that takes more is ended."
    )


class BenchmarkConfig(Section):
    """The latency comparison at the end of a build."""

    enabled: bool = Field(default=True, description="Measure; false leaves latencies null.")
    rounds: int = Field(
        default=3, ge=2, description="Every subject once a round, in a fresh process."
    )
