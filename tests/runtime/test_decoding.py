"""Every decode op against a reference from scipy or by hand."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.bundle import make_bundle, read_bundle, write_bundle
from edgesmith_runtime.decoding import check_rows, decode
from edgesmith_runtime.errors import BackendError, BundleError
from edgesmith_runtime.loading import load
from edgesmith_runtime.manifest import Decode, DecodeOp, Kind, Output, RawInput, Task
from edgesmith_runtime.spec import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

scipy_special = pytest.importorskip("scipy.special")

LABELS = ("ant", "bee", "cat")


def _output(op: DecodeOp, labels: tuple[str, ...] | None = None, **numbers: float) -> Output:
    shape = (len(labels) if labels and len(labels) > 2 else 1,)
    return Output(name="y", shape=shape, labels=labels, decode=Decode(op=op, **numbers))


def test_argmax_takes_the_largest_probability() -> None:
    probabilities = np.array([[0.2, 0.7, 0.1], [0.5, 0.2, 0.3]], np.float32)

    first, second = decode(
        Task.CLASSIFICATION, [_output(DecodeOp.ARGMAX, LABELS)], {"y": probabilities}
    )

    assert (first.label, second.label) == ("bee", "ant")
    assert first.score == pytest.approx(0.7)
    assert first.scores == pytest.approx({"ant": 0.2, "bee": 0.7, "cat": 0.1})


def test_softmax_makes_probabilities_of_logits() -> None:
    logits = np.array([[1.0, 3.0, -2.0], [800.0, 0.0, -800.0]], np.float32)

    predictions = decode(
        Task.CLASSIFICATION, [_output(DecodeOp.SOFTMAX, LABELS)], {"y": logits}
    )

    expected = scipy_special.softmax(logits.astype(np.float64), axis=1)
    for prediction, row in zip(predictions, expected, strict=True):
        assert prediction.scores == pytest.approx(dict(zip(LABELS, row, strict=True)))
    assert [prediction.label for prediction in predictions] == ["bee", "ant"]


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_threshold_takes_the_second_label_from_the_threshold_up(shape: tuple[int, ...]) -> None:
    probabilities = np.array([0.29, 0.3, 0.9]).reshape(shape)

    predictions = decode(
        Task.CLASSIFICATION,
        [_output(DecodeOp.THRESHOLD, ("no", "yes"), threshold=0.3)],
        {"y": probabilities},
    )

    assert [prediction.label for prediction in predictions] == ["no", "yes", "yes"]
    assert [prediction.score for prediction in predictions] == pytest.approx([0.71, 0.3, 0.9])
    assert predictions[0].scores == pytest.approx({"no": 0.71, "yes": 0.29})


def test_sigmoid_makes_a_probability_of_a_logit() -> None:
    logits = np.array([[-900.0], [-1.5], [2.0], [900.0]])

    predictions = decode(
        Task.CLASSIFICATION, [_output(DecodeOp.SIGMOID, ("no", "yes"))], {"y": logits}
    )

    yes = [dict(prediction.scores or {})["yes"] for prediction in predictions]
    assert yes == pytest.approx(scipy_special.expit(logits[:, 0]), abs=1e-15)
    assert [prediction.label for prediction in predictions] == ["no", "no", "yes", "yes"]


def test_classes_without_labels_are_called_by_their_place() -> None:
    (prediction,) = decode(
        Task.CLASSIFICATION, [_output(DecodeOp.ARGMAX)], {"y": np.array([[0.1, 0.9]])}
    )

    assert prediction.label == "1"


def test_inverse_scale_gives_the_unit_back() -> None:
    output = Output(
        name="y",
        shape=(1,),
        unit="mpg",
        decode=Decode(op=DecodeOp.INVERSE_SCALE, scale=8.0, offset=23.0),
    )

    first, second = decode(Task.REGRESSION, [output], {"y": np.array([[0.5], [-1.0]])})

    assert (first.value, second.value) == (27.0, 15.0)
    assert first.unit == "mpg"


def test_a_regression_of_several_numbers_is_an_array() -> None:
    output = Output(name="y", shape=(2,))

    (prediction,) = decode(Task.REGRESSION, [output], {"y": np.array([[1.5, 2.5]])})

    np.testing.assert_array_equal(prediction.value, [1.5, 2.5])


def test_an_anomaly_is_a_score_that_reaches_the_threshold() -> None:
    output = _output(DecodeOp.THRESHOLD, threshold=2.0)

    below, at = decode(Task.ANOMALY, [output], {"y": np.array([1.9, 2.0])})

    assert (below.is_anomaly, at.is_anomaly) == (False, True)
    assert (below.score, below.threshold) == (1.9, 2.0)


@pytest.mark.parametrize("task", [Task.TENSOR, Task.CLASSIFICATION, Task.ANOMALY])
def test_outputs_without_a_decode_stay_as_they_are(task: Task) -> None:
    embedding = np.arange(6.0, dtype=np.float32).reshape(2, 3)

    first, second = decode(task, [Output(name="y", shape=(3,))], {"y": embedding})

    np.testing.assert_array_equal(first.outputs["y"], [0, 1, 2])
    np.testing.assert_array_equal(second.outputs["y"], [3, 4, 5])
    assert (first.label, first.value, first.is_anomaly) == (None, None, None)


def test_the_output_with_a_decode_answers_and_the_others_come_along() -> None:
    outputs = [Output(name="embedding", shape=(2,)), _output(DecodeOp.ARGMAX, LABELS)]
    batch = {"embedding": np.ones((1, 2)), "y": np.array([[0.0, 0.0, 1.0]])}

    (prediction,) = decode(Task.CLASSIFICATION, outputs, batch)

    assert prediction.label == "cat"
    assert set(prediction.outputs) == {"embedding", "y"}


def test_a_scalar_output_is_still_an_array() -> None:
    (prediction,) = decode(
        Task.REGRESSION, [Output(name="y", shape=())], {"y": np.array([4.0], np.float32)}
    )

    assert isinstance(prediction.outputs["y"], np.ndarray)
    assert prediction.value == 4.0


def test_an_empty_batch_has_no_predictions() -> None:
    outputs = [_output(DecodeOp.ARGMAX, LABELS)]

    assert decode(Task.CLASSIFICATION, outputs, {"y": np.empty((0, 3))}) == []


def test_labels_and_numbers_must_agree() -> None:
    with pytest.raises(
        BundleError,
        match=r"output 'y': decode 'argmax' with 3 labels expects 3 a sample, got 2",
    ):
        decode(Task.CLASSIFICATION, [_output(DecodeOp.ARGMAX, LABELS)], {"y": np.ones((1, 2))})


def test_a_threshold_takes_one_number() -> None:
    with pytest.raises(
        BundleError, match=r"'threshold' with 2 labels expects 1 a sample, got 2"
    ):
        decode(
            Task.CLASSIFICATION,
            [_output(DecodeOp.THRESHOLD, ("no", "yes"))],
            {"y": np.ones((1, 2))},
        )


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("op", [DecodeOp.SOFTMAX, DecodeOp.ARGMAX])
def test_what_is_not_finite_stays_with_its_sample(op: DecodeOp, bad: float) -> None:
    numbers = np.array([[0.1, 0.2, 0.7], [0.1, bad, 0.2]])

    first, second = decode(Task.CLASSIFICATION, [_output(op, LABELS)], {"y": numbers})

    assert first.label == LABELS[2]
    assert second.score is not None
    assert not np.isfinite(second.score)


@pytest.mark.parametrize("shape", [(), (4, 1), (1, 4)])
def test_an_output_without_the_samples_on_its_first_axis_is_refused(
    shape: tuple[int, ...],
) -> None:
    outputs = {"right": np.zeros((2, 3)), "odd": np.zeros(shape)}

    with pytest.raises(
        BackendError,
        match=r"^m\.onnx: output 'odd': expected 2 on the first axis, .*; take it whole, by model",
    ):
        check_rows(outputs, 2, where="m.onnx")


@pytest.mark.parametrize("task", [Task.REGRESSION, Task.TENSOR])
def test_predictions_are_as_many_as_the_raw_inputs(
    bundle_of: Callable[..., Path], tmp_path: Path, task: Task
) -> None:
    onnx = pytest.importorskip("onnx")
    spec = TensorSpec("x", "float32", ("batch", 2))
    bundle = read_bundle(
        bundle_of((RawInput("x", Kind.TENSOR, "two numbers"),), (), (None, (spec,)))
    )
    model = onnx.load_from_string(bytes(bundle.files["model0.onnx"]))
    (output,) = model.graph.output
    model.graph.node[-1].output[0] = "row"
    model.graph.node.append(onnx.helper.make_node("Concat", ["row"] * 4, ["total"], axis=0))
    output.type.tensor_type.shape.dim[0].dim_param = "rows"
    entry = bundle.manifest.artifacts[0]
    signature = Signature((spec,), (TensorSpec("total", "float32", ("rows", 1)),))
    manifest = dataclasses.replace(
        bundle.manifest,
        task=task,
        artifacts=(dataclasses.replace(entry, signature=signature),),
    )
    path = tmp_path / "four.edge"
    write_bundle(make_bundle(manifest, {"model0.onnx": model.SerializeToString()}), path)

    with pytest.raises(BackendError, match=r"output 'total': expected 1 on the first axis"):
        load(path).predict(np.ones(2, np.float32))
