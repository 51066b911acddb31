from __future__ import annotations

import numpy as np
import pytest

from edgesmith.verification.answers import answers, decisions
from edgesmith_runtime.manifest import Decode, DecodeOp, Output, Task


def test_classes_are_indices_of_the_largest() -> None:
    output = Output(
        name="p", shape=(3,), labels=("c", "a", "b"), decode=Decode(op=DecodeOp.SOFTMAX)
    )
    logits = np.random.default_rng(0).normal(size=(2500, 3)).astype(np.float32)

    given = answers(Task.CLASSIFICATION, output, {"p": logits})

    assert given is not None
    assert given.dtype == np.int64
    np.testing.assert_array_equal(given, logits.argmax(axis=1))


def test_one_probability_is_the_second_class_from_the_threshold_up() -> None:
    output = Output(
        name="p",
        shape=(1,),
        labels=("no", "yes"),
        decode=Decode(op=DecodeOp.THRESHOLD, threshold=0.25),
    )

    given = answers(Task.CLASSIFICATION, output, {"p": np.array([[0.2], [0.25], [0.9]])})

    np.testing.assert_array_equal(given, [0, 1, 1])


def test_scaled_values_come_back_in_their_unit() -> None:
    output = Output(
        name="mpg", shape=(1,), decode=Decode(op=DecodeOp.INVERSE_SCALE, scale=8.0, offset=23.0)
    )

    given = answers(Task.REGRESSION, output, {"mpg": np.array([[0.5], [-1.0]], np.float32)})

    np.testing.assert_array_equal(given, [27.0, 15.0])


def test_several_values_stay_together() -> None:
    output = Output(name="xy", shape=(2,))

    given = answers(Task.REGRESSION, output, {"xy": np.array([[1.0, 2.0], [3.0, 4.0]])})

    np.testing.assert_array_equal(given, [[1.0, 2.0], [3.0, 4.0]])


def test_an_anomaly_detection_answers_with_scores_and_decides_at_the_threshold() -> None:
    output = Output(
        name="score", shape=(1,), decode=Decode(op=DecodeOp.THRESHOLD, threshold=2.0)
    )

    given = answers(
        Task.ANOMALY, output, {"score": np.array([[0.5], [2.0], [7.0]], np.float32)}
    )

    np.testing.assert_array_equal(given, [0.5, 2.0, 7.0])
    np.testing.assert_array_equal(decisions(Task.ANOMALY, output, given), [0, 1, 1])


def test_a_class_is_a_decision_and_a_value_is_none() -> None:
    output = Output(name="y", shape=(1,))
    classes = np.array([2, 0], np.int64)

    assert decisions(Task.CLASSIFICATION, output, classes) is classes
    assert decisions(Task.REGRESSION, output, np.array([0.5])) is None
    assert decisions(Task.ANOMALY, output, None) is None


@pytest.mark.parametrize("task", [Task.TENSOR, Task.CLASSIFICATION, Task.ANOMALY])
def test_an_output_that_is_not_decoded_gives_no_answer(task: Task) -> None:
    assert answers(task, Output(name="y", shape=(2,)), {"y": np.zeros((4, 2))}) is None
