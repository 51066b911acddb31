from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import onnx
import pytest

from edgesmith.reference import trace
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

layers: Any = keras.layers
symbol: Any = keras.Input

KINDS = {
    "LSTM": lambda **settings: layers.LSTM(3, **settings),
    "GRU": lambda **settings: layers.GRU(3, **settings),
    "GRU, reset before": lambda **settings: layers.GRU(3, reset_after=False, **settings),
    "SimpleRNN": lambda **settings: layers.SimpleRNN(3, **settings),
}


@pytest.fixture(autouse=True)
def _seeded_weights() -> None:
    """What float32 rounds by depends on the weights, which Keras would draw anew in every run."""
    keras.utils.set_random_seed(0)


def _skipping(n: int, time: int) -> np.ndarray:
    """Sequences of four features with steps of zeros anywhere; the second is all zeros."""
    rng = np.random.default_rng(1)
    kept = rng.uniform(size=(n, time, 1)) < 0.6
    kept[1] = False
    return (rng.standard_normal((n, time, 4)) * kept).astype(np.float32)


def _random_biases(model: keras.Model) -> keras.Model:
    rng = np.random.default_rng(2)
    for weight in model.weights:
        if weight.name == "bias":
            weight.assign(rng.normal(0, 0.3, weight.shape))
    return model


def _operations(artifact: Artifact) -> Counter[str]:
    model = onnx.load_model_from_string(bytes(artifact.content))
    return Counter(node.op_type for node in model.graph.node)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_node_answers_as_the_keras_layer_under_any_mask(
    error_of: Callable[..., float], kind: str
) -> None:
    x = symbol((None, 4))
    masked = layers.Masking()(x)
    outputs = [
        KINDS[kind](return_sequences=sequences, go_backwards=backwards, return_state=True)(
            given
        )
        for given in (x, masked)
        for sequences in (False, True)
        for backwards in (False, True)
    ]
    zeroed = [
        KINDS[kind](return_sequences=sequences, zero_output_for_mask=True)(masked)
        for sequences in (False, True)
    ]
    model = _random_biases(keras.Model(x, [keras.tree.flatten(outputs), zeroed]))

    assert error_of(model, Format.ONNX, _skipping(3, 6)) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("opset", [13, 23])
def test_the_nodes_are_those_of_every_promised_opset(
    error_of: Callable[..., float], opset: int
) -> None:
    x = symbol((None, 4))
    masked = layers.Masking()(x)
    outputs = [
        make(return_sequences=True, go_backwards=True)(masked) for make in KINDS.values()
    ]

    assert error_of(keras.Model(x, outputs), Format.ONNX, _skipping(3, 6), opset=opset) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_given_initial_state_outlasts_a_sequence_without_a_step(
    error_of: Callable[..., float], kind: str
) -> None:
    x, start = symbol((6, 4), name="x"), symbol((3,), name="start")
    states = [start, -start] if kind == "LSTM" else [start]
    masked = layers.Masking()(x)
    outputs = KINDS[kind](return_sequences=True, return_state=True)(
        masked, initial_state=states
    )
    both = layers.Bidirectional(KINDS[kind](return_state=True))(
        masked, initial_state=[*states, *states]
    )
    model = _random_biases(keras.Model([x, start], [*outputs, *both]))
    samples = {"x": _skipping(3, 6), "start": np.linspace(-1, 1, 9, dtype="f4").reshape(3, 3)}

    assert error_of(model, Format.ONNX, samples) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["LSTM", "GRU, reset before"])
def test_one_node_goes_both_ways(
    error_of: Callable[..., float], artifact_of: Callable[..., Artifact], kind: str
) -> None:
    x = symbol((None, 4))
    modes = [
        layers.Bidirectional(KINDS[kind](return_sequences=sequences), merge_mode=mode)(given)
        for mode, sequences, given in (
            ("concat", True, layers.Masking()(x)),
            ("concat", False, layers.Masking()(x)),
            ("sum", True, x),
            ("ave", False, x),
            ("mul", True, x),
            (None, True, x),
        )
    ]
    model = _random_biases(keras.Model(x, keras.tree.flatten(modes)))

    assert error_of(model, Format.ONNX, _skipping(3, 6)) < 1e-5
    operations = _operations(artifact_of(trace(model), Format.ONNX))
    assert operations[kind.split(",")[0]] == len(modes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "recurrent_activation"),
    [
        ("relu", "sigmoid"),
        ("elu", "hard_sigmoid"),
        ("leaky_relu", "hard_sigmoid"),
        ("softplus", "softsign"),
        (None, "linear"),
    ],
)
def test_activations_that_onnx_knows_are_those_of_the_node(
    error_of: Callable[..., float],
    artifact_of: Callable[..., Artifact],
    activation: str | None,
    recurrent_activation: str,
) -> None:
    chosen = {"activation": activation, "recurrent_activation": recurrent_activation}
    x = symbol((5, 4))
    model = keras.Model(x, [layers.LSTM(3, **chosen)(x), layers.GRU(3, **chosen)(x)])

    assert error_of(model, Format.ONNX, _skipping(3, 5)) < 1e-5
    operations = _operations(artifact_of(trace(model), Format.ONNX))
    assert (operations["LSTM"], operations["GRU"], operations["Loop"]) == (1, 1, 0)


@pytest.mark.slow
def test_a_stack_of_cells_becomes_a_node_each(
    error_of: Callable[..., float], artifact_of: Callable[..., Artifact]
) -> None:
    cells = [layers.LSTMCell(3), layers.GRUCell(4), layers.SimpleRNNCell(2)]
    x = symbol((None, 4))
    stack = layers.RNN(cells, go_backwards=True, return_sequences=True, return_state=True)
    model = keras.Model(x, keras.tree.flatten(stack(layers.Masking()(x))))

    assert error_of(model, Format.ONNX, _skipping(3, 6)) < 1e-5
    operations = _operations(artifact_of(trace(model), Format.ONNX))
    assert (operations["LSTM"], operations["GRU"], operations["RNN"]) == (1, 1, 1)


@pytest.mark.slow
def test_a_backwards_mask_that_keras_applies_forwards_is_followed(
    error_of: Callable[..., float],
) -> None:
    x = symbol((4, 4))
    odd = layers.GRU(
        3, unroll=True, go_backwards=True, zero_output_for_mask=True, return_sequences=True
    )
    model = keras.Model(x, odd(layers.Masking()(x)))

    assert error_of(model, Format.ONNX, _skipping(3, 4)) < 1e-5
