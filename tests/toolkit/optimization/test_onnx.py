from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from edgesmith.optimization import taps_of
from edgesmith.recipe import Scheme
from edgesmith_runtime.errors import OptimizationError
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact


@pytest.fixture(scope="module")
def net(nets: dict[Format, Any]) -> Any:
    return nets[Format.ONNX]


def _model(artifact: Artifact) -> onnx.ModelProto:
    return onnx.load_model_from_string(bytes(artifact.content))


def test_full_integer_is_refused(net: Any) -> None:
    with pytest.raises(
        OptimizationError,
        match=r"^int8_full_integer: an ONNX artifact keeps inputs and outputs in float; TFLite "
        "has integer ones$",
    ):
        net.made(Scheme.INT8_FULL_INTEGER)


@pytest.mark.parametrize(
    "scheme",
    [
        Scheme.FLOAT16,
        Scheme.INT8_WEIGHTS,
        Scheme.INT4_WEIGHTS,
        Scheme.INT8_DYNAMIC,
        Scheme.INT8_STATIC,
    ],
)
def test_what_is_made_is_a_valid_model(net: Any, scheme: Scheme) -> None:
    model = _model(net.made(scheme))

    onnx.checker.check_model(model, full_check=True)
    assert [one.version for one in model.opset_import if not one.domain] == [
        net.artifact.version
    ]


@pytest.mark.parametrize(
    "scheme",
    [Scheme.FLOAT16, Scheme.INT8_WEIGHTS, Scheme.INT4_WEIGHTS, Scheme.INT8_STATIC],
)
def test_the_engine_answers_as_the_reference_of_the_standard(net: Any, scheme: Scheme) -> None:
    made = net.made(scheme)

    model = _model(made)
    model.opset_import[0].version = 19  # the reference has no older DequantizeLinear
    (expected,) = list(ReferenceEvaluator(model).run(None, dict(net.tensors)))
    np.testing.assert_allclose(net.answers(made), np.asarray(expected), atol=5e-3)


def test_the_float_artifact_is_left_as_it_is(net: Any) -> None:
    before = bytes(net.artifact.content)

    net.made(Scheme.INT8_STATIC)

    assert bytes(net.artifact.content) == before


def test_taps_give_what_the_reference_of_the_standard_computes(net: Any) -> None:
    model = _model(net.artifact)
    name = next(node.output for node in net.nodes if node.layer == "depthwise")
    model.graph.output.append(onnx.ValueInfoProto(name=name))

    values = taps_of(net.artifact, net.nodes)(net.tensors)

    (expected,) = list(ReferenceEvaluator(model).run([name], dict(net.tensors)))
    np.testing.assert_allclose(values[name], np.asarray(expected), atol=1e-4)


def test_dynamic_is_refused_without_a_dense_layer(
    net_of: Callable[..., Any], samples: Any
) -> None:
    import keras

    image = keras.Input((8, 8, 3), name="image")
    net = net_of(
        keras.Model(image, keras.layers.Conv2D(16, 5, name="stem")(image)), Format.ONNX, samples
    )

    with pytest.raises(
        OptimizationError,
        match=r"^int8_dynamic: the model has no dense or LSTM layer to quantize, and "
        "onnxruntime's convolutions with ranges of each run are slower than in float$",
    ):
        net.made(Scheme.INT8_DYNAMIC)


@pytest.fixture(scope="module")
def recurrent(net_of: Callable[..., Any]) -> Any:
    """An LSTM whose last state alone is used, as before a dense layer."""
    import keras

    steps = keras.Input((6, 8), name="steps")
    x = keras.layers.LSTM(32, name="lstm")(steps)
    model = keras.Model(steps, keras.layers.Dense(40, name="dense")(x))
    rng = np.random.default_rng(3)
    tensors = {"steps": rng.normal(size=(20, 6, 8)).astype(np.float32)}
    return net_of(model, Format.ONNX, tensors)


def test_an_lstm_is_a_node_with_its_weights(recurrent: Any) -> None:
    (node,) = [node for node in recurrent.nodes if node.op == "LSTM"]

    assert node.layer == "lstm"
    assert node.weight_bytes >= 4 * 32 * (8 + 32) * 4


@pytest.mark.parametrize(
    "scheme", [Scheme.FLOAT16, Scheme.INT8_WEIGHTS, Scheme.INT4_WEIGHTS, Scheme.INT8_DYNAMIC]
)
def test_the_weights_of_an_lstm_are_narrow(
    recurrent: Any, constants_of: Any, snr_db: Callable[..., float], scheme: Scheme
) -> None:
    made = recurrent.made(scheme)

    large = [one for one in constants_of(made).values() if one.n_numbers > 4 * 32 * 8 / 2]
    assert "float32" not in {one.dtype for one in large}
    assert snr_db(recurrent.answers(recurrent.artifact), recurrent.answers(made)) > 15
