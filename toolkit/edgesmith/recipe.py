"""What a device bears, and how an artifact for it is made, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.spec import Format, Precision

__all__ = ["RangeRule", "Recipe", "Scheme", "Target", "Weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the device can bear; ``None`` means no limit.

    Args:
        formats: What the device runs.
        max_size_bytes: Of the artifact's file.
        max_p95_ms: Of one call at batch 1 with one thread on this host.
        max_accuracy_drop: How much worse than the original the metric may be, as an absolute
            difference (0.01 is one point of accuracy); of an error such as rmse as a share of the
            original's.
        opset: That an ONNX artifact shall have; None takes that of the float one.
        integer_only: The device computes with whole numbers alone, inputs and outputs too.

    Raises:
        ConfigError: No format, or a limit that is not above 0 (0 or above for the drop).
    """

    formats: tuple[Format, ...] = (Format.ONNX, Format.TFLITE)
    max_size_bytes: int | None = None
    max_p95_ms: float | None = None
    max_accuracy_drop: float = 0.01
    opset: int | None = None
    integer_only: bool = False

    def __post_init__(self) -> None:
        if not self.formats:
            raise ConfigError("target.formats: expected at least one of onnx, tflite, got none")
        for key in ("max_size_bytes", "max_p95_ms"):
            limit = getattr(self, key)
            if limit is not None and not 0 < limit < float("inf"):
                raise ConfigError(f"target.{key}: expected more than 0, got {limit}")
        if not 0 <= self.max_accuracy_drop < float("inf"):
            raise ConfigError(
                f"target.max_accuracy_drop: expected 0 or more, got {self.max_accuracy_drop}"
            )


class Scheme(StrEnum):
    """What a recipe does to the numbers of a model."""

    AS_IT_IS = "as_it_is"  # a model file that is an artifact already
    FLOAT32 = "float32"
    FLOAT16 = "float16"  # weights kept in half precision
    INT8_DYNAMIC = "int8_dynamic"  # weights int8, activations quantized at each run
    INT8_WEIGHTS = "int8_weights"  # weights kept as int8, computed with in float
    INT8_STATIC = "int8_static"  # weights and activations int8, inputs and outputs float
    INT8_FULL_INTEGER = "int8_full_integer"  # inputs and outputs int8 too
    INT4_WEIGHTS = "int4_weights"  # weights kept as int4


class RangeRule(StrEnum):
    """How a tensor's range follows from what calibration saw of it."""

    MINMAX = "minmax"
    PERCENTILE = "percentile"
    ENTROPY = "entropy"
    MSE = "mse"


class Weights(StrEnum):
    """What was done to the weights before."""

    TRAINED = "trained"
    PRUNED = "pruned"  # the smallest are 0, the rest fine-tuned
    QUANTIZATION_AWARE = "quantization_aware"  # fine-tuned on rounded numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to make an artifact from the original, as plain data.

    Args:
        name: Unique among the recipes of a format.
        format: Of the artifact.
        precision: What its numbers are.
        scheme: What is done to them.
        ranges: Of activations, for a static scheme.
        per_channel: Weights have a scale for each output channel, else one for all.
        signed: Activations are int8, else uint8; TFLite has int8 alone.
        reduce_range: Weights have 7 bits, so that no pair of products overflows 16 bits.
        float_layers: Keras layers that stay float.
        weights: What was done to them before.
    """

    name: str
    format: Format
    precision: Precision = Precision.FLOAT32
    scheme: Scheme = Scheme.FLOAT32
    ranges: RangeRule = RangeRule.MINMAX
    per_channel: bool = True
    signed: bool = False
    reduce_range: bool = False
    float_layers: tuple[str, ...] = ()
    weights: Weights = Weights.TRAINED

    @property
    def is_float(self) -> bool:
        """What a conversion gives, nothing made narrower."""
        return self.scheme in (Scheme.FLOAT32, Scheme.AS_IT_IS)

    @property
    def is_static(self) -> bool:
        """Activations have ranges that calibration gave."""
        return self.scheme in (Scheme.INT8_STATIC, Scheme.INT8_FULL_INTEGER)
