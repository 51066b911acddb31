from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable


class Spectra(keras.Layer):
    """What users write with ``tf.signal``."""

    def call(self, x: Any) -> Any:
        frames = tf.signal.stft(x, frame_length=255, frame_step=128)
        power = tf.abs(frames)
        mel = tf.signal.linear_to_mel_weight_matrix(20, 129, 16000, 80.0, 7600.0)
        logarithms = tf.math.log(tf.tensordot(power, mel, 1) + 1e-3)
        turned = tf.signal.fft(tf.complex(power[..., :50], power[..., 50:100]))
        return [
            power,
            tf.signal.mfccs_from_log_mel_spectrograms(logarithms)[..., :13],
            tf.math.real(frames),
            tf.math.imag(frames),
            tf.math.angle(turned),
            tf.signal.inverse_stft(frames, 255, 128),
            tf.signal.dct(logarithms, 3, norm="ortho"),
        ]


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("length", [1000, None])
def test_spectra_of_tensorflow_answer_as_it(
    error_of: Callable[..., float], fmt: Format, length: int | None
) -> None:
    x = keras.Input((length,))
    rng = np.random.default_rng(0)
    samples = [rng.standard_normal((2, n), np.float32) for n in (1000, length or 1400)]

    assert error_of(keras.Model(x, Spectra()(x)), fmt, *samples) < 1e-5
