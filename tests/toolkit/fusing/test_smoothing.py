from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.fusing.refusal import NotInGraphError
from edgesmith_runtime.transforms.butterworth import Butterworth

if TYPE_CHECKING:
    from conftest import Agree


def series(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("causal", [True, False])
def test_a_window_over_a_free_length_repeats_the_edge(agree: Agree, *, causal: bool) -> None:
    agree("moving_average", series(3, 17, 2), free=(1,), size=5, axes=[0], causal=causal)
    agree(
        "savitzky_golay", series(3, 17, 2), free=(1,), window=7, order=2, axis=0, causal=causal
    )


def test_a_window_may_be_longer_than_the_series(agree: Agree) -> None:
    agree("moving_average", series(3, 4, 2), free=(1,), size=9, axes=[0])


def test_two_axes_are_smoothed_one_after_the_other(agree: Agree) -> None:
    agree("moving_average", series(2, 9, 8, 3), free=(1, 2), size=3, axes=[0, 1])
    agree("gaussian_filter", series(2, 9, 8, 3), sigma=1.1, axes=[0, 1])


@pytest.mark.parametrize("causal", [True, False])
def test_a_recursion_is_a_matrix(agree: Agree, *, causal: bool) -> None:
    agree("butterworth", series(3, 80, 2), kind="low", order=3, cutoff=[0.2], causal=causal)
    agree(
        "butterworth", series(3, 2, 80), kind="band", order=2, cutoff=[0.1, 0.3], axis=1,
        causal=causal,
    )  # fmt: skip


def test_a_recursion_over_a_free_length_is_refused() -> None:
    import tensorflow as tf

    from edgesmith.fusing.smoothing import butterworth

    op = Butterworth(kind="low", order=2, cutoff=(0.2,))
    traced = tf.function(lambda x: butterworth(op, x), autograph=False)

    with pytest.raises(NotInGraphError, match="needs a known number of points, at most 1024"):
        traced.get_concrete_function(tf.TensorSpec((None, None, 2), tf.float32))
