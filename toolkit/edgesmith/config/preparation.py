"""``[split]``, ``[cleaning]``, ``[image]``, ``[normalization]``, ``[augmentation]``: raw data to tensors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edgesmith.config.section import ConfigPath, Section

__all__ = [
    "AugmentationConfig",
    "CleaningConfig",
    "Fill",
    "ImageConfig",
    "NoiseFilter",
    "NormalizationConfig",
    "SplitConfig",
]

Fill = Literal["mean", "median", "min", "max", "most_frequent", "drop_row", "none"] | float
Share = Annotated[float, Field(ge=0, lt=1)]


class SplitConfig(Section):
    """Which samples train, validate and test; what is not given is made, seeded."""

    column: str | None = Field(
        default=None, description="Column of the table or list with train, validation or test."
    )
    file: ConfigPath | None = Field(
        default=None, description="A CSV with the columns `row` (from 0) and `split`."
    )
    test: Share = Field(
        default=0.2, description="Share of the samples for test, where none is given."
    )
    validation: Share = Field(
        default=0.15,
        description="Share of the training samples for validation, where none is given.",
    )
    stratify: bool = Field(default=True, description="Keep the class balance in every split.")
    group: str | None = Field(
        default=None, description="Column whose equal values stay in one split, e.g. a person."
    )


class NoiseFilter(Section):
    """A filter against noise; a step of the transform, so the device applies it too."""

    op: Literal["moving_average", "median_filter", "gaussian_filter", "savitzky_golay"] = Field(
        description="Which filter."
    )
    size: int | None = Field(
        default=None, ge=2, description="Window of the first two, and of the last."
    )
    sigma: float | None = Field(
        default=None, gt=0, description="Width of the Gaussian, in samples."
    )
    order: int | None = Field(
        default=None, ge=0, description="Degree of the Savitzky-Golay polynomial."
    )
    axes: tuple[int, ...] | None = Field(
        default=None,
        description="Sample axes it acts along; an image's height and width if not given.",
    )


class Clip(Section):
    """Hold numbers between bounds fitted on the training split."""

    quantiles: tuple[float, float] | None = Field(
        default=None, description="E.g. [0.01, 0.99]."
    )
    sigmas: float | None = Field(
        default=None, gt=0, description="Mean +/- this many deviations."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Clip:
        if (self.quantiles is None) == (self.sigmas is None):
            raise ValueError("give either quantiles or sigmas")
        return self


class CleaningConfig(Section):
    """What is mended or dropped before learning."""

    fill: Fill = Field(default="median", description="What stands in for a missing number.")
    fill_by_column: dict[str, Fill | str] = Field(
        default={}, description="Other choices for single columns; a text fills a category."
    )
    fill_categories: str = Field(
        default="none",
        description="What stands in for a missing category: most_frequent, drop_row, none, or a text.",
    )
    drop_duplicates: bool = Field(
        default=True, description="Drop exact duplicates within the training split."
    )
    filters: tuple[NoiseFilter, ...] = Field(default=(), description="Noise filters, in order.")
    clip: Clip | None = Field(default=None, description="Clip numbers at quantiles or sigmas.")
    unknown_category: Literal["zeros", "column", "error"] = Field(
        default="zeros",
        description="A category that training did not have, one-hot: no column, its own, or refused.",
    )
    encode: Literal["one_hot", "ordinal"] = Field(
        default="one_hot", description="How categories become numbers."
    )
    on_error: Literal["raise", "skip"] = Field(
        default="raise", description="An unreadable file: stop, or leave it out and count it."
    )


class ImageConfig(Section):
    """How an image becomes a tensor."""

    mode: Literal["grey", "rgb"] = Field(default="rgb", description="Channels.")
    height: int = Field(ge=1, description="Pixels.")
    width: int = Field(ge=1, description="Pixels.")
    resize: Literal["nearest", "bilinear"] = Field(
        default="bilinear", description="Interpolation."
    )
    antialias: bool = Field(default=True, description="Low-pass before shrinking.")


class NormalizationConfig(Section):
    """Scaling of numbers, fitted on the training split alone."""

    method: Literal["minmax", "standard", "robust", "none"] = Field(
        default="standard",
        description="To a range; to mean 0 and deviation 1; by median and quartiles; or not.",
    )
    range: tuple[float, float] = Field(default=(0.0, 1.0), description="Of minmax.")
    over: Literal["last_axis", "all"] = Field(
        default="last_axis", description="Per column or channel, or one scale for all."
    )
    scale_target: bool = Field(
        default=True,
        description="Scale a regression's target; the inverse goes into the bundle.",
    )


class AugmentationConfig(Section):
    """Random changes of training samples; never in the bundle. 0 or false switches one off."""

    flip_horizontal: bool = Field(
        default=False, description="Mirror half of the images left to right."
    )
    flip_vertical: bool = Field(
        default=False, description="Mirror half of the images top to bottom."
    )
    rotation: float = Field(
        default=0, ge=0, le=180, description="Up to so many degrees either way."
    )
    zoom: float = Field(default=0, ge=0, lt=1, description="Factor within 1 -/+ this.")
    shift: float = Field(
        default=0, ge=0, lt=1, description="Up to this share of height and width."
    )
    brightness: float = Field(
        default=0, ge=0, description="Add up to this share of the value range."
    )
    contrast: float = Field(
        default=0, ge=0, lt=1, description="Factor about the mean, within 1 -/+ this."
    )
    noise: float = Field(
        default=0,
        ge=0,
        description="Gaussian noise, its deviation as a share of the value range.",
    )
