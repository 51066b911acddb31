from __future__ import annotations

import keras
import pytest
import tensorflow as tf

from edgesmith.conversion.lowering.recurrent_cells import is_zero, keras_cells

layers = keras.layers


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_zeros_of_a_batch_that_is_not_known_are_seen(value: float) -> None:
    with tf.Graph().as_default():
        batch = tf.compat.v1.placeholder(tf.int32, [])
        state = tf.fill([batch, 3], value)

    assert is_zero(state) == (value == 0)


def test_a_cell_of_the_users_own_is_not_one_of_keras() -> None:
    class Own(layers.LSTMCell):
        pass

    assert keras_cells(layers.RNN([layers.GRUCell(2), Own(2)]), training=False) == ()


def test_dropout_that_is_active_leaves_a_cell_to_keras() -> None:
    layer = layers.LSTM(2, recurrent_dropout=0.5)

    assert keras_cells(layer, training=True) == ()
    assert keras_cells(layer, training=False) == (layer.cell,)
