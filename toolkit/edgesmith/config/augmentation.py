"""``[augmentation]``: random changes of training samples."""

from __future__ import annotations

from pydantic import Field, model_validator

from edgesmith.config.section import Section

__all__ = ["AugmentationConfig"]


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
        default=0,
        ge=0,
        lt=1,
        description="Up to this share of height and width, or of the length of a recording or series.",
    )
    crop: float = Field(
        default=0,
        ge=0,
        lt=1,
        description="A part anywhere in an image, its sides from 1 - this of the image's, made as "
        "large as the image.",
    )
    brightness: float = Field(
        default=0, ge=0, description="Add up to this share of the value range."
    )
    contrast: float = Field(
        default=0, ge=0, lt=1, description="Factor about the mean, within 1 -/+ this."
    )
    saturation: float = Field(
        default=0, ge=0, lt=1, description="Distance of colours from grey, within 1 -/+ this."
    )
    hue: float = Field(
        default=0, ge=0, le=180, description="Colours turned up to so many degrees either way."
    )
    cutout: float = Field(
        default=0,
        ge=0,
        lt=1,
        description="Hide a rectangle of up to this share of height and width.",
    )
    noise: float = Field(
        default=0,
        ge=0,
        description="Gaussian noise, its deviation as a share of the value range; of sound in its "
        "spectrum, so not together with `shift`, `gain_db`, `noise_snr_db` and `speed`, which "
        "change the waveform.",
    )
    gain_db: float = Field(
        default=0, ge=0, le=60, description="A recording louder or quieter by up to so many dB."
    )
    noise_snr_db: float = Field(
        default=0,
        ge=0,
        le=100,
        description="White noise in a recording, from so many dB below it to 20 dB lower still.",
    )
    speed: float = Field(
        default=0, ge=0, lt=1, description="A recording played at a factor within 1 -/+ this."
    )
    time_masks: int = Field(
        default=0, ge=0, le=10, description="How many stretches of a spectrogram are hidden."
    )
    time_mask_share: float = Field(
        default=0.15, gt=0, le=1, description="Each at most this share of its frames."
    )
    frequency_masks: int = Field(
        default=0, ge=0, le=10, description="How many bands of a spectrogram are hidden."
    )
    frequency_mask_share: float = Field(
        default=0.15, gt=0, le=1, description="Each at most this share of its height."
    )
    word_dropout: float = Field(
        default=0,
        ge=0,
        lt=1,
        description="Each word of a text becomes unknown, or its feature 0, with this probability.",
    )
    scale: float = Field(
        default=0,
        ge=0,
        lt=1,
        description="Each channel of a series times a factor within 1 -/+ this.",
    )
    time_warp: float = Field(
        default=0,
        ge=0,
        lt=1,
        description="Time in a series runs at speeds within 1 -/+ this; its ends stay.",
    )

    @model_validator(mode="after")
    def _shares_have_their_masks(self) -> AugmentationConfig:
        for name in ("time_mask", "frequency_mask"):
            if not getattr(self, f"{name}s"):
                self.refuse_idle((f"{name}_share",), f"of {name}s, and there are none")
        return self
