from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

layers: Any = keras.layers
ops: Any = keras.ops
BASE = {"fft_length": 256, "sequence_stride": 100, "num_mel_bins": 20}
SETTINGS: tuple[dict[str, Any], ...] = (
    {"window": "hamming", "sequence_length": 200},
    {"window": None, "sequence_stride": 64, "power_to_db": False, "mag_exp": 1.0},
    {"fft_length": 255, "sequence_length": 201, "power_to_db": False},
    {"fft_length": 251, "min_freq": 100.0, "max_freq": 3000.0, "sampling_rate": 8000},
    {"top_db": 40.0, "ref_power": 2.0, "min_power": 1e-5},
)


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def _custom(call: Callable[..., Any], *shapes: tuple[int | None, ...]) -> keras.Model:
    class Custom(keras.Layer):
        def call(self, *tensors: Any) -> Any:
            return call(*tensors)

    inputs = [keras.Input(shape, name=name) for shape, name in zip(shapes, "xy", strict=False)]
    return keras.Model(inputs[0] if len(inputs) == 1 else inputs, Custom()(*inputs))


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("length", [1000, None])
def test_mel_spectrograms_answer_as_keras(
    error_of: Callable[..., float], fmt: Format, length: int | None
) -> None:
    x = keras.Input((length,))
    outputs = [
        layers.MelSpectrogram(**{**BASE, **one})(x) for one in SETTINGS[: None if length else 2]
    ]
    samples = [_noise(3, 1000)] if length else [_noise(3, 1000), _noise(2, 731)]

    assert error_of(keras.Model(x, outputs), fmt, *samples) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_spectrogram_layers_answer_as_keras(
    error_of: Callable[..., float], fmt: Format
) -> None:
    x = keras.Input((500, 2))
    outputs = [
        layers.STFTSpectrogram(mode=mode, frame_length=100, frame_step=50, padding=padding)(x)
        for mode in ("log", "magnitude", "psd", "real", "imag", "stft")
        for padding in ("valid", "same")
    ]

    assert error_of(keras.Model(x, outputs), fmt, _noise(3, 500, 2)) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_transforms_of_pairs_answer_as_keras(
    error_of: Callable[..., float], fmt: Format
) -> None:
    def transformed(x: Any, y: Any) -> Any:
        return [
            *ops.fft((x, y)),
            *ops.fft2((x, y)),
            *ops.ifft2((x, y)),
            *(ops.irfft((x, y), n) for n in (None, 7, 16, 30)),
        ]

    model = _custom(transformed, (6, 10), (6, 10))

    assert error_of(model, fmt, {"x": _noise(2, 6, 10), "y": _noise(2, 6, 10)}) < 2e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("length", [24, None])
def test_transforms_of_real_points_answer_as_keras(
    error_of: Callable[..., float], fmt: Format, length: int | None
) -> None:
    def transformed(x: Any) -> Any:
        return [part for n in (None, 16, 31) for part in ops.rfft(x, n)]

    samples = [_noise(2, 24)] if length else [_noise(2, 24), _noise(2, 37)]

    assert error_of(_custom(transformed, (length,)), fmt, *samples) < 2e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("length", [128, None])
def test_short_time_transforms_and_back_answer_as_keras(
    error_of: Callable[..., float], fmt: Format, length: int | None
) -> None:
    def transformed(x: Any) -> Any:
        outputs = []
        for window in ("hann", "hamming", None):
            for center in (True, False):
                frames = ops.stft(x, 24, 10, 32, window=window, center=center)
                outputs += [
                    *frames,
                    ops.istft(frames, 24, 10, 32, window=window, center=center),
                ]
        return [*outputs, ops.istft(frames, 24, 10, 32, length=100, window=None)]

    samples = [_noise(2, 128)] if length else [_noise(2, 128), _noise(2, 173)]

    assert error_of(_custom(transformed, (length,)), fmt, *samples) < 2e-5
