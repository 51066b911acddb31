"""Sound to tensors: the steps that a configuration asks for, and what they equal elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgesmith.core import Split
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.transforms.levels import Log
from edgesmith_runtime.transforms.mel import Dct, Mel
from edgesmith_runtime.transforms.spectra import Stft

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.core import Prepared

RATE = 8000
LENGTH = {"sample_rate": RATE, "seconds": 0.1}
BANDS = {"n_mels": 12, "low_hz": 0.0}
AUDIO = {**LENGTH, **BANDS}
SILENT = {"normalization": {"method": "none"}}


@pytest.fixture
def recordings() -> list[Any]:
    rng = np.random.default_rng(0)
    return [(rng.normal(size=n) * 0.1).astype(np.float32) for n in rng.integers(300, 1500, 40)]


def _ops(prepared: Prepared) -> list[str]:
    return [step.op for step in prepared.transform.steps]


def _features(prepared: Prepared) -> np.ndarray[Any, Any]:
    return prepared.tensors(Split.TEST, slice(None))["features"]


def _marked(prepared: Prepared) -> list[str]:
    return [step.op for step in prepared.transform.steps if step.augment_after]


@pytest.mark.parametrize(
    ("audio", "ops", "shape"),
    [
        ({}, ["stft", "mel", "log", "scale"], (8, 12)),
        (
            {"features": "mfcc", "n_mfcc": 5, "trim_db": 30.0, "pre_emphasis": 0.97},
            ["stft", "mel", "log", "dct", "scale"],
            (8, 5),
        ),
        ({"features": "pcen"}, ["stft", "mel", "pcen", "scale"], (8, 12)),
        ({"features": "waveform"}, ["frames", "scale"], (800, 1)),
        (
            {"per_recording": "standard"},
            ["stft", "mel", "log", "standardize_sample", "scale"],
            (8, 12),
        ),
        (
            {"per_recording": "peak"},
            ["standardize_sample", "stft", "mel", "log", "scale"],
            (8, 12),
        ),
    ],
)
def test_the_features_are_the_steps_after_the_waveform(
    run: Callable[..., Prepared],
    recordings: list[Any],
    audio: dict[str, Any],
    ops: list[str],
    shape: tuple[int, ...],
) -> None:
    bands = {} if audio.get("features") == "waveform" else BANDS
    prepared = run("audio", recordings, audio={**LENGTH, **bands, **audio})

    made = _ops(prepared)
    assert made[made.index("fit_length") + 1 :] == ops
    assert made[0] == "decode_audio"
    assert ("trim_silence" in made) == ("trim_db" in audio)
    assert ("pre_emphasis" in made) == ("pre_emphasis" in audio)
    assert prepared.inputs[0].name == "features"
    assert prepared.inputs[0].shape == ("batch", *shape)
    assert prepared.inputs[0].dtype == "float32"


def test_without_normalization_the_last_step_gives_the_tensor(
    run: Callable[..., Prepared], recordings: list[Any]
) -> None:
    prepared = run("audio", recordings, audio=AUDIO, **SILENT)

    assert prepared.transform.steps[-1].op == "log"
    assert prepared.transform.steps[-1].outputs == ("features",)


def test_the_spectrum_is_cached_unless_the_waveform_is_augmented(
    run: Callable[..., Prepared], recordings: list[Any]
) -> None:
    plain = run("audio", recordings, audio=AUDIO)
    masked = run("audio", recordings, audio=AUDIO, augmentation={"time_masks": 1})
    moved = run("audio", recordings, audio=AUDIO, augmentation={"shift": 0.1})

    assert _marked(plain) == _marked(masked) == ["log"]
    assert _marked(moved) == ["fit_length"]
    np.testing.assert_array_equal(_features(plain), _features(moved))


@pytest.mark.parametrize(
    ("augmentation", "shape"),
    [
        ({"gain_db": 6.0}, (4, 800)),
        ({"time_masks": 1}, (4, 8, 12)),
        ({"noise": 0.1}, (4, 8, 12)),
    ],
)
def test_augmentation_acts_on_the_cached_value(
    run: Callable[..., Prepared],
    recordings: list[Any],
    augmentation: dict[str, Any],
    shape: tuple[int, ...],
) -> None:
    prepared = run("audio", recordings, audio=AUDIO, augmentation=augmentation)

    (cached,) = prepared.splits[Split.TRAIN].store.read(slice(0, 4)).values()
    assert prepared.augment is not None
    changed = prepared.augment(cached, np.random.default_rng(0))
    assert cached.shape == changed.shape == shape
    assert not np.array_equal(cached, changed)


def test_waveform_and_features_are_tensorflows(
    run: Callable[..., Prepared], recordings: list[Any]
) -> None:
    prepared = run(
        "audio", recordings, audio={**AUDIO, "features": "mfcc", "n_mfcc": 7}, **SILENT
    )

    padded = np.zeros((8, 800), np.float32)
    for row, recording in zip(padded, recordings[32:], strict=True):
        row[: len(recording)] = recording[:800]
    spectrum = tf.abs(tf.signal.stft(padded, 200, 80, 256)) ** 2
    matrix = tf.signal.linear_to_mel_weight_matrix(12, 129, RATE, 0.0, RATE / 2)
    levels = tf.math.log(tf.maximum(spectrum @ matrix, 1e-6))
    expected = tf.signal.mfccs_from_log_mel_spectrograms(levels).numpy()[..., :7]
    expected[..., 0] /= np.sqrt(2)  # orthonormal, where TensorFlow follows HTK
    np.testing.assert_allclose(_features(prepared), expected, atol=2e-3)


@pytest.mark.parametrize("fft_length", [256, 255, 512])
def test_the_step_stft_is_tensorflows(fft_length: int) -> None:
    samples = np.random.default_rng(0).normal(size=(3, 2000)).astype(np.float32)

    made = Stft(frame_length=200, hop=80, fft_length=fft_length, result="magnitude")(samples)

    expected = tf.abs(tf.signal.stft(samples, 200, 80, fft_length)).numpy()
    np.testing.assert_allclose(made, expected, atol=1e-4)


@pytest.mark.parametrize(("low", "high"), [(0.0, 4000.0), (125.0, 3800.0)])
def test_the_step_mel_is_tensorflows(low: float, high: float) -> None:
    spectra = np.random.default_rng(0).uniform(size=(2, 9, 129)).astype(np.float32)

    made = Mel(sample_rate=RATE, fft_length=256, n_mels=20, low_hz=low, high_hz=high)(spectra)

    matrix = tf.signal.linear_to_mel_weight_matrix(20, 129, RATE, low, high).numpy()
    np.testing.assert_allclose(made, spectra @ matrix, atol=2e-4)


def test_the_steps_are_keras_mel_spectrogram_but_for_its_top() -> None:
    samples = np.random.default_rng(0).normal(size=(2, 4000)).astype(np.float32)
    layer = keras.layers.MelSpectrogram(
        fft_length=512,
        sequence_stride=128,
        sequence_length=400,
        sampling_rate=RATE,
        num_mel_bins=32,
        min_freq=20,
        max_freq=3900,
        mag_exp=2.0,
        top_db=200.0,
    )

    spectra = Stft(frame_length=400, hop=128, fft_length=512, center="reflect")(samples)
    bands = Mel(sample_rate=RATE, fft_length=512, n_mels=32, low_hz=20.0, high_hz=3900.0)(
        spectra
    )
    made = np.asarray(Log(1e-10, "decibel")(bands))

    expected = np.asarray(layer(samples))  # (batch, mel, frame)
    np.testing.assert_allclose(made.transpose(0, 2, 1), expected, atol=5e-3)


def test_the_step_dct_is_tensorflows() -> None:
    bands = np.random.default_rng(0).normal(size=(2, 9, 40)).astype(np.float32)

    made = Dct(n_places=40, n_coefficients=13, norm="htk")(bands)

    expected = tf.signal.mfccs_from_log_mel_spectrograms(bands).numpy()[..., :13]
    np.testing.assert_allclose(made, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({}, "audio: missing; sound needs [audio] with sample_rate and seconds"),
        (
            {"audio": {**AUDIO, "n_mels": 200}},
            "audio.n_mels: band 0 of 200 is narrower than the bins of fft_length 256 and would be "
            "empty; take fewer bands, a longer frame, or a greater fft_length",
        ),
        (
            {"audio": AUDIO, "augmentation": {"gain_db": 3.0, "time_masks": 1}},
            "augmentation: gain_db act on the waveform and time_masks on the spectrum, and a "
            "transform has one point of augmentation; keep one of the two",
        ),
        (
            {
                "audio": {**LENGTH, "features": "waveform"},
                "augmentation": {"frequency_masks": 1},
            },
            "augmentation.frequency_masks: of a spectrum, and audio.features is waveform",
        ),
        (
            {"audio": AUDIO, "augmentation": {"shift": 0.1, "gain_db": 3.0, "noise": 0.1}},
            "augmentation.noise: of the spectrum, and shift, gain_db act on the waveform; leave "
            "it out, noise_snr_db is noise in the waveform",
        ),
        (
            {"audio": {**AUDIO, "n_mels": 5}, "augmentation": {"frequency_masks": 2}},
            "augmentation.frequency_mask_share: 0.15 of 5 bands is less than one, so "
            "frequency_masks would hide nothing; set it to 0.2 or more",
        ),
        (
            {
                "audio": {**AUDIO, "features": "mfcc", "n_mfcc": 6},
                "augmentation": {"frequency_masks": 1},
            },
            "augmentation.frequency_mask_share: 0.15 of 6 bands is less than one, so "
            "frequency_masks would hide nothing; set it to 0.17 or more",
        ),
        (
            {"audio": AUDIO, "augmentation": {"time_masks": 1, "time_mask_share": 0.1}},
            "augmentation.time_mask_share: 0.1 of 8 frames is less than one, so "
            "time_masks would hide nothing; set it to 0.12 or more",
        ),
        (
            {
                "audio": AUDIO,
                "cleaning": {"filters": [{"op": "median_filter", "size": 3, "axes": [1]}]},
            },
            "cleaning.filters.0.axes: expected axes of a sample, of which there are 1 from 0, "
            "got [1]",
        ),
    ],
)
def test_what_cannot_be_done_is_named(
    run: Callable[..., Prepared],
    recordings: list[Any],
    sections: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(ConfigError) as caught:
        run("audio", recordings, **sections)

    assert str(caught.value) == message
