from __future__ import annotations

from typing import Any

from edgesmith.reference.legacy.keras2 import modernized


def _layer(class_name: str, **settings: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": settings}


def test_a_list_of_layers_is_a_sequential_with_an_input() -> None:
    old = {
        "class_name": "Sequential",
        "config": [_layer("Dense", name="d", units=2, batch_input_shape=[None, 3])],
    }

    new = modernized(old, ())

    assert new["config"]["name"] == "sequential"
    first, second = new["config"]["layers"]
    assert first["config"] == {
        "name": "d_input",
        "batch_shape": [None, 3],
        "dtype": "float32",
    }
    assert second["config"] == {"name": "d", "units": 2}


def test_a_model_kept_whether_its_first_layer_is_an_input() -> None:
    layers = [
        _layer("InputLayer", name="x", batch_input_shape=[None, 3], dtype="float32"),
        _layer("Dense", name="d", units=2),
    ]

    new = modernized(
        {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}, ()
    )

    assert [layer["class_name"] for layer in new["config"]["layers"]] == ["InputLayer", "Dense"]
    assert new["config"]["layers"][0]["config"]["batch_shape"] == [None, 3]


def test_layers_in_layers_are_modernized() -> None:
    inner = _layer("CuDNNLSTM", name="lstm", units=2)

    new = modernized(_layer("Bidirectional", name="b", layer=inner), ())

    assert new["config"]["layer"]["module"] == "keras.layers"
    assert new["config"]["layer"]["class_name"] == "LSTM"


def test_a_custom_class_keeps_its_settings() -> None:
    old = _layer("Swirl", name="s", kernel_initializer="zeros", groups=3, input_dim=4)

    new = modernized(old, {"Swirl"})

    assert new["config"] == old["config"]
    assert (new["module"], new["registered_name"]) == (None, "Swirl")
