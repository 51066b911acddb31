from __future__ import annotations

from typing import Any

import pytest

from edgesmith.reference.legacy.settings import of_custom, of_keras
from edgesmith_runtime.errors import ConversionError

_POLICY = {"class_name": "Policy", "config": {"name": "mixed_float16"}}


@pytest.mark.parametrize(
    ("class_name", "old", "new_name", "new"),
    [
        ("Conv2DTranspose", {"filters": 2, "groups": 1}, "Conv2DTranspose", {"filters": 2}),
        (
            "DepthwiseConv2D",
            {"depth_multiplier": 1, "groups": 3, "kernel_regularizer": "l2"},
            "DepthwiseConv2D",
            {"depth_multiplier": 1},
        ),
        ("SeparableConv2D", {"filters": 2, "groups": 1}, "SeparableConv2D", {"filters": 2}),
        ("BatchNormalizationV1", {"axis": [3]}, "BatchNormalization", {"axis": 3}),
        ("Dense", {"units": 2, "kernel_initializer": {}}, "Dense", {"units": 2}),
        (
            "Dense",
            {"units": 2, "dtype": _POLICY},
            "Dense",
            {"units": 2, "dtype": "mixed_float16"},
        ),
        ("LSTM", {"units": 2, "time_major": False}, "LSTM", {"units": 2}),
        ("GRU", {"units": 2}, "GRU", {"units": 2, "reset_after": False}),
        ("GRUV2", {"reset_after": True}, "GRU", {"reset_after": True}),
        (
            "CuDNNGRU",
            {"units": 2},
            "GRU",
            {
                "units": 2,
                "activation": "tanh",
                "recurrent_activation": "sigmoid",
                "reset_after": True,
            },
        ),
        ("Embedding", {"input_dim": 5, "input_length": 7}, "Embedding", {"input_dim": 5}),
        ("LeakyReLU", {"alpha": 0.2}, "LeakyReLU", {"negative_slope": 0.2}),
    ],
)
def test_settings_become_those_of_keras_3(
    class_name: str, old: dict[str, Any], new_name: str, new: dict[str, Any]
) -> None:
    assert of_keras(class_name, old) == (new_name, new)


def test_what_keras_3_cannot_do_is_left_for_it_to_refuse() -> None:
    assert of_keras("LSTM", {"time_major": True}) == ("LSTM", {"time_major": True})


def test_several_axes_of_a_batch_normalization_are_refused() -> None:
    with pytest.raises(ConversionError, match=r"layer 'norm': .*over the axes \[1, 2\]"):
        of_keras("BatchNormalization", {"name": "norm", "axis": [1, 2]})


def test_a_custom_class_gets_the_name_of_its_policy() -> None:
    assert of_custom({"dtype": _POLICY, "batch_input_shape": [None, 2], "k": 1}) == {
        "dtype": "mixed_float16",
        "k": 1,
    }
