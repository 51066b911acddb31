"""``[split]``, ``[cleaning]``, ``[image]``, ``[normalization]``: raw data to tensors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edgesmith.config.section import ConfigPath, Section

__all__ = [
    "CleaningConfig",
    "Fill",
    "ImageConfig",
    "NoiseFilter",
    "NormalizationConfig",
    "SplitConfig",
]

Fill = Literal["mean", "median", "min", "max", "most_frequent", "drop_row", "none"] | float
Share = Annotated[float, Field(ge=0, lt=1)]

_KEYS_OF_FILTERS = {
    "moving_average": ("size",),
    "median_filter": ("size",),
    "gaussian_filter": ("sigma",),
    "savitzky_golay": ("size", "order"),
    "butterworth": ("order", "passes", "cutoff", "rate"),
}


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

    op: Literal[
        "moving_average", "median_filter", "gaussian_filter", "savitzky_golay", "butterworth"
    ] = Field(description="Which filter.")
    size: int | None = Field(
        default=None, ge=2, description="Window of the first two, and of Savitzky-Golay."
    )
    sigma: float | None = Field(
        default=None, gt=0, description="Width of the Gaussian, in samples."
    )
    order: int | None = Field(
        default=None,
        ge=0,
        description="Degree of the Savitzky-Golay polynomial, or of Butterworth.",
    )
    passes: Literal["low", "high", "band"] | None = Field(
        default=None, description="Of Butterworth: which frequencies stay."
    )
    cutoff: tuple[float, ...] | None = Field(
        default=None, description="Of Butterworth: one frequency, or the two ends of a band."
    )
    rate: float = Field(
        default=1.0,
        gt=0,
        description="Of Butterworth: the sample rate in the unit of `cutoff`; with 1 that is a share of it.",
    )
    causal: bool = Field(
        default=False,
        description="No value depends on a later one, as in a stream; not for the Gaussian.",
    )
    axes: tuple[int, ...] | None = Field(
        default=None,
        description="Sample axes it acts along; an image's height and width if not given.",
    )

    @model_validator(mode="after")
    def _has_its_own_keys(self) -> NoiseFilter:
        own = _KEYS_OF_FILTERS[self.op]
        others = {key for keys in _KEYS_OF_FILTERS.values() for key in keys} - set(own)
        self.refuse_idle(sorted(others), f"not of {self.op}, which takes {', '.join(own)}")
        return self


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

    fill: Fill = Field(
        default="median",
        description="What stands in for a missing number; a number of your own not for a date.",
    )
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
    encode: Literal["one_hot", "ordinal", "codes"] = Field(
        default="one_hot",
        description="How categories become numbers: a column each, their places scaled, or their "
        "places as they are, for an architecture with embeddings.",
    )
    on_error: Literal["raise", "skip"] = Field(
        default="raise", description="An unreadable file: stop, or leave it out and count it."
    )


class ImageConfig(Section):
    """How an image becomes a tensor, ``(height, width, channel)`` in the source's levels, 0 to 255."""

    mode: Literal["grey", "rgb"] = Field(default="rgb", description="Channels.")
    alpha: Literal["drop", "white", "black"] = Field(
        default="drop",
        description="Transparent pixels: show their colour, or lie on a background.",
    )
    crop: tuple[int, int, int, int] | None = Field(
        default=None,
        description="Part of each image that is taken first: top, left, height, width in pixels.",
    )
    height: int = Field(ge=1, le=8192, description="Pixels.")
    width: int = Field(ge=1, le=8192, description="Pixels.")
    fit: Literal["stretch", "letterbox", "center_crop"] = Field(
        default="stretch",
        description="An image of another aspect: stretch it, pad it, or leave out what stands over.",
    )
    pad_color: tuple[float, ...] = Field(
        default=(0.0,), description="Of letterbox: a level a channel in RGB, or one for all."
    )
    resize: Literal["nearest", "bilinear", "bicubic", "lanczos3", "area"] = Field(
        default="bilinear", description="Interpolation."
    )
    antialias: bool = Field(
        default=True, description="Low-pass before shrinking; not of nearest and area."
    )
    channel_order: Literal["rgb", "bgr"] = Field(
        default="rgb", description="Of the tensor; bgr for weights that were trained so."
    )

    @model_validator(mode="after")
    def _each_key_has_its_use(self) -> ImageConfig:
        n_channels = 1 if self.mode == "grey" else 3
        if self.crop is not None and (min(self.crop[:2]) < 0 or min(self.crop[2:]) < 1):
            raise ValueError(
                f"crop must be top and left from 0, height and width from 1, got {list(self.crop)}"
            )
        if "pad_color" in self.model_fields_set and self.fit != "letterbox":
            raise ValueError(f"pad_color is for letterbox, and fit is {self.fit}")
        if len(self.pad_color) not in (1, n_channels):
            raise ValueError(
                f"pad_color must be one level or {n_channels}, and it has {len(self.pad_color)}"
            )
        if self.channel_order == "bgr" and self.mode == "grey":
            raise ValueError("channel_order is for rgb, and mode is grey")
        return self


class NormalizationConfig(Section):
    """Scaling of numbers, fitted on the training split alone, or given."""

    method: Literal["minmax", "standard", "robust", "given", "none"] = Field(
        default="standard",
        description="To a range; to mean 0 and deviation 1; by median and quartiles; by offset "
        "and scale; or not.",
    )
    offset: tuple[float, ...] = Field(
        default=(), description="Of given: taken from every number, by channel or one for all."
    )
    scale: tuple[float, ...] = Field(
        default=(),
        description="Of given: what the rest is divided by, by channel or one for all.",
    )
    range: tuple[float, float] = Field(default=(0.0, 1.0), description="Of minmax.")
    over: Literal["last_axis", "all"] = Field(
        default="last_axis", description="Per column or channel, or one scale for all."
    )
    scale_target: bool = Field(
        default=True,
        description="Scale a regression's target; the inverse goes into the bundle.",
    )

    @model_validator(mode="after")
    def _given_is_given(self) -> NormalizationConfig:
        is_given = self.method == "given"
        if is_given != bool(self.offset) or is_given != bool(self.scale):
            raise ValueError(
                'offset and scale go together with method = "given", and with no other'
            )
        if 0 in self.scale:
            raise ValueError("scale must not hold 0, which nothing can be divided by")
        if self.method != "minmax":
            self.refuse_idle(("range",), f"of minmax, and method is {self.method}")
        return self
