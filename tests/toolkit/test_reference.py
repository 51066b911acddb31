from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgesmith.reference import trace
from edgesmith_runtime.errors import ConversionError, SignatureError
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.reference import Reference

layers = keras.layers
ZEROS = np.zeros((2, 4), np.float32)


class Pair(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return {
            "sum": self.dense(inputs["a"] + inputs["b"]),
            "both": (inputs["a"], inputs["b"]),
        }


class Arguments(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, left: Any, right: Any, *, training: bool = False) -> list[Any]:
        return [self.dense(left), self.dense(right)]


def _names(reference: Reference) -> tuple[list[str], list[str]]:
    signature = reference.signature
    return [spec.name for spec in signature.inputs], [spec.name for spec in signature.outputs]


@pytest.mark.parametrize("batch_size", [1, 3, 256])
def test_the_outputs_are_those_that_keras_predicts(
    image_model: keras.Model,
    reference: Reference,
    images: NDArray[np.float32],
    batch_size: int,
) -> None:
    outputs = reference.run({"image": images}, batch_size=batch_size)

    expected = image_model.predict(images)
    np.testing.assert_allclose(outputs["digit"], expected, atol=1e-6)


def test_a_tensor_of_another_dtype_is_refused(
    reference: Reference, images: NDArray[np.float32]
) -> None:
    with pytest.raises(
        SignatureError, match="tensor 'image': expected dtype float32, got float64"
    ):
        reference.run({"image": images.astype(np.float64)})


def test_the_batch_axis_is_free_and_the_others_are_as_in_keras(reference: Reference) -> None:
    assert reference.signature.inputs == (TensorSpec("image", "float32", ("batch", 8, 8, 1)),)
    assert reference.signature.outputs == (TensorSpec("digit", "float32", ("batch", 3)),)


def test_other_free_axes_are_named_after_their_tensor() -> None:
    series = keras.Input((None, 3), name="series")
    model = keras.Model(series, layers.Dense(2, name="step")(series))

    signature = trace(model).signature

    assert signature.inputs[0].shape == ("batch", "series_1", 3)
    assert signature.outputs[0].shape == ("batch", "step_1", 2)


def test_the_same_model_gives_the_same_graph(
    image_model: keras.Model, reference: Reference
) -> None:
    assert trace(image_model).freeze().content == reference.freeze().content


def test_several_inputs_keep_the_names_of_their_tensors() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    model = keras.Model(
        [a, b], [layers.Dense(2, name="left")(a), layers.Dense(1, name="right")(b)]
    )

    assert _names(trace(model)) == (["a", "b"], ["left", "right"])


def test_dicts_of_inputs_and_outputs_keep_their_keys() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    model = keras.Model({"b": b, "a": a}, {"sum": layers.Add()([a, b]), "twice": a + a})
    tensors = {"a": ZEROS + 1, "b": ZEROS + 2}

    reference = trace(model)

    outputs = reference.run(tensors)
    assert sorted(_names(reference)[0]) == ["a", "b"]
    np.testing.assert_array_equal(outputs["sum"], ZEROS + 3)
    np.testing.assert_array_equal(outputs["twice"], ZEROS + 2)


def test_an_output_called_as_an_input_gets_a_suffix() -> None:
    x = keras.Input((4,), name="x")
    model = keras.Model({"x": x}, {"x": layers.ReLU()(x)})

    assert _names(trace(model)) == (["x"], ["x_output"])


def test_a_subclassed_model_takes_its_names_from_samples() -> None:
    model = Pair()

    reference = trace(model, samples={"a": ZEROS, "b": ZEROS})

    assert _names(reference) == (["a", "b"], ["both.0", "both.1", "sum"])
    np.testing.assert_array_equal(
        reference.run({"a": ZEROS + 1, "b": ZEROS + 2})["both.1"], ZEROS + 2
    )


def test_arguments_of_a_call_are_inputs() -> None:
    model = Arguments()

    reference = trace(model, samples={"left": ZEROS, "right": ZEROS + 1})

    outputs = reference.run({"left": ZEROS, "right": ZEROS + 1})
    assert _names(reference) == (["left", "right"], ["output_0", "output_1"])
    np.testing.assert_allclose(outputs["output_1"], model(ZEROS, ZEROS + 1)[1], rtol=1e-6)


def test_a_subclassed_model_that_was_called_says_what_it_takes() -> None:
    model = Pair()
    model({"a": ZEROS, "b": ZEROS})

    assert trace(model).signature.inputs == (
        TensorSpec("a", "float32", ("batch", 4)),
        TensorSpec("b", "float32", ("batch", 4)),
    )


def test_an_unbuilt_model_is_built_from_given_inputs() -> None:
    model = keras.Sequential([layers.Dense(3), layers.Dense(2, name="answer")])

    reference = trace(model, inputs=(TensorSpec("features", "float32", ("batch", 5)),))

    assert _names(reference) == (["features"], ["answer"])
    assert model.count_params() == 5 * 3 + 3 + 3 * 2 + 2


def test_an_unbuilt_model_without_samples_is_refused() -> None:
    with pytest.raises(
        ConversionError, match=r"does not say what it takes.*pass samples, or inputs"
    ):
        trace(keras.Sequential([layers.Dense(3)]))


def test_a_call_that_takes_more_than_keras_remembers_is_refused() -> None:
    model = Arguments()
    model(ZEROS, ZEROS)

    with pytest.raises(ConversionError, match="does not say what it takes"):
        trace(model)


def test_inputs_under_other_names_than_the_models_are_refused(image_model: keras.Model) -> None:
    spec = TensorSpec("picture", "float32", ("batch", 8, 8, 1))

    with pytest.raises(ConversionError, match=r"inputs are \['image'\], got \['picture'\]"):
        trace(image_model, inputs=(spec,))


def test_an_output_without_a_batch_axis_is_refused() -> None:
    class Total(keras.Model):
        def call(self, x: Any) -> Any:
            return tf.reduce_sum(x)

    with pytest.raises(
        ConversionError, match=r"output 'output' has shape \(\): its first axis"
    ):
        trace(Total(), samples=ZEROS)


def test_a_model_that_fails_is_named_with_its_own_words() -> None:
    class Wrong(keras.Model):
        def call(self, x: Any) -> Any:
            return x @ tf.ones([9, 2])

    with pytest.raises(ConversionError, match=r"wrong: cannot be traced: .*are 4 and 9"):
        trace(Wrong(), samples=ZEROS)


def test_another_keras_backend_is_refused(
    image_model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")

    with pytest.raises(
        ConversionError, match="'jax'; conversion needs tensorflow: set KERAS_BACK"
    ):
        trace(image_model)


def test_the_model_is_not_changed(images: NDArray[np.float32]) -> None:
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.BatchNormalization(), layers.Flatten(), layers.Dense(2)]
    )
    model.compile("sgd", "mse")
    before, config = model.get_weights(), model.get_config()

    trace(model).run({model.inputs[0].name: images})

    assert model.get_config() == config
    assert model.loss == "mse"
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_plain_variables_are_run_and_named(line_model: keras.Model) -> None:
    reference = trace(line_model, samples=np.zeros((1, 2), np.float32))

    outputs = reference.run({"x": np.array([[1, 1], [10, 0]], np.float32)})

    np.testing.assert_array_equal(outputs["output"], [[10.0], [25.0]])
    assert reference.unsaved == ("offset", "slope")


def test_a_model_that_works_with_its_own_batch_alone_has_that_batch() -> None:
    x = keras.Input(batch_shape=(4, 6))
    model = keras.Model(x, keras.ops.reshape(x, (4, 2, 3)))

    signature = trace(model).signature

    assert signature.inputs[0].shape == (4, 6)
    assert signature.outputs[0].shape == (4, 2, 3)


def test_a_batch_that_the_model_does_not_need_is_free() -> None:
    x = keras.Input(batch_shape=(4, 6))

    assert trace(keras.Model(x, layers.Dense(2)(x))).signature.batch_size is None


def test_the_batch_can_be_asked_for() -> None:
    x = keras.Input((6,), name="x")

    reference = trace(keras.Model(x, layers.Dense(2, name="d")(x)), batch=3)

    assert reference.signature.batch_size == 3
    assert reference.run({"x": np.zeros((5, 6), np.float32)})["d"].shape == (5, 2)


def test_a_stateful_layer_answers_from_the_state_that_it_has_and_keeps_it() -> None:
    x = keras.Input(batch_shape=(2, 3, 1), name="x")
    layer: Any = layers.SimpleRNN(2, stateful=True, name="rnn")
    model = keras.Model(x, layer(x))
    series = np.ones((2, 3, 1), np.float32)
    model(series)
    state = layer.states[0].numpy()

    reference = trace(model)
    answers = [reference.run({"x": series})["rnn"] for _ in range(2)]

    np.testing.assert_array_equal(layer.states[0].numpy(), state)
    np.testing.assert_array_equal(answers[0], answers[1])
    np.testing.assert_allclose(model(series), answers[0], atol=1e-6)
    assert reference.signature.batch_size == 2


def test_a_model_of_a_private_class_is_traced_though_keras_itself_does_not() -> None:
    class _Mine(keras.Model):
        def call(self, x: Any) -> Any:
            return x * 2.0

    x = np.ones((2, 3), np.float32)

    (doubled,) = trace(_Mine(), samples=x).run({"x": x}).values()

    np.testing.assert_array_equal(doubled, x * 2)
