from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from edgesmith.reference import load_original
from edgesmith.reference.legacy.nodes import Wiring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

layers = keras.layers


def _layer(class_name: str, name: str, nodes: Any, **settings: Any) -> dict[str, Any]:
    config = {"name": name, "trainable": True, "dtype": "float32", **settings}
    return {"class_name": class_name, "name": name, "config": config, "inbound_nodes": nodes}


def _model(inputs: list[str], outputs: list[Any], *parts: dict[str, Any]) -> dict[str, Any]:
    settings = {"name": "m", "layers": [*parts], "output_layers": outputs}
    settings["input_layers"] = [[name, 0, 0] for name in inputs]
    return {"class_name": "Functional", "config": settings}


def _input(name: str, *shape: int) -> dict[str, Any]:
    return _layer("InputLayer", name, [], batch_input_shape=[None, *shape])


def test_a_tower_that_is_called_twice_is_joined_twice(
    write_h5: Callable[..., Path], rng: np.random.Generator
) -> None:
    dense = {"class_name": "Dense", "config": {"name": "d", "units": 2}}
    tower = {"name": "tower", "layers": [{**_input("i", 3)}, dense]}
    calls = [[["a", 0, 0, {}]], [["b", 0, 0, {}]]]
    model = _model(
        ["a", "b"],
        [["difference", 0, 0]],
        _input("a", 3),
        _input("b", 3),
        {
            "class_name": "Sequential",
            "name": "tower",
            "config": tower,
            "inbound_nodes": calls,
        },
        _layer("Subtract", "difference", [[["tower", 1, 0, {}], ["tower", 2, 0, {}]]]),
    )
    kernel, bias = rng.normal(size=(3, 2)), rng.normal(size=2)
    path = write_h5(model, {"a": [], "b": [], "tower": [kernel, bias], "difference": []})

    loaded = load_original(path)

    a, b = (rng.normal(size=(4, 3)).astype(np.float32) for _ in range(2))
    np.testing.assert_allclose(loaded([a, b]), (a - b) @ kernel, atol=1e-5)


def test_tensors_given_by_name_are_joined(
    write_h5: Callable[..., Path], rng: np.random.Generator
) -> None:
    query, value = keras.Input((4, 6), name="q"), keras.Input((5, 6), name="v")
    attention = layers.MultiHeadAttention(2, 3, name="attention")
    equal = keras.Model([query, value], attention(query, value))
    shapes = {"query_shape": [None, 4, 6], "value_shape": [None, 5, 6], "key_shape": None}
    model = _model(
        ["q", "v"],
        [["attention", 0, 0]],
        _input("q", 4, 6),
        _input("v", 5, 6),
        _layer(
            "MultiHeadAttention",
            "attention",
            [[["q", 0, 0, {"value": ["v", 0, 0]}]]],
            num_heads=2,
            key_dim=3,
            value_dim=3,
            use_bias=True,
            dropout=0.0,
            **shapes,
        ),
    )
    path = write_h5(model, {"q": [], "v": [], "attention": equal.get_weights()})

    loaded = load_original(path)

    q, v = rng.normal(size=(2, 4, 6)), rng.normal(size=(2, 5, 6))
    np.testing.assert_allclose(
        loaded([q.astype(np.float32), v.astype(np.float32)]),
        equal([q.astype(np.float32), v.astype(np.float32)]),
        atol=1e-5,
    )


def test_an_ellipsis_in_a_call_is_written_as_keras_3_writes_it() -> None:
    layer = _layer("SlicingOpLambda", "last", [["x", 0, 0, {"slice_spec": [..., 0]}]])
    wiring = Wiring.of(_model(["x"], [["last", 0, 0]], _input("x", 3), layer)["config"])

    (call,) = wiring.nodes(layer)

    assert call["kwargs"]["slice_spec"] == [{"class_name": "__ellipsis__", "config": {}}, 0]


def test_one_output_alone_is_not_in_a_list() -> None:
    model = _model(["x"], [["d", 0, 0]], _input("x", 3), _layer("Dense", "d", [[["x", 0, 0]]]))

    assert Wiring.of(model["config"]).ends([["d", 0, 0]]) == ["d", 0, 0]


def test_several_outputs_stay_in_their_order() -> None:
    model = _model(["x"], [], _input("x", 3), _layer("Dense", "d", [[["x", 0, 0]]]))

    ends = Wiring.of(model["config"]).ends([["d", 0, 0], ["x", 0, 0]])

    assert ends == [["d", 0, 0], ["x", 0, 0]]
