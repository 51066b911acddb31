"""Normal samples train, both kinds test, and the rest is accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.core import Split
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import DecodeOp

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.core import Prepared

N = 60
ARRAYS = np.arange(N * 3, dtype=np.float32).reshape(N, 3)
LABELS = (["good"] * 4 + ["bad", "odd"]) * 10  # 40 good, 10 bad, 10 odd
GIVEN = ["train"] * 36 + ["validation"] * 12 + ["test"] * 12
OPEN = [""] * N


@pytest.fixture
def detect(run: Callable[..., Prepared]) -> Callable[..., Prepared]:
    def prepared(
        *, splits: list[str] = OPEN, anomaly: dict[str, Any] | None = None, **sections: Any
    ) -> Prepared:
        return run(
            "tensor",
            ARRAYS,
            LABELS,
            splits=splits,
            task="anomaly",
            anomaly={"normal": ["good"], **(anomaly or {})},
            **sections,
        )

    return prepared


def _labels(prepared: Prepared, split: Split) -> list[str]:
    return [LABELS[row] for row in prepared.splits[split].rows]


def _dropped(prepared: Prepared) -> dict[str, int]:
    return {one.reason: one.n_rows for one in prepared.account.dropped}


def test_training_and_validation_hold_normal_samples_alone(
    detect: Callable[..., Prepared],
) -> None:
    made = detect(splits=GIVEN)

    assert set(_labels(made, Split.TRAIN)) == set(_labels(made, Split.VALIDATION)) == {"good"}
    assert sorted(set(_labels(made, Split.TEST))) == ["bad", "good", "odd"]
    assert _dropped(made) == {
        "abnormal, in the training split": 12,
        "abnormal, in the validation split": 4,
    }


def test_where_the_test_split_is_drawn_all_abnormal_samples_test(
    detect: Callable[..., Prepared],
) -> None:
    made = detect()

    assert made.account.dropped == ()
    assert made.account.balance == {
        Split.TRAIN: {"bad": 0, "good": 27, "odd": 0},
        Split.VALIDATION: {"bad": 0, "good": 5, "odd": 0},
        Split.TEST: {"bad": 10, "good": 8, "odd": 10},
    }


def test_without_a_test_split_abnormal_samples_are_of_no_use(
    detect: Callable[..., Prepared],
) -> None:
    made = detect(split={"test": 0})

    assert Split.TEST not in made.splits
    assert _dropped(made) == {"abnormal, in the training split": 20}
    assert "no test split: nothing can be scored" in made.account.warnings


def test_targets_are_1_for_an_anomaly(detect: Callable[..., Prepared]) -> None:
    made = detect(splits=GIVEN)

    targets = made.splits[Split.TEST].targets
    assert targets.dtype == np.int64
    assert targets.tolist() == [int(one != "good") for one in _labels(made, Split.TEST)]
    assert not made.splits[Split.TRAIN].targets.any()


def test_the_output_is_one_score_that_waits_for_its_threshold(
    detect: Callable[..., Prepared],
) -> None:
    output = detect().output

    assert (output.name, output.shape, output.labels) == ("score", (1,), None)
    assert output.decode.op is DecodeOp.THRESHOLD


def test_a_label_in_neither_list_is_left_out_and_counted(
    detect: Callable[..., Prepared],
) -> None:
    made = detect(splits=GIVEN, anomaly={"abnormal": ["bad"]})

    assert _dropped(made)["label neither normal nor abnormal"] == 10
    assert sorted(set(_labels(made, Split.TEST))) == ["bad", "good"]
    assert made.account.warnings == ()  # it was asked for, test rows too


def test_several_labels_can_be_normal(detect: Callable[..., Prepared]) -> None:
    made = detect(anomaly={"normal": ["good", "odd"]})

    assert set(_labels(made, Split.TRAIN)) == {"good", "odd"}
    assert sum(made.splits[Split.TEST].targets) == 10


def test_the_transform_is_fitted_on_normal_samples(detect: Callable[..., Prepared]) -> None:
    made = detect(splits=GIVEN)

    scale = next(step for step in made.transform.steps if step.op == "scale")
    normal = ARRAYS[[row for row in range(36) if LABELS[row] == "good"]]
    np.testing.assert_allclose(scale.params["offset"], normal.mean(0), rtol=1e-6)


def test_a_test_split_of_one_kind_is_told(run: Callable[..., Prepared]) -> None:
    labels = ["good"] * 52 + ["bad"] * 8

    made = run(
        "tensor",
        ARRAYS,
        labels,
        splits=["train"] * 40 + ["validation"] * 12 + ["test"] * 8,
        task="anomaly",
        anomaly={"normal": ["good"]},
    )

    assert "no normal test sample: nothing can be scored" in made.account.warnings


def test_groups_are_not_torn(
    make_dataset: Callable[..., Any],
    make_config: Callable[..., Any],
    progress: Any,
    tmp_path: Any,
) -> None:
    import dataclasses

    from edgesmith.preparation import prepare

    groups = np.array([str(row // 6) for row in range(N)], object)
    dataset = dataclasses.replace(make_dataset("tensor", ARRAYS, LABELS), groups=groups)
    config = make_config(task="anomaly", anomaly={"normal": ["good"]})

    made = prepare(dataset, config, directory=tmp_path, progress=progress)

    by_split = [set(groups[part.rows]) for part in made.splits.values()]
    assert sum(map(len, by_split)) == len(set().union(*by_split)) == 10
    assert _dropped(made)["abnormal, in the training split"] > 0


@pytest.mark.parametrize(
    ("anomaly", "message"),
    [
        (
            {"normal": ["god"]},
            "anomaly.normal: no sample is labelled 'god'; did you mean 'good'?",
        ),
        (
            {"abnormal": ["rusty"]},
            "anomaly.abnormal: no sample is labelled 'rusty'; the labels are bad, good, odd",
        ),
    ],
)
def test_a_label_that_no_sample_has_is_named(
    detect: Callable[..., Prepared], anomaly: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        detect(anomaly=anomaly)

    assert str(caught.value) == message


def test_no_normal_sample_to_train_on_is_an_error(run: Callable[..., Prepared]) -> None:
    with pytest.raises(DataError, match=r"^no normal training sample: all of them are in"):
        run(
            "tensor",
            ARRAYS,
            ["bad"] * 40 + ["good"] * 20,
            splits=["train"] * 40 + ["test"] * 20,
            task="anomaly",
            anomaly={"normal": ["good"]},
        )


def test_the_section_is_needed(run: Callable[..., Prepared]) -> None:
    with pytest.raises(ConfigError, match=r"anomaly: missing; an anomaly detection needs"):
        run("tensor", ARRAYS, LABELS, splits=GIVEN, task="anomaly")
