from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgesmith.exporting import given_answers, output_nouns, trace_on, true_answers
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.manifest import DecodeOp, Output, Step, Task

THREE = Output(name="y", shape=(3,), labels=("cat", "dog", "owl"))
PROBABILITIES = np.full((2, 3), 1 / 3, np.float32)


def _answers(expected: Any, task: Task, n_values: int) -> Any:
    first = PROBABILITIES[:, :n_values]
    return true_answers(given_answers(expected, 2), task, THREE, first)


@pytest.mark.parametrize(
    "expected", [[2, 0], np.array([[2], [0]], np.uint8), np.array([2.0, 0.0])]
)
def test_class_indices_come_in_several_forms(expected: Any) -> None:
    answers = _answers(expected, Task.CLASSIFICATION, 3)

    assert answers.dtype == np.int64
    assert answers.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("expected", "n_values", "meant"),
    [([[5], [7]], 1, [5.0, 7.0]), (np.array([[1, 2], [3, 4]]), 2, [[1.0, 2.0], [3.0, 4.0]])],
)
def test_values_have_the_form_of_the_output(expected: Any, n_values: int, meant: Any) -> None:
    answers = _answers(expected, Task.REGRESSION, n_values)

    assert answers.dtype == np.float64
    assert answers.tolist() == meant


@pytest.mark.parametrize(
    ("expected", "task", "fault"),
    [
        (3, Task.REGRESSION, "one answer a sample, 2, got 1"),
        ([[1], [2, 3]], Task.REGRESSION, "expected: expected one array"),
        (["cat", "dog"], Task.CLASSIFICATION, "class indices or values, got <U3; a class is"),
        ([0, 3], Task.CLASSIFICATION, "class indices from 0 to 2, got 3 for sample 1"),
        ([0.5, 1], Task.CLASSIFICATION, "class indices from 0 to 2, got 0.5 for sample 0"),
        ([[1, 0, 0]] * 2, Task.CLASSIFICATION, r"got the shape \(2, 3\); of one-hot rows"),
        ([1.0, 2.0], Task.REGRESSION, r"3 values a sample .* 'y' gives, got the shape \(2,\)"),
        ([[0, 1, 2], [0, np.nan, 1]], Task.REGRESSION, r"finite values, .* for sample 1"),
    ],
)
def test_what_the_output_could_not_give_is_refused(
    expected: Any, task: Task, fault: str
) -> None:
    with pytest.raises(InputError, match=fault):
        _answers(expected, task, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("samples", "fault"),
    [
        (np.zeros((0, 8, 8, 1), np.float32), "samples: expected at least one, got none"),
        (
            [np.zeros((2, 3)), np.zeros((2, 4))],
            "or arrays by input name where there are several",
        ),
    ],
)
def test_samples_that_are_none_or_no_array_are_refused(
    image_model: Any, samples: Any, fault: str
) -> None:
    with pytest.raises(InputError, match=fault):
        trace_on(image_model, samples, (), seed=0)


def test_answers_to_samples_that_were_drawn_are_refused() -> None:
    with pytest.raises(InputError, match=r"answers without the samples .*; give the samples"):
        given_answers([0, 1], 2, drawn=True)


def test_one_array_for_several_inputs_is_told_the_form() -> None:
    import keras

    left, right = keras.Input((2,), name="left"), keras.Input((2,), name="right")
    model = keras.Model([left, right], keras.layers.Add()([left, right]))

    with pytest.raises(
        InputError, match=r"each of the inputs \['left', 'right'\], got one without .* as \.npz"
    ):
        trace_on(model, np.zeros((2, 2), np.float32), (), seed=0)


@pytest.mark.parametrize(
    ("activation", "n_units", "decode"),
    [
        (None, 1, DecodeOp.SIGMOID),
        ("sigmoid", 1, DecodeOp.THRESHOLD),
        (None, 3, DecodeOp.SOFTMAX),
        ("softmax", 3, DecodeOp.ARGMAX),
    ],
)
def test_logits_are_told_from_probabilities_by_the_op_that_makes_them(
    activation: str | None, n_units: int, decode: DecodeOp
) -> None:
    import keras

    from edgesmith.reference import trace

    dense = keras.layers.Dense(n_units, activation=activation, name="answer")
    reference = trace(keras.Sequential([keras.Input((2,)), dense]))
    looks_like_either = np.full((4, n_units), 1 / n_units, np.float32)

    (output,) = output_nouns(reference, Task.CLASSIFICATION, None, looks_like_either)

    assert output.decode.op is decode


def _grey_model() -> Any:
    keras = pytest.importorskip("keras")
    return keras.Sequential([keras.Input((4, 3, 1), name="image"), keras.layers.Flatten()])


def _scaled(first: Step) -> tuple[Step, ...]:
    """Grey pixels of any source, divided."""
    params = {"offset": [0.0], "scale": [255.0]}
    return (first, Step(op="scale", inputs=first.outputs, outputs=("image",), params=params))


def test_samples_that_are_divided_already_are_refused_as_an_app_would_be() -> None:
    params = {"mode": "grey"}
    first = Step(op="decode_image", inputs=("photo",), outputs=("pixels",), params=params)
    divided = np.array([[[0, 51, 102]] * 4], np.float32) / 255

    with pytest.raises(
        InputError,
        match=r"^input 'photo': expected whole pixel values from 0 to 255, "
        r"got float32 from 0\.0 to 0\.4.*; multiply by 255 and round$",
    ):
        trace_on(_grey_model(), divided, _scaled(first), seed=0)


def test_grey_arrays_get_the_channel_that_the_model_takes() -> None:
    first = Step(
        op="reshape", inputs=("photo",), outputs=("pixels",), params={"shape": [4, 3, 1]}
    )
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)

    sampled = trace_on(_grey_model(), pixels, _scaled(first), seed=0)

    assert [str(raw.kind) for raw in sampled.raw_inputs] == ["tensor"]
    expected = pixels[..., None].astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(sampled.tensors["image"], expected, strict=True)


def _looked_up() -> Any:
    keras = pytest.importorskip("keras")
    inputs = keras.Input((2,), dtype="string", name="texts")
    look = keras.layers.StringLookup(vocabulary=["Bern", "red"], name="codes")
    return keras.Model(inputs, keras.layers.Embedding(4, 3)(look(inputs)))


def test_lifted_steps_follow_those_of_the_user() -> None:
    columns = ["city", "colour"]
    steps = (
        Step(
            op="categories",
            inputs=("row",),
            outputs=("cells",),
            params={"columns": columns, "missing": [[], []]},
        ),
        Step(
            op="fill_categories",
            inputs=("cells",),
            outputs=("texts",),
            params={"values": ["", "red"]},
        ),
    )
    samples = {"city": ["Bern", None, "Ulm"], "colour": ["red", "blue", None]}

    sampled = trace_on(_looked_up(), samples, steps, seed=0)

    assert [step.op for step in sampled.steps] == [
        "categories",
        "fill_categories",
        "text",
        "lookup",
    ]
    assert [raw.name for raw in sampled.raw_inputs] == ["row"]
    assert sampled.tensors["codes"].tolist() == [[1, 2], [0, 0], [0, 2]]


@pytest.mark.parametrize(
    ("samples", "expected"), [([["Bern", "red\0"]], 0), (np.array([["Bern", "red"]]), 2)]
)
def test_texts_are_samples_as_a_list_or_an_array(samples: Any, expected: int) -> None:
    sampled = trace_on(_looked_up(), samples, (), seed=0)

    assert sampled.tensors["codes"].tolist() == [[1, expected]]
    assert sampled.outputs is not None
    (outputs,) = sampled.outputs.values()
    assert outputs.shape == (1, 2, 3)
