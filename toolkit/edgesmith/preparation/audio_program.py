"""Sound to tensors: the part of the transform before normalization."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.preparation.augmentation.sound import OF_SPECTRUM, OF_WAVEFORM
from edgesmith.preparation.filtering import filter_steps
from edgesmith.preparation.plan import Plan, has_tail, marked
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms.mel import mel_matrix

if TYPE_CHECKING:
    from edgesmith.config import AudioConfig, AugmentationConfig, Config
    from edgesmith.preparation.training_rows import TrainingRows

__all__ = ["audio_plan"]

TENSOR = "features"
TRIM_MS = 25.0  # the power of so long a piece says whether it is silence
LOG_FLOOR = 1e-6  # of the power of a band; below it there is the noise of 16 bits


def audio_plan(config: Config, training: TrainingRows) -> Plan:
    """Decode, bring to one length, then the spectrum of each moment.

    Where augmentation changes the waveform, that is cached and the spectrum is made for each
    batch; otherwise the features are cached.

    Raises:
        ConfigError: The ``[audio]`` section is missing, a mel band would be empty, or
            augmentation asks for changes at two points.
    """
    if config.audio is None:
        raise ConfigError("audio: missing; sound needs [audio] with sample_rate and seconds")
    audio = config.audio
    on_waveform = _is_augmented_before(config)
    _check_masks(config.augmentation, audio)
    waveform = _waveform_steps(config, audio, training.raw_input)
    last = "features_raw" if has_tail(config) else TENSOR
    features = _feature_steps(audio, waveform[-1].outputs[0])
    features = (*features[:-1], replace(features[-1], outputs=(last,)))
    if on_waveform:
        value = waveform[-1].outputs[0]
        return Plan(head=marked(waveform), value=value, rest=features, tensor=TENSOR)
    return Plan(head=marked((*waveform, *features)), value=last, tensor=TENSOR)


def _is_augmented_before(config: Config) -> bool:
    """Whether augmentation acts on the waveform; it cannot act on the spectrum too."""
    used = {
        point: [key for key in keys if getattr(config.augmentation, key)]
        for point, keys in (("waveform", OF_WAVEFORM), ("spectrum", OF_SPECTRUM))
    }
    if used["waveform"] and used["spectrum"]:
        raise ConfigError(
            f"augmentation: {', '.join(used['waveform'])} act on the waveform and "
            f"{', '.join(used['spectrum'])} on the spectrum, and a transform has one point of "
            "augmentation; keep one of the two"
        )
    if used["spectrum"] and config.audio is not None and config.audio.features == "waveform":
        raise ConfigError(
            f"augmentation.{used['spectrum'][0]}: of a spectrum, and audio.features is waveform"
        )
    if used["waveform"] and config.augmentation.noise:
        raise ConfigError(
            f"augmentation.noise: of the spectrum, and {', '.join(used['waveform'])} act on the "
            "waveform; leave it out, noise_snr_db is noise in the waveform"
        )
    return bool(used["waveform"])


def _check_masks(augmentation: AugmentationConfig, audio: AudioConfig) -> None:
    """Refuse masks that would hide nothing."""
    n_frames = 1 + (audio.n_samples - audio.frame_length) // audio.hop_length
    n_bands = audio.n_mfcc if audio.features == "mfcc" else audio.n_mels
    for name, what, length in (
        ("time_mask", "frames", n_frames),
        ("frequency_mask", "bands", n_bands),
    ):
        share = getattr(augmentation, f"{name}_share")
        if getattr(augmentation, f"{name}s") and int(share * length) < 1:
            raise ConfigError(
                f"augmentation.{name}_share: {share:g} of {length} {what} is less than one, so "
                f"{name}s would hide nothing; set it to {1 / length:.2g} or more"
            )


def _waveform_steps(config: Config, audio: AudioConfig, raw_input: str) -> tuple[Step, ...]:
    steps = [
        Step(
            op="decode_audio",
            inputs=(raw_input,),
            outputs=("decoded",),
            params={"sample_rate": audio.sample_rate, "on_other_rate": audio.on_other_rate},
        ),
        *filter_steps(config.cleaning.filters, source="decoded", n_axes=1, default_axes=(0,)),
    ]
    if audio.trim_db:
        length = 2 * max(1, round(TRIM_MS * audio.sample_rate / 2000))
        params = {
            "threshold_db": audio.trim_db,
            "frame_length": length,
            "hop": max(1, length // 4),
        }
        _append(steps, "trim_silence", "trimmed", params)
    if audio.pre_emphasis:
        _append(steps, "pre_emphasis", "lifted", {"coefficient": audio.pre_emphasis})
    _append(steps, "fit_length", "waveform", {"length": audio.n_samples, "align": audio.align})
    if audio.per_recording == "peak":
        _append(steps, "standardize_sample", "levelled", {"axes": [0], "method": "peak"})
    return tuple(steps)


def _feature_steps(audio: AudioConfig, source: str) -> tuple[Step, ...]:
    """From the waveform to ``(frames, bands)``; of samples alone to ``(samples, 1)``."""
    if audio.features == "waveform":
        params: dict[str, Any] = {"length": 1, "hop": 1}
        return (Step(op="frames", inputs=(source,), outputs=("samples",), params=params),)
    steps = [
        Step(
            op="stft",
            inputs=(source,),
            outputs=("power",),
            params={
                "frame_length": audio.frame_length,
                "hop": audio.hop_length,
                "fft_length": audio.n_fft,
            },
        )
    ]
    _append(steps, "mel", "bands", _mel_params(audio))
    if audio.features == "pcen":
        _append(steps, "pcen", "loudness", {})
    else:
        _append(steps, "log", "loudness", {"floor": LOG_FLOOR})
    if audio.features == "mfcc":
        params = {"n_places": audio.n_mels, "n_coefficients": audio.n_mfcc}
        _append(steps, "dct", "cepstra", params)
    if audio.per_recording == "standard":
        _append(steps, "standardize_sample", "levelled_bands", {"axes": [0]})
    return tuple(steps)


def _append(steps: list[Step], op: str, result: str, params: dict[str, Any]) -> None:
    """A step on what the last one gives."""
    source = steps[-1].outputs[0]
    steps.append(Step(op=op, inputs=(source,), outputs=(result,), params=params))


def _mel_params(audio: AudioConfig) -> dict[str, Any]:
    high = audio.sample_rate / 2 if audio.high_hz is None else audio.high_hz
    matrix = mel_matrix(
        sample_rate=audio.sample_rate,
        n_bins=audio.n_fft // 2 + 1,
        n_mels=audio.n_mels,
        low_hz=audio.low_hz,
        high_hz=high,
        scale="htk",
        slopes="mel",
        norm="none",
    )
    empty = np.flatnonzero(matrix.sum(axis=0) == 0)
    if len(empty):
        raise ConfigError(
            f"audio.n_mels: band {empty[0]} of {audio.n_mels} is narrower than the bins of "
            f"fft_length {audio.n_fft} and would be empty; take fewer bands, a longer frame, or "
            "a greater fft_length"
        )
    return {
        "sample_rate": audio.sample_rate,
        "fft_length": audio.n_fft,
        "n_mels": audio.n_mels,
        "low_hz": audio.low_hz,
        "high_hz": high,
    }
