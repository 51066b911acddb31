from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.optimization import Node, nodes_of, taps_of, weight_bytes_by_layer
from edgesmith.scopes import layer_of
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.reference import Reference
    from edgesmith_runtime.bundle import Artifact

WEIGHTS = {  # by hand; a convolution's with the bias that its normalization became
    "stem": 3 * 3 * 3 * 16 + 16,
    "depthwise": 5 * 5 * 16,
    "hidden": 16 * 192,
    "digit": 192 * 3,
}


@pytest.mark.parametrize("fmt", list(Format))
def test_every_weight_is_of_its_keras_layer(nets: dict[Format, Any], fmt: Format) -> None:
    sizes = weight_bytes_by_layer(nets[fmt].nodes)

    biases = {"depthwise": 16}  # of zeros: a format may keep it
    for layer, n_numbers in WEIGHTS.items():
        assert sizes[layer] in (n_numbers * 4, (n_numbers + biases.get(layer, 0)) * 4)
    assert {layer for layer, size in sizes.items() if size} == set(WEIGHTS)


@pytest.mark.parametrize("fmt", list(Format))
def test_a_convolution_that_took_its_normalization_in_keeps_its_name(
    nets: dict[Format, Any], fmt: Format
) -> None:
    convolutions = [
        node.layer for node in nets[fmt].nodes if node.op.lower().startswith("conv")
    ]

    assert convolutions[0] == "stem"


@pytest.mark.parametrize("fmt", list(Format))
def test_layers_without_weights_have_their_names(nets: dict[Format, Any], fmt: Format) -> None:
    layers = {node.op.upper(): node.layer for node in nets[fmt].nodes}

    assert layers["ADD"] == "residual"
    assert layers["SOFTMAX"] == "digit"


@pytest.mark.parametrize("fmt", list(Format))
def test_softmax_stays_float_by_a_rule(nets: dict[Format, Any], fmt: Format) -> None:
    reasons = {node.op: node.float_because for node in nets[fmt].nodes}

    op = {Format.ONNX: "Softmax", Format.TFLITE: "SOFTMAX"}[fmt]
    assert reasons[op] == f"a rule: 8 bits are too few for {op}"


@pytest.mark.parametrize("fmt", list(Format))
def test_nothing_with_weights_need_stay_float(nets: dict[Format, Any], fmt: Format) -> None:
    assert {node.float_because for node in nets[fmt].nodes if node.weight_bytes} == {None}


@pytest.mark.parametrize(
    ("fmt", "reason"),
    [
        (Format.ONNX, "onnxruntime has no int8 kernel for Sin"),
        (Format.TFLITE, "ai-edge-quantizer has no int8 form of SIN"),
    ],
)
def test_an_op_without_a_kernel_says_so(
    net_of: Callable[..., Any], samples: Any, fmt: Format, reason: str
) -> None:
    import keras

    image = keras.Input((8, 8, 3), name="image")
    wave = keras.layers.Activation(keras.ops.sin, name="wave")(image)

    nodes = net_of(keras.Model(image, wave), fmt, samples).nodes

    assert [node.float_because for node in nodes if node.layer == "wave"] == [reason]


@pytest.mark.parametrize("fmt", list(Format))
def test_a_transposed_convolution_can_be_int8(
    net_of: Callable[..., Any], samples: Any, fmt: Format
) -> None:
    import keras

    image = keras.Input((8, 8, 3), name="image")
    larger = keras.layers.Conv2DTranspose(16, 3, strides=2, padding="same", name="up")(image)

    nodes = net_of(keras.Model(image, larger), fmt, samples).nodes

    assert {n.float_because for n in nodes if n.weight_bytes and n.layer == "up"} == {None}


@pytest.mark.parametrize("fmt", list(Format))
def test_an_op_that_gives_the_output_is_of_its_layer_in_a_nested_model_too(
    reference: Reference, artifact_of: Callable[..., Artifact], fmt: Format
) -> None:
    named = functools.partial(layer_of, scopes=reference.freeze().scopes)

    nodes = nodes_of(artifact_of(reference, fmt), named)

    dense, softmax = [n.layer for n in nodes if n.op.upper() == "SOFTMAX" or n.weight_bytes][
        -2:
    ]
    assert softmax == dense
    assert dense.endswith("/digit")


@pytest.mark.parametrize("fmt", list(Format))
def test_without_a_layer_a_node_has_its_own_name(nets: dict[Format, Any], fmt: Format) -> None:
    nodes = nodes_of(nets[fmt].artifact, lambda name: None)

    assert all(node.layer == node.name for node in nodes)


@pytest.mark.parametrize("fmt", list(Format))
def test_the_nodes_are_chained_by_their_tensors(nets: dict[Format, Any], fmt: Format) -> None:
    nodes = nets[fmt].nodes

    outputs = [node.output for node in nodes]

    assert len(set(outputs)) == len(outputs)
    assert outputs[-1] == "digit"
    for place, node in enumerate(nodes[1:], 1):
        assert set(node.inputs) & {"image", *outputs[:place]}


@pytest.mark.parametrize("fmt", list(Format))
def test_taps_give_what_keras_computes_inside(nets: dict[Format, Any], fmt: Format) -> None:
    net = nets[fmt]

    values = taps_of(net.artifact, net.nodes)(net.tensors)

    assert set(values) == {"image", *(node.output for node in net.nodes)}
    np.testing.assert_array_equal(values["image"], net.tensors["image"])
    np.testing.assert_allclose(values["digit"], net.answers(net.artifact), atol=1e-6)
    residual = next(node for node in net.nodes if node.layer == "residual")
    terms = [values[name] for name in residual.inputs]
    np.testing.assert_allclose(values[residual.output], terms[0] + terms[1], atol=1e-6)


def _node(layer: str, weight_bytes: int) -> Node:
    return Node(
        name=f"{layer}/{weight_bytes}",
        op="Conv",
        layer=layer,
        inputs=(),
        output="y",
        weight_bytes=weight_bytes,
    )


def test_the_bytes_of_a_layer_are_those_of_all_its_nodes() -> None:
    nodes = (_node("b", 4), _node("a", 8), _node("b", 12), _node("c", 0))

    assert list(weight_bytes_by_layer(nodes).items()) == [("b", 16), ("a", 8), ("c", 0)]
