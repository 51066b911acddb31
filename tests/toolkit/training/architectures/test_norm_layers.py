from __future__ import annotations

from typing import Any

import keras
import numpy as np

from edgesmith.training.architectures.norm_layers import normalised, rectified


def test_layers_are_named_after_the_one_before_them() -> None:
    given: Any = keras.Input((2,))

    made = keras.Model(given, rectified(normalised(given, "point"), "point"))

    assert [layer.name for layer in made.layers[1:]] == ["point_norm", "point_relu"]


def test_the_statistics_keep_up_with_a_short_training() -> None:
    """After 20 batches 12 % of the start are left; with Keras' own momentum 82 %."""
    given: Any = keras.Input((1,))
    made = keras.Model(given, normalised(given, "x"))

    for _ in range(20):
        made(np.full((4, 1), 10.0, np.float32), training=True)

    mean = made.get_layer("x_norm").moving_mean.numpy().item()
    np.testing.assert_allclose(mean, 10.0 * (1 - 0.9**20), rtol=1e-5)
