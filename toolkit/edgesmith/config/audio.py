"""``[audio]``: how sound becomes tensors."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from edgesmith.config.section import Section

__all__ = ["AudioConfig"]

OF_SPECTRUM = ("frame_ms", "hop_ms", "fft_length", "n_mels", "low_hz", "high_hz")


class AudioConfig(Section):
    """How a recording becomes a tensor."""

    sample_rate: int = Field(ge=100, le=1_000_000, description="In Hz, of what is worked with.")
    on_other_rate: Literal["resample", "error"] = Field(
        default="resample",
        description="A recording of another rate: resample it, or refuse it.",
    )
    seconds: float = Field(
        gt=0, le=600, description="Every recording is cut or padded with zeros to this length."
    )
    align: Literal["start", "center"] = Field(
        default="start", description="Cut and pad at the end, or on both sides."
    )
    trim_db: float = Field(
        default=0,
        ge=0,
        le=120,
        description="Cut off what is so many dB below the loudest, at start and end; 0: do not. "
        "It needs the whole recording, so such a model cannot stream.",
    )
    pre_emphasis: float = Field(
        default=0,
        ge=0,
        lt=1,
        description="Lift the treble: x[t] - this x[t - 1]; 0.97 is usual.",
    )
    features: Literal["log_mel", "mfcc", "pcen", "waveform"] = Field(
        default="log_mel",
        description="Logarithm of mel bands, its cepstra, mel bands with gain control, or samples.",
    )
    frame_ms: float = Field(default=25, gt=0, description="Length of a frame.")
    hop_ms: float = Field(default=10, gt=0, description="From frame to frame.")
    fft_length: int | None = Field(
        default=None,
        ge=2,
        le=65_536,
        description="Of the Fourier transform; the power of two from a frame on if not given.",
    )
    n_mels: int = Field(default=40, ge=1, le=1024, description="How many mel bands.")
    low_hz: float = Field(default=20, ge=0, description="Where the first band starts.")
    high_hz: float | None = Field(
        default=None, gt=0, description="Where the last one ends; half the rate if not given."
    )
    n_mfcc: int = Field(default=13, ge=1, description="How many cepstra, of mfcc.")
    per_recording: Literal["none", "peak", "standard"] = Field(
        default="none",
        description="Scale each recording by itself: its loudest sample to 1, or each band to "
        "mean 0 and deviation 1 over time.",
    )

    @property
    def n_samples(self) -> int:
        """Of a recording in its fixed length."""
        return round(self.seconds * self.sample_rate)

    @property
    def frame_length(self) -> int:
        """In samples."""
        return round(self.frame_ms * self.sample_rate / 1000)

    @property
    def hop_length(self) -> int:
        """In samples."""
        return round(self.hop_ms * self.sample_rate / 1000)

    @property
    def n_fft(self) -> int:
        """Length of the Fourier transform."""
        return self.fft_length or max(2, 1 << (self.frame_length - 1).bit_length())

    @model_validator(mode="after")
    def _each_key_has_its_use(self) -> AudioConfig:
        if self.n_samples < 1:
            raise ValueError(
                f"seconds: expected one sample or more at {self.sample_rate} Hz, got "
                f"{self.seconds:g} seconds"
            )
        if self.features != "mfcc":
            self.refuse_idle(("n_mfcc",), f"of mfcc, and features is {self.features}")
        if self.features == "waveform":
            self.refuse_idle(OF_SPECTRUM, "of a spectrum, and features is waveform")
        return self

    @model_validator(mode="after")
    def _fits_together(self) -> AudioConfig:
        if self.features == "waveform":
            if self.per_recording == "standard":
                raise ValueError(
                    'per_recording = "standard" is of bands, and a waveform has none'
                )
            return self
        if self.frame_length < 2 or self.hop_length < 1:
            raise ValueError("frame_ms and hop_ms: expected two samples and one or more")
        if self.frame_length > self.n_fft:
            raise ValueError(
                f"fft_length: expected {self.frame_length} or more, the samples of a frame, "
                f"got {self.fft_length}"
            )
        if self.frame_length > self.n_samples:
            raise ValueError(f"frame_ms: a frame is longer than {self.seconds:g} seconds")
        nyquist = self.sample_rate / 2
        if not self.low_hz < (self.high_hz or nyquist) <= nyquist:
            raise ValueError(
                f"low_hz and high_hz: expected low < high <= {nyquist:g}, half of sample_rate"
            )
        if self.features == "mfcc" and self.n_mfcc > self.n_mels:
            raise ValueError(
                f"n_mfcc: expected at most n_mels {self.n_mels}, got {self.n_mfcc}"
            )
        return self
