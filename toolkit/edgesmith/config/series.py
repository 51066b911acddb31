"""``[series]``: how series become tensors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edgesmith.config.section import Section

__all__ = ["SeriesConfig"]

Statistic = Literal[
    "mean",
    "std",
    "min",
    "max",
    "median",
    "median_absolute_deviation",
    "rms",
    "skewness",
    "kurtosis",
]


class SeriesConfig(Section):
    """How a series becomes a tensor: missing points, filters (`cleaning.filters`), length, scale, features."""

    channels: int | None = Field(
        default=None,
        ge=1,
        description="Of a series; those of the training series if not given.",
    )
    missing: Literal["interpolate", "fill", "drop", "error"] = Field(
        default="interpolate",
        description="Missing points: on the line between their neighbours, filled as `cleaning.fill` says by channel, left out, or refused.",
    )
    max_gap: int | None = Field(
        default=None, ge=1, description="Of interpolate: the most points missing in a row."
    )
    length: int | None = Field(
        default=None,
        ge=1,
        description="Points of the tensor; that of the training series, where they agree, if not given.",
    )
    to_length: Literal["exact", "pad", "resample"] = Field(
        default="exact",
        description="A series of another length: refused, padded or cut at its end, or resampled on straight lines.",
    )
    pad_with: Literal["edge", "zero"] = Field(
        default="edge", description="Of pad: the last point again, or 0."
    )
    per_window: Literal["none", "standard", "peak", "minmax"] = Field(
        default="none",
        description="Scale each series by itself, by channel: to mean 0 and deviation 1, by its largest magnitude, or to 0 to 1.",
    )
    features: Annotated[
        tuple[Literal["raw", "power_spectrum", "log_spectrum", "statistics"], ...],
        Field(min_length=1),
    ] = Field(
        default=("raw",),
        description="What the model gets: the points; or spectra and statistics, side by side.",
    )
    window: Literal["rectangle", "hann", "hamming", "blackman"] = Field(
        default="hann", description="Of the spectra."
    )
    statistics: Annotated[tuple[Statistic, ...], Field(min_length=1)] = Field(
        default=("mean", "std", "min", "max"), description="Of each channel over time."
    )

    @model_validator(mode="after")
    def _raw_stands_alone(self) -> SeriesConfig:
        if "raw" in self.features and len(self.features) > 1:
            raise ValueError("features: raw stands alone; the others can be joined")
        if len(set(self.features)) < len(self.features):
            raise ValueError("features: one is given twice")
        return self

    @model_validator(mode="after")
    def _each_key_has_its_use(self) -> SeriesConfig:
        given = ", ".join(self.features)
        if self.missing != "interpolate":
            self.refuse_idle(("max_gap",), f"of interpolate, and missing is {self.missing}")
        if self.to_length != "pad":
            self.refuse_idle(("pad_with",), f"of pad, and to_length is {self.to_length}")
        if not {"power_spectrum", "log_spectrum"} & set(self.features):
            self.refuse_idle(("window",), f"of spectra, and features is {given}")
        if "statistics" not in self.features:
            self.refuse_idle(("statistics",), f"of statistics, and features is {given}")
        return self
