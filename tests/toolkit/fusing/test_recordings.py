from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.fusing.refusal import NotInGraphError
from edgesmith_runtime.transforms.levels import Pcen
from edgesmith_runtime.transforms.spectra import WINDOWS

if TYPE_CHECKING:
    from conftest import Agree

RNG = np.random.default_rng(0)


def sound(n_samples: int = 300) -> Any:
    return RNG.normal(size=(2, n_samples)).astype(np.float32)


@pytest.mark.parametrize("align", ["start", "center"])
@pytest.mark.parametrize("n_samples", [40, 45, 61])
def test_recordings_of_any_length_come_to_one(agree: Agree, n_samples: int, align: str) -> None:
    agree("fit_length", sound(n_samples), free=(1,), length=45, align=align)
    agree("fit_length", sound(n_samples), length=45, align=align)


def test_the_treble_is_lifted(agree: Agree) -> None:
    agree("pre_emphasis", sound(), free=(1,), coefficient=0.97)


@pytest.mark.parametrize("pad_end", [True, False])
def test_frames_are_cut_alike(agree: Agree, *, pad_end: bool) -> None:
    agree("frames", sound(41), free=(1,), length=10, hop=4, pad_end=pad_end)
    agree("frames", RNG.normal(size=(2, 41, 3)), length=10, hop=12, pad_end=pad_end)


@pytest.mark.parametrize("free", [(1,), ()])
@pytest.mark.parametrize("center", ["none", "reflect", "zeros"])
@pytest.mark.parametrize("window", WINDOWS)
def test_a_fourier_transform_is_a_convolution(
    agree: Agree, window: str, center: str, free: tuple[int, ...]
) -> None:
    agree(
        "stft", sound(), free=free, frame_length=25, hop=10, fft_length=32, window=window,
        center=center,
    )  # fmt: skip
    agree(
        "stft", sound(), free=free, frame_length=16, hop=5, fft_length=16, center=center,
        result="magnitude",
    )  # fmt: skip


def test_frames_longer_than_a_recording_are_refused() -> None:
    from edgesmith.fusing.recordings import stft
    from edgesmith_runtime.transforms.spectra import Stft

    with pytest.raises(NotInGraphError, match=r"^its frames are longer than what comes in$"):
        stft(Stft(frame_length=16, hop=4, fft_length=16), sound(12))


@pytest.mark.parametrize("norm", ["none", "slaney"])
def test_bands_are_a_product_with_triangles(agree: Agree, norm: str) -> None:
    spectra = RNG.random((2, 7, 129)).astype(np.float32)

    agree("mel", spectra, free=(1,), sample_rate=8000, fft_length=256, n_mels=40, norm=norm)


@pytest.mark.parametrize("norm", ["ortho", "htk"])
def test_cepstra_are_a_product_with_cosines(agree: Agree, norm: str) -> None:
    bands = RNG.normal(size=(2, 7, 40)).astype(np.float32)

    agree("dct", bands, free=(1,), n_places=40, n_coefficients=13, norm=norm)


@pytest.mark.parametrize("unit", ["natural", "ten", "decibel"])
def test_a_logarithm_stays_above_its_floor(agree: Agree, unit: str) -> None:
    energies = RNG.random((2, 7, 4)).astype(np.float32)
    energies[0, 0] = 0.0

    agree("log", energies, free=(1,), floor=1e-6, unit=unit)


@pytest.mark.parametrize("initial", [None, 1.0])
def test_gain_control_is_one_triangular_matrix(agree: Agree, initial: float | None) -> None:
    energies = RNG.random((2, 150, 4)).astype(np.float32)

    agree("pcen", energies, initial=initial)


def test_gain_control_of_a_free_length_is_refused() -> None:
    import tensorflow as tf

    from edgesmith.fusing.recordings import pcen

    traced = tf.function(lambda x: pcen(Pcen(), x), autograph=False)

    with pytest.raises(NotInGraphError, match="needs a known number of frames, at most 1024"):
        traced.get_concrete_function(tf.TensorSpec((None, None, 4), tf.float32))


@pytest.mark.parametrize("n_points", [40, 41])
def test_a_periodogram_is_a_product_too(agree: Agree, n_points: int) -> None:
    series = RNG.normal(size=(2, n_points, 3)).astype(np.float32)

    agree("power_spectrum", series)
    agree("power_spectrum", series, log=True, flat=True, subtract_mean=False, floor=1e-3)


def test_a_periodogram_of_a_stuck_sensor_is_at_its_floor(agree: Agree) -> None:
    stuck = np.full((2, 150, 3), 9.81, np.float32)
    moving = RNG.normal(size=(2, 150, 3)).astype(np.float32) + np.float32(1e3)

    agree("power_spectrum", np.concatenate([stuck, moving]), log=True)
