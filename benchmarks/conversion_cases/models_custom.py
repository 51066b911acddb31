"""Models of people's own classes: subclassed, with own layers, own cells, own variables."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from conversion_cases.feeding import Feed, chance
from conversion_cases.model_case import model_case

__all__ = ["CUSTOM_MODELS"]


class Fusion(keras.Model):
    """Takes and gives a dict; the parts come to be at the first call."""

    def __init__(self) -> None:
        super().__init__()
        self.encoders = {"image": layers.Conv2D(4, 3), "table": layers.Dense(4, "relu")}
        self.flatten, self.head = layers.Flatten(), layers.Dense(3)

    def call(self, inputs: dict[str, Any], *, training: bool = False) -> dict[str, Any]:
        del training
        image = self.flatten(self.encoders["image"](inputs["image"]))
        joined = ops.concatenate([image, self.encoders["table"](inputs["table"])], axis=-1)
        return {"logits": self.head(joined), "features": joined}


class PlainVariables(keras.Model):
    """As in TensorFlow's tutorials: weights that Keras does not know."""

    def __init__(self) -> None:
        super().__init__()
        initial = tf.random_normal_initializer(seed=3)
        self.weight = tf.Variable(initial((4, 3)), name="weight")
        self.offset = tf.Variable(initial((3,)), name="offset", trainable=False)

    def call(self, x: Any) -> Any:
        return tf.nn.softplus(tf.matmul(x, self.weight) + self.offset)


class Residual(keras.Model):
    """Layers in a list, a loop in the call, a branch on training."""

    def __init__(self, depth: int = 3) -> None:
        super().__init__()
        self.blocks = [layers.Dense(6, "relu") for _ in range(depth)]
        self.norms = [layers.BatchNormalization() for _ in range(depth)]
        self.noise = layers.GaussianNoise(0.5)

    def call(self, x: Any, *, training: bool = False) -> Any:
        x = self.noise(x, training=training)
        for block, norm in zip(self.blocks, self.norms, strict=True):
            x = x + norm(block(x), training=training)
        return x


class TwoArguments(keras.Model):
    """Two tensors as arguments of the call, a tuple back."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key = layers.Dense(4), layers.Dense(4)

    def call(self, question: Any, answer: Any) -> tuple[Any, Any]:
        left, right = self.query(question), self.key(answer)
        return ops.sum(left * right, axis=-1, keepdims=True), ops.norm(left - right, axis=-1)


@keras.saving.register_keras_serializable("cases")
class TopKExperts(layers.Layer):
    """A mixture of experts: the k best by the gate answer, weighted."""

    def __init__(self, n_experts: int, units: int, k: int, name: str | None = None) -> None:
        super().__init__(name=name)
        self.n_experts, self.units, self.k = n_experts, units, k
        self.gate = layers.Dense(n_experts)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.gate.build(input_shape)
        self.kernel = self.add_weight(
            shape=(self.n_experts, input_shape[-1], self.units), name="kernel"
        )

    def call(self, x: Any) -> Any:
        scores, chosen = ops.top_k(self.gate(x), self.k)
        shares = ops.softmax(scores, axis=-1)
        picks = ops.one_hot(chosen, self.n_experts)
        weights = ops.einsum("bk,bke->be", shares, picks)
        return ops.einsum("bi,eio,be->bo", x, self.kernel, weights)


@keras.saving.register_keras_serializable("cases")
class GraphAttention(layers.Layer):
    """Attention of each node to its neighbours (arXiv:1710.10903), dense adjacency."""

    def __init__(self, units: int, name: str | None = None) -> None:
        super().__init__(name=name)
        self.units = units

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        width = input_shape[0][-1]
        self.kernel = self.add_weight(shape=(width, self.units), name="kernel")
        self.source = self.add_weight(shape=(self.units, 1), name="source")
        self.target = self.add_weight(shape=(self.units, 1), name="target")

    def call(self, inputs: list[Any]) -> Any:
        nodes, adjacency = inputs
        hidden = ops.matmul(nodes, self.kernel)
        scores = ops.matmul(hidden, self.source) + ops.swapaxes(
            ops.matmul(hidden, self.target), 1, 2
        )
        scores = ops.where(adjacency > 0, ops.leaky_relu(scores, 0.2), -1e9)
        return ops.elu(ops.matmul(ops.softmax(scores, axis=-1), hidden))


@keras.saving.register_keras_serializable("cases")
class RadialBasis(layers.Layer):
    """Distances to learned centres, as Gaussians."""

    def __init__(self, units: int, name: str | None = None) -> None:
        super().__init__(name=name)
        self.units = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.centres = self.add_weight(shape=(self.units, input_shape[-1]), name="centres")
        self.log_width = self.add_weight(
            shape=(self.units,), initializer="zeros", name="log_width"
        )

    def call(self, x: Any) -> Any:
        squares = ops.sum(ops.square(ops.expand_dims(x, 1) - self.centres), axis=-1)
        return ops.exp(-squares * ops.exp(self.log_width))


@keras.saving.register_keras_serializable("cases")
class LeakyCell(layers.Layer):
    """A cell of one's own: a leaky integrator."""

    def __init__(self, units: int, name: str | None = None) -> None:
        super().__init__(name=name)
        self.units = self.state_size = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.decay = self.add_weight(shape=(self.units,), name="decay", initializer="ones")

    def call(self, x: Any, states: Any) -> tuple[Any, list[Any]]:
        state = states[0] * ops.sigmoid(self.decay) + ops.matmul(x, self.kernel)
        return ops.tanh(state), [state]


@keras.saving.register_keras_serializable("cases")
class CapsuleRouting(layers.Layer):
    """Routing by agreement in three rounds (arXiv:1710.09829)."""

    def __init__(self, n_capsules: int, width: int, name: str | None = None) -> None:
        super().__init__(name=name)
        self.n_capsules, self.width = n_capsules, width

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        _, n, width = input_shape
        self.kernel = self.add_weight(
            shape=(n, self.n_capsules, width, self.width), name="kernel"
        )

    def call(self, capsules: Any) -> Any:
        votes = ops.einsum("bni,ncio->bnco", capsules, self.kernel)
        agreement = ops.zeros_like(votes[..., 0])
        for _ in range(3):
            shares = ops.softmax(agreement, axis=-1)
            total = ops.einsum("bnc,bnco->bco", shares, votes)
            norm = ops.sum(ops.square(total), axis=-1, keepdims=True)
            squashed = total * norm / (1 + norm) / ops.sqrt(norm + 1e-7)
            agreement = agreement + ops.einsum("bnco,bco->bnc", votes, squashed)
        return squashed


def subclassed_dict_inputs() -> keras.Model:
    model = Fusion()
    model({"image": ops.zeros((1, 8, 8, 1)), "table": ops.zeros((1, 5))})
    return model


def subclassed_plain_variables() -> keras.Model:
    model = PlainVariables()
    model(ops.zeros((1, 4)))
    return model


def subclassed_residual() -> keras.Model:
    model = Residual()
    model(ops.zeros((1, 6)))
    return model


def subclassed_two_arguments() -> keras.Model:
    model = TwoArguments()
    model(ops.zeros((1, 5)), ops.zeros((1, 3)))
    return model


def mixture_of_experts() -> keras.Model:
    row = keras.Input((6,), name="row")
    return keras.Model(row, layers.Dense(2)(TopKExperts(4, 8, 2)(row)))


def graph_attention() -> keras.Model:
    nodes, adjacency = keras.Input((6, 4), name="nodes"), keras.Input((6, 6), name="adjacency")
    x = GraphAttention(5)([nodes, adjacency])
    x = GraphAttention(3)([x, adjacency])
    return keras.Model([nodes, adjacency], layers.Dense(2)(layers.GlobalMaxPooling1D()(x)))


def graph_convolution() -> keras.Model:
    nodes, adjacency = keras.Input((6, 4), name="nodes"), keras.Input((6, 6), name="adjacency")
    degree = ops.maximum(ops.sum(adjacency, axis=-1, keepdims=True), 1.0)
    x = ops.relu(layers.Dense(5)(ops.matmul(adjacency, nodes) / degree))
    return keras.Model([nodes, adjacency], layers.Dense(2)(ops.mean(x, axis=1)))


def radial_basis() -> keras.Model:
    return keras.Sequential([keras.Input((3,), name="point"), RadialBasis(6), layers.Dense(1)])


def own_recurrent_cell() -> keras.Model:
    series = keras.Input((6, 3), name="series")
    return keras.Model(series, layers.RNN(LeakyCell(4), return_sequences=True)(series))


def capsules() -> keras.Model:
    image = keras.Input((12, 12, 1), name="image")
    x = layers.Conv2D(8, 5, 3, activation="relu")(image)
    capsules_in = layers.Reshape((-1, 4))(x)
    x = CapsuleRouting(3, 5)(capsules_in)
    return keras.Model(image, ops.sqrt(ops.sum(ops.square(x), axis=-1) + 1e-7))


def lambdas() -> keras.Model:
    point = keras.Input((6,), name="point")
    x = layers.Lambda(lambda t: ops.concatenate([ops.sin(t), ops.cos(t)], axis=-1))(point)
    x = layers.Lambda(lambda t: tf.nn.l2_normalize(t, axis=-1))(layers.Dense(6)(x))
    x = layers.Lambda(lambda t: tf.reverse(t, axis=[1])[:, ::2])(x)
    return keras.Model(point, layers.Lambda(lambda t: t**2 + 0.5, name="answer")(x))


def operations_on_tensors() -> keras.Model:
    left, right = keras.Input((3, 4), name="left"), keras.Input((3, 4), name="right")
    similarity = ops.einsum("bid,bjd->bij", left, right)
    best = ops.max(similarity, axis=-1)
    spread = ops.std(left, axis=1) + ops.log1p(ops.abs(ops.prod(right, axis=1)))
    taken = ops.take(left, [2, 0], axis=1)
    return keras.Model(
        {"left": left, "right": right},
        {
            "best": best,
            "spread": spread,
            "pair": {"taken": taken, "flipped": ops.flip(right, 1)},
        },
    )


_GRAPH = {"nodes": Feed((6, 4)), "adjacency": Feed((6, 6), "float32", chance)}

CUSTOM_MODELS = (
    model_case(
        subclassed_dict_inputs,
        ("Conv2D", "Dense"),
        {"image": Feed((8, 8, 1)), "table": Feed((5,))},
    ),
    model_case(subclassed_plain_variables, (), {"x": Feed((4,))}),
    model_case(subclassed_residual, ("BatchNormalization", "GaussianNoise"), {"x": Feed((6,))}),
    model_case(
        subclassed_two_arguments, ("Dense",), {"question": Feed((5,)), "answer": Feed((3,))}
    ),
    model_case(mixture_of_experts, ("Dense",), {"row": Feed((6,))}),
    model_case(graph_attention, ("GlobalMaxPooling1D",), _GRAPH),
    model_case(graph_convolution, ("Dense",), _GRAPH),
    model_case(radial_basis, ("Dense",), {"point": Feed((3,))}),
    model_case(own_recurrent_cell, ("RNN",), {"series": Feed((6, 3))}),
    model_case(capsules, ("Conv2D",), {"image": Feed((12, 12, 1))}),
    model_case(lambdas, ("Lambda",), {"point": Feed((6,))}),
    model_case(operations_on_tensors, (), {"left": Feed((3, 4)), "right": Feed((3, 4))}),
)
