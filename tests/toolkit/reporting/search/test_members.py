from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from edgesmith.reporting import details, summary

if TYPE_CHECKING:
    from edgesmith.core import Report


def test_without_a_search_there_is_no_target_and_no_candidate(
    classification_report: Report,
) -> None:
    members = details(classification_report)

    assert (members["target"], members["candidates"], members["search"]) == (None, [], None)
    assert members["rejected"] == [
        {"recipe": "tflite_int8", "reason": "accuracy fell by 0.031; allowed 0.01"}
    ]


def test_artifacts_are_what_ships_with_its_recipe_and_measured_latency(
    searched_report: Report,
) -> None:
    artifacts = summary(searched_report)["artifacts"]

    assert [one["recipe"] for one in artifacts] == ["int8_mse_but_conv2d_3", "int8_static"]
    assert [one["latency_us_p50"] for one in artifacts] == [66.0, 44.0]


def test_the_target_is_told_limit_by_limit(searched_report: Report) -> None:
    assert summary(searched_report)["target"] == {
        "formats": ["onnx", "tflite"],
        "max_size_bytes": 200_000,
        "max_p95_ms": 0.15,
        "max_accuracy_drop": 0.01,
        "opset": None,
        "integer_only": False,
    }


def test_a_candidate_is_told_with_every_figure(searched_report: Report) -> None:
    candidates = summary(searched_report)["candidates"]

    float32, chosen = candidates[0], candidates[7]
    assert len(candidates) == 15
    assert (float32["drop"], float32["file"]) == (None, None)
    assert {
        key: chosen[key]
        for key in ("recipe", "format", "file", "size_bytes", "drop_metric", "standing")
    } == {
        "recipe": "int8_mse_but_conv2d_3",
        "format": "onnx",
        "file": "model.mixed.onnx",
        "size_bytes": 181_300,
        "drop_metric": "accuracy",
        "standing": "chosen",
    }
    assert (chosen["latency_us_p50"], chosen["float_layers"]) == (66.0, ["conv2d_3"])
    assert chosen["settings"]["scheme"] == "int8_static"
    assert set(chosen["latency_over_float"]) == {"value", "low", "high"}


def test_rejected_are_recipes_without_an_artifact_then_losing_candidates(
    searched_report: Report,
) -> None:
    rejected = summary(searched_report)["rejected"]

    assert rejected[0] == {
        "recipe": "int8_pruned",
        "reason": "pruning needs training data, and there is none",
    }
    assert rejected[1]["format"] == "onnx"
    assert len(rejected) == 1 + 13
    assert all(one["reason"] for one in rejected)


def test_a_rejection_that_stands_twice_is_told_once(searched_report: Report) -> None:
    assert searched_report.search is not None
    twice = searched_report.search.rejected

    members = summary(dataclasses.replace(searched_report, rejected=twice))

    assert [one["recipe"] for one in members["rejected"]].count("int8_pruned") == 1


def test_details_hold_layers_calibration_and_portability(searched_report: Report) -> None:
    members = json.loads(json.dumps(details(searched_report), allow_nan=False))["search"]

    assert members["layers"]["entries"][0]["float_because"] == {"onnx": "the search"}
    assert members["calibration"]["ranges"] == {"onnx": {"relu": [0.0, 6.0]}}
    assert members["portability"][1]["layers"][0]["layer"] == "conv2d_3"
    assert (members["n_computed"], members["seconds"], members["missed"]) == (15, 93.4, None)


def test_a_number_that_json_has_not_is_null(searched_report: Report) -> None:
    search = searched_report.search
    assert search is not None
    drop = search.candidates[1].drop
    assert drop is not None
    broken = dataclasses.replace(
        search.candidates[1], drop=dataclasses.replace(drop, value=float("inf"))
    )
    report = dataclasses.replace(
        searched_report, search=dataclasses.replace(search, candidates=(broken,))
    )

    assert summary(report)["candidates"][0]["drop"] is None
