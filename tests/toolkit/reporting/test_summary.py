from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.reporting import details, summary
from edgesmith_runtime.latency import ratio_interval

if TYPE_CHECKING:
    from edgesmith.core import Report

PROMISED = {"bundle", "report", "metric", "original", "artifacts", "choice", "rejected"}
PROMISED_OF_ARTIFACT = {
    "file",
    "format",
    "precision",
    "size_bytes",
    "score",
    "score_low",
    "score_high",
    "agreement",
    "max_abs_error",
    "latency_us_p50",
}


def test_every_promised_key_is_there(classification_report: Report) -> None:
    members = summary(classification_report)

    assert set(members) >= PROMISED
    assert set(members["artifacts"][0]) >= PROMISED_OF_ARTIFACT
    assert set(members["original"]) == {
        "score",
        "score_low",
        "score_high",
        "size_bytes",
        "latency_us_p50",
    }
    assert set(members["original"]["latency_us_p50"]) == {"predict", "call", "tf_function"}
    assert set(members["choice"]) == {"file", "reason"}
    assert set(members["rejected"][0]) == {"recipe", "reason"}


def test_figures_are_those_of_the_report(classification_report: Report) -> None:
    members = summary(classification_report)

    first = members["artifacts"][0]
    assert members["bundle"] == "out/digits.edge"
    assert members["report"] == "out/report.html"
    assert members["metric"] == "accuracy"
    assert members["original"]["size_bytes"] == 214_532
    assert first["file"] == "model.onnx"
    assert first["format"] == "onnx"
    assert first["score"] == 354 / 360
    assert first["agreement"] == 1.0
    assert first["max_abs_error"] == 2.4e-7


def test_a_latency_is_the_median_of_the_rounds_in_microseconds(
    classification_report: Report,
) -> None:
    members = summary(classification_report)

    comparison = classification_report.comparison
    assert comparison is not None
    rounds = comparison.subject("model.onnx").steady(1)
    median_ns = np.median([np.median(one.latencies_ns) for one in rounds])
    assert members["artifacts"][0]["latency_us_p50"] == pytest.approx(median_ns / 1e3)


def test_times_faster_is_the_ratio_to_keras(classification_report: Report) -> None:
    members = summary(classification_report)

    comparison = classification_report.comparison
    assert comparison is not None
    expected = ratio_interval(
        comparison.subject("keras predict").steady(1),
        comparison.subject("model.onnx").steady(1),
        np.random.default_rng(comparison.plan.seed),
    )
    assert members["artifacts"][0]["times_faster"]["predict"] == dataclasses.asdict(expected)


def test_a_regression_has_no_agreement(regression_report: Report) -> None:
    members = summary(regression_report)

    assert members["artifacts"][0]["agreement"] is None
    assert members["unit"] == "mpg"


def test_what_was_not_measured_is_null(bare_report: Report) -> None:
    members = json.loads(json.dumps(summary(bare_report)))

    artifact = members["artifacts"][0]
    assert members["metric"] is None
    assert members["original"]["latency_us_p50"] == {
        "predict": None,
        "call": None,
        "tf_function": None,
    }
    assert {artifact[key] for key in ("score", "score_low", "score_high", "agreement")} == {
        None
    }
    assert {artifact[key] for key in ("max_abs_error", "latency_us_p50")} == {None}


def test_details_hold_the_summary_and_every_sample(classification_report: Report) -> None:
    members = json.loads(json.dumps(details(classification_report), allow_nan=False))

    rounds = members["comparison"]["subjects"][0]["rounds"]
    assert {key: members[key] for key in PROMISED} == {
        key: value
        for key, value in json.loads(json.dumps(summary(classification_report))).items()
        if key in PROMISED
    }
    assert len(rounds[0]["series"]["steady:1"]["latencies_ns"]) == 400
    assert members["account"]["n_read"] == 1797
    assert members["account"]["balance"]["train"]["0"] == 105
    assert len(members["curve"]["train_loss"]) == 40
    assert members["provenance"]["data"]["licence"] == "CC BY 4.0"
    assert len(members["predicted"]) == 360


def test_details_of_a_bare_report_are_null(bare_report: Report) -> None:
    members = details(bare_report)

    assert [members[key] for key in ("account", "curve", "comparison", "expected")] == [
        None
    ] * 4


def test_a_number_that_json_has_not_is_null(regression_report: Report) -> None:
    assert regression_report.predicted is not None
    broken = regression_report.predicted.copy()
    broken[0] = np.nan

    members = details(dataclasses.replace(regression_report, predicted=broken))

    assert members["predicted"][0] is None
    assert members["predicted"][1] == broken[1]
