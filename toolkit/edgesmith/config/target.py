"""``[target]``: what the device bears, and how far the search for it may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from edgesmith.config.section import Section
from edgesmith.config.sizes import parse_size
from edgesmith.recipe import Target
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from edgesmith.config.delivery import ConversionConfig

__all__ = ["TargetConfig"]


class TargetConfig(Section):
    """What the device bears: candidates are made and measured until one keeps to all of it."""

    formats: tuple[Format, ...] | None = Field(
        default=None, min_length=1, description="Without it those of [conversion]."
    )
    max_size_bytes: int | None = Field(
        default=None,
        gt=0,
        description='Of an artifact: a number of bytes, or a text with its unit: "300kB", '
        '"1.5MB" (1000 bytes a kB), "200KiB" (1024 bytes a KiB); without it any size.',
    )
    max_p95_ms: float | None = Field(
        default=None,
        gt=0,
        description="95 of 100 calls at batch 1 with one thread on this machine take no longer; without it any "
        "latency.",
    )
    max_accuracy_drop: float = Field(
        default=0.01,
        ge=0,
        description="How much worse than the original the metric may be: 0.01 is one point of "
        "accuracy; of rmse and mae a share of the original's.",
    )
    opset: int | None = Field(
        default=None,
        ge=13,
        le=23,
        description="Of an ONNX artifact; without it that of the float one.",
    )
    integer_only: bool = Field(
        default=False,
        description="The device computes with whole numbers alone, inputs and outputs too.",
    )
    fine_tune: bool = Field(
        default=True,
        description="A model that was trained here may be trained on where rounding its numbers "
        "alone misses the budget.",
    )
    n_calibration: int = Field(
        default=512,
        ge=1,
        le=4096,
        description="Training samples at most that give the ranges of activations.",
    )

    @field_validator("max_size_bytes", mode="before")
    @classmethod
    def _has_its_unit(cls, size: object) -> object:
        return parse_size(size) if isinstance(size, str) else size

    def as_target(self, conversion: ConversionConfig) -> Target:
        """The same as the noun that the search takes."""
        return Target(
            formats=conversion.formats if self.formats is None else self.formats,
            max_size_bytes=self.max_size_bytes,
            max_p95_ms=self.max_p95_ms,
            max_accuracy_drop=self.max_accuracy_drop,
            opset=self.opset,
            integer_only=self.integer_only,
        )
