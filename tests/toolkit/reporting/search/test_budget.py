from __future__ import annotations

import dataclasses

import pytest

from edgesmith.core import Standing
from edgesmith.evidence import CalibrationAccount, Portability, SaturatingLayer, Search
from edgesmith.recipe import RangeRule, Recipe, Scheme, Target, Weights
from edgesmith.reporting.search.budget import (
    budget_text,
    calibration_text,
    effort_text,
    how_text,
    outcomes,
    portability_text,
    ranked,
)
from edgesmith_runtime.spec import Format

BUDGETS = {
    "no limit": (
        Target(),
        "ONNX and TFLite: at most 1 point of accuracy lost, as small and fast as that allows.",
    ),
    "every limit": (
        Target(
            formats=(Format.ONNX,),
            max_size_bytes=300_000,
            max_p95_ms=5,
            max_accuracy_drop=0.005,
            opset=17,
            integer_only=True,
        ),
        "ONNX: at most 300 kB, 95 of 100 calls within 5.00 ms, at most 0.5 points of accuracy "
        "lost, opset 17, whole numbers alone, inputs and outputs too.",
    ),
}


@pytest.mark.parametrize(("target", "text"), BUDGETS.values(), ids=BUDGETS)
def test_a_budget_is_one_sentence(target: Target, text: str, search: Search) -> None:
    assert budget_text(dataclasses.replace(search, target=target)) == text


def test_what_ships_is_told_by_format_with_its_reason(search: Search) -> None:
    reason = "the fastest of those that keep the budget; next was 36 us slower"

    assert [(one.format, one.recipe, one.reason) for one in outcomes(search)] == [
        ("ONNX", "int8_mse_but_conv2d_3", reason),
        ("TFLite", "int8_static", reason),
    ]


def test_candidates_are_ranked_by_standing_then_size(search: Search) -> None:
    order = [(one.standing, one.artifact.size_bytes) for one in ranked(search)]

    by_standing = {
        outcome: [size for other, size in order if other == outcome] for outcome, _ in order
    }
    assert list(by_standing) == [Standing.CHOSEN, Standing.KEEPS, Standing.MISSES]
    assert all(sizes == sorted(sizes) for sizes in by_standing.values())
    assert len(order) == 15


RECIPES = {
    "float": (Recipe(name="r", format=Format.ONNX), "float32"),
    "static": (
        Recipe(
            name="r",
            format=Format.ONNX,
            scheme=Scheme.INT8_STATIC,
            ranges=RangeRule.MSE,
            per_channel=False,
            reduce_range=True,
        ),
        "int8, inputs and outputs float, ranges: of least squared error, unsigned activations, "
        "one scale a tensor, 7-bit weights",
    ),
    "tuned": (
        Recipe(
            name="r",
            format=Format.TFLITE,
            scheme=Scheme.INT8_FULL_INTEGER,
            weights=Weights.QUANTIZATION_AWARE,
        ),
        "int8, inputs and outputs too, ranges: all that was seen, fine-tuned on rounded numbers",
    ),
}


@pytest.mark.parametrize(("recipe", "text"), RECIPES.values(), ids=RECIPES)
def test_a_recipe_is_told_in_words(recipe: Recipe, text: str) -> None:
    assert how_text(recipe) == text


def test_calibration_tells_source_seed_and_how_far_the_halves_are_apart(search: Search) -> None:
    assert search.calibration is not None

    assert calibration_text(search.calibration) == (
        "512 samples, training split, drawn with seed 0; the ranges of two disjoint halves of "
        "them differ by at most 18.3 % of a range."
    )


def test_given_samples_have_no_seed_and_one_has_no_halves() -> None:
    given = CalibrationAccount(n_samples=1, source="--samples", seed=None, sha256=("ab" * 32,))

    assert calibration_text(given) == "1 sample, --samples."


def test_a_portable_artifact_is_told_with_what_it_was_tried_on() -> None:
    found = Portability(recipe="r", n_samples=64, layers=(), worst_error=0.0, n_changed=0)

    assert portability_text(found) == (
        "The same answers on a CPU without VNNI: emulated on 64 calibration samples, no pair of "
        "products overflows 16 bits."
    )


@pytest.mark.parametrize(
    ("n_changed", "end"),
    [(4, ", and 4 of 64 calibration samples get another decision."), (None, ".")],
)
def test_an_artifact_that_is_not_portable_is_told_with_its_worst_layer(
    n_changed: int | None, end: str
) -> None:
    layer = SaturatingLayer(layer="conv2d_3", share=0.021, worst_error=0.31)
    found = Portability(
        recipe="r", n_samples=64, layers=(layer,), worst_error=0.12, n_changed=n_changed
    )

    assert portability_text(found) == (
        "Not the same answers on a CPU without VNNI: pairs of products overflow 16 bits in 1 "
        "layer, most of all in conv2d_3 (2.1 % of its outputs change, by up to 0.31); outputs of "
        f"the model change by up to 0.12{end}"
    )


def test_the_effort_is_told(search: Search) -> None:
    assert effort_text(search) == "15 artifacts made in 93.4 s, each recipe once."
