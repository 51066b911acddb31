from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edgesmith.choosing import is_float, judge, misses, nearest, worth_measuring
from edgesmith.core import Candidate, Standing
from edgesmith.evidence import CallTime, Drop
from edgesmith.recipe import RangeRule, Recipe, Scheme, Target
from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.latency import Estimate
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

SIGNATURE = Signature(
    (TensorSpec("x", "float32", ("batch", 1)),), (TensorSpec("y", "float32", ("batch", 1)),)
)
ANY = Target()
FORMATS = pytest.mark.parametrize("fmt", list(Format))


def _drop(value: float, half: float = 0.001) -> Drop:
    return Drop(
        metric="accuracy",
        value=value,
        low=value - half,
        high=value + half,
        p_value=1.0,
        n_samples=100,
    )


def _time(ratio: float, p95_ms: float | None = 1.0, half: float = 0.005) -> CallTime:
    return CallTime(
        p50_ns=Estimate(value=ratio * 1e6, low=ratio * 1e6, high=ratio * 1e6),
        p95_ns=None if p95_ms is None else p95_ms * 1e6,
        ratio=Estimate(value=ratio, low=ratio - half, high=ratio + half),
    )


def _candidate(
    name: str = "int8",
    *,
    size: int = 50,
    drop: float | None = 0.0,
    ratio: float | None = 0.5,
    scheme: Scheme = Scheme.INT8_STATIC,
    fmt: Format = Format.ONNX,
    **recipe: Any,
) -> Candidate:
    return Candidate(
        recipe=Recipe(name=name, format=fmt, scheme=scheme, **recipe),
        artifact=Artifact(
            file=f"model.{name}.{fmt}",
            format=fmt,
            precision=Precision.INT8,
            version=18,
            signature=SIGNATURE,
            content=b"x" * size,
        ),
        score=None,
        parity=None,
        drop=None if drop is None else _drop(drop),
        latency=None if ratio is None else _time(ratio),
    )


def _float(
    fmt: Format = Format.ONNX, *, size: int = 100, ratio: float | None = 1.0
) -> Candidate:
    return _candidate(
        "float32", size=size, drop=None, ratio=ratio, scheme=Scheme.FLOAT32, fmt=fmt
    )


def _standings(
    candidates: list[Candidate], target: Target = ANY, **options: Any
) -> dict[str, Any]:
    judged = judge(candidates, target, **options).candidates
    return {one.recipe.name: (one.standing, one.reason) for one in judged}


@pytest.mark.parametrize(
    ("scheme", "answer"),
    [(Scheme.FLOAT32, True), (Scheme.AS_IT_IS, True), (Scheme.FLOAT16, False)],
)
def test_float_is_what_the_conversion_gave(scheme: Scheme, answer: Any) -> None:
    assert is_float(_candidate(scheme=scheme)) is answer


@pytest.mark.parametrize(
    ("candidate", "target"),
    [
        (_candidate(), Target(max_size_bytes=50, max_p95_ms=1.0, opset=18)),
        (_candidate(ratio=None), Target(max_p95_ms=1e-6)),
        (_candidate(fmt=Format.TFLITE), Target(opset=13)),
        (_candidate(scheme=Scheme.INT8_FULL_INTEGER), Target(integer_only=True)),
    ],
)
def test_what_keeps_every_limit_misses_nothing(candidate: Candidate, target: Target) -> None:
    assert misses(candidate, target) == {}


@pytest.mark.parametrize(
    ("candidate", "target", "words", "how_far"),
    [
        (
            _candidate(drop=0.05),
            Target(max_accuracy_drop=0.02),
            "its drop of accuracy is 0.05, up to 0.051 with 95 % confidence, above 0.02",
            1.55,
        ),
        (_candidate(size=150), Target(max_size_bytes=100), "it has 150 bytes, above 100", 0.5),
        (
            replace(_candidate(), latency=_time(0.5, p95_ms=2.5)),
            Target(max_p95_ms=2.0),
            "its p95 is 2.5 ms, above 2",
            0.25,
        ),
        (
            replace(_candidate(), latency=_time(0.5, p95_ms=None)),
            Target(max_p95_ms=2.0),
            "its calls were too few for a p95",
            1.0,
        ),
        (_candidate(), Target(opset=13), "it has opset 18, the device 13", 1e6),
        (
            _candidate(fmt=Format.TFLITE),
            Target(integer_only=True),
            "it computes with fractions, and the device with whole numbers alone",
            1e6,
        ),
    ],
)
def test_what_is_missed_is_said_with_how_far(
    candidate: Candidate, target: Target, words: str, how_far: float
) -> None:
    found = misses(candidate, target)

    assert list(found) == [words]
    assert found[words] == pytest.approx(how_far)


def test_the_upper_end_of_the_drop_is_held_against_the_budget() -> None:
    within = replace(_candidate(), drop=_drop(0.009, half=0.0005))
    beyond = replace(_candidate(), drop=_drop(0.009, half=0.0015))

    assert misses(within, ANY) == {}
    assert len(misses(beyond, ANY)) == 1


def test_rounding_does_not_break_a_budget_that_is_kept_to_the_sample() -> None:
    exactly = replace(_candidate(), drop=replace(_drop(0.03), high=1 - 0.94))

    assert misses(exactly, Target(max_accuracy_drop=0.06)) == {}


def test_a_drop_that_is_not_a_number_keeps_no_budget() -> None:
    unknown = replace(_candidate(), drop=replace(_drop(0.0), high=float("nan")))

    assert misses(unknown, ANY)


@FORMATS
def test_float_wins_where_nothing_is_smaller_or_faster(fmt: Format) -> None:
    candidates = [_float(fmt), _candidate(fmt=fmt, size=100, ratio=1.0)]

    judgement = judge(candidates, ANY)

    assert judgement.shipped[fmt].recipe.name == "float32"
    assert _standings(candidates) == {
        "float32": (
            Standing.CHOSEN,
            "float: nothing that keeps the budget is smaller or faster beyond noise",
        ),
        "int8": (Standing.KEEPS, "neither smaller nor faster than float beyond noise"),
    }


def test_a_slower_candidate_loses_and_says_by_how_much() -> None:
    standings = _standings([_float(), _candidate(size=25, ratio=1.5)])

    assert standings["float32"][0] is Standing.CHOSEN
    assert standings["int8"] == (
        Standing.KEEPS,
        "slower than float: 1.50 of its latency [1.50, 1.50]",
    )


def test_a_slower_one_is_taken_where_float_is_too_large() -> None:
    standings = _standings(
        [_float(), _candidate(size=25, ratio=1.5)], Target(max_size_bytes=50)
    )

    assert standings["float32"] == (Standing.MISSES, "it has 100 bytes, above 50")
    assert standings["int8"] == (
        Standing.CHOSEN,
        "0.25 of the size of float; 1.50 of its latency [1.50, 1.50]; "
        "drop of accuracy 0 [-0.001, 0.001]",
    )


def test_the_fastest_wins() -> None:
    candidates = [
        _float(),
        _candidate("small", size=20, ratio=0.7),
        _candidate("fast", size=60, ratio=0.4),
    ]

    standings = _standings(candidates)

    assert standings["fast"][0] is Standing.CHOSEN
    assert standings["small"] == (Standing.KEEPS, "1.75 times the latency of fast")
    assert standings["float32"] == (Standing.KEEPS, "a candidate is smaller or faster")


def test_of_those_that_are_as_fast_the_smallest_wins() -> None:
    candidates = [
        _float(),
        _candidate("fast", size=60, ratio=0.400),
        _candidate("small", size=20, ratio=0.405),
        _candidate("slow", size=10, ratio=0.5),
    ]

    standings = _standings(candidates)

    assert standings["small"][0] is Standing.CHOSEN
    assert standings["fast"] == (
        Standing.KEEPS,
        "larger than small, and not faster beyond noise",
    )


def test_without_latencies_the_smallest_wins() -> None:
    candidates = [
        _float(ratio=None),
        _candidate("a", size=60, ratio=None),
        _candidate("b", size=20, ratio=None),
    ]

    assert judge(candidates, ANY).shipped[Format.ONNX].recipe.name == "b"


def test_the_chosen_one_names_what_stays_float() -> None:
    candidates = [_float(), _candidate("mixed", float_layers=("stem", "digit"))]

    assert _standings(candidates)["mixed"][1].endswith("in float: stem, digit")


def test_an_unportable_one_loses_against_a_slower_portable_one() -> None:
    candidates = [_float(), _candidate("u8", ratio=0.3), _candidate("reduced", ratio=0.6)]

    standings = _standings(candidates, unportable=frozenset(["u8"]))

    assert standings["reduced"][0] is Standing.CHOSEN
    assert standings["u8"] == (
        Standing.KEEPS,
        "its products overflow 16 bits on CPUs without VNNI, which answer otherwise",
    )


def test_an_unportable_one_wins_where_no_other_gains() -> None:
    candidates = [_float(), _candidate("u8", ratio=0.3), _candidate("dear", ratio=1.6)]

    assert _standings(candidates, unportable=frozenset(["u8"]))["u8"][0] is Standing.CHOSEN


def test_unportable_is_of_onnx_alone() -> None:
    candidates = [
        _float(Format.TFLITE),
        _candidate("same", fmt=Format.TFLITE, ratio=0.3),
        _candidate("other", fmt=Format.TFLITE, ratio=0.6),
    ]

    judgement = judge(candidates, ANY, unportable=frozenset(["same"]))

    assert judgement.shipped[Format.TFLITE].recipe.name == "same"


def test_each_format_has_its_own_winner_in_the_given_order() -> None:
    candidates = [
        _float(),
        _float(Format.TFLITE),
        _candidate("a", fmt=Format.TFLITE),
        _candidate("b"),
    ]

    judgement = judge(candidates, ANY)

    assert {fmt: one.recipe.name for fmt, one in judgement.shipped.items()} == {
        Format.ONNX: "b",
        Format.TFLITE: "a",
    }
    assert [one.artifact.file for one in judgement.candidates] == [
        one.artifact.file for one in candidates
    ]
    assert judgement.missed is None


def test_where_nothing_keeps_the_budget_the_float_ones_ship_and_the_nearest_is_named() -> None:
    candidates = [
        _float(),
        _float(Format.TFLITE),
        _candidate("far", drop=0.5, size=20),
        _candidate("near", drop=0.02, size=44, fmt=Format.TFLITE),
    ]

    judgement = judge(candidates, Target(max_size_bytes=40))

    assert judgement.missed == (
        "the nearest is tflite near: its drop of accuracy is 0.02, up to 0.021 with 95 % "
        "confidence, above 0.01; it has 44 bytes, above 40"
    )
    shipped = {fmt: one.recipe.name for fmt, one in judgement.shipped.items()}
    assert shipped == dict.fromkeys(Format, "float32")
    assert {one.standing for one in judgement.candidates} == {Standing.MISSES}


def test_float_onnx_ships_beside_a_tflite_that_alone_keeps_the_budget() -> None:
    candidates = [_float(), _float(Format.TFLITE), _candidate("a", fmt=Format.TFLITE, size=30)]

    judgement = judge(candidates, Target(max_size_bytes=40))

    assert {fmt: one.recipe.name for fmt, one in judgement.shipped.items()} == {
        Format.ONNX: "float32",
        Format.TFLITE: "a",
    }
    assert judgement.missed is None


def test_the_nearest_misses_the_least_of_all_limits_together() -> None:
    candidates = [_candidate("a", size=90), _candidate("b", size=50), _candidate("c", size=60)]

    said = nearest(candidates, Target(max_size_bytes=40))

    assert said == "the nearest is onnx b: it has 50 bytes, above 40"


def test_what_the_device_cannot_run_is_farther_than_any_figure() -> None:
    whole = _candidate("whole", fmt=Format.TFLITE, scheme=Scheme.INT8_FULL_INTEGER, drop=0.9)

    said = nearest([_candidate("near"), whole], Target(integer_only=True))

    assert said.startswith("the nearest is tflite whole: its drop of accuracy is 0.9")


def test_what_misses_the_budget_is_not_worth_measuring_but_float_is() -> None:
    candidates = [_float(ratio=None), _candidate("bad", drop=0.5), _candidate("good")]

    worth = worth_measuring(candidates, Target(max_size_bytes=50), {})

    assert [one.recipe.name for one in worth] == ["float32", "good"]


def test_of_range_twins_the_one_with_the_least_noise_is_worth_measuring() -> None:
    twins = [
        _candidate("minmax", ranges=RangeRule.MINMAX),
        _candidate("mse", ranges=RangeRule.MSE),
        _candidate("entropy", ranges=RangeRule.ENTROPY),
        _candidate("signed", ranges=RangeRule.MINMAX, signed=True),
    ]
    noises = {one.recipe: n for one, n in zip(twins, (4, 1, 2, 4), strict=True)}
    worth = worth_measuring([_float(), *twins], ANY, noises)

    assert [one.recipe.name for one in worth] == ["float32", "mse", "signed"]


def test_an_unmeasured_twin_says_why_it_was_not_measured() -> None:
    candidates = [
        _float(),
        _candidate("mse", ranges=RangeRule.MSE),
        _candidate("minmax", ratio=None),
    ]

    assert _standings(candidates)["minmax"] == (
        Standing.KEEPS,
        "the same operations as another candidate, whose ranges give less noise",
    )


MEASURED = _candidate("mse", ranges=RangeRule.MSE, ratio=0.9)
TWIN = _candidate("minmax", ranges=RangeRule.MINMAX, ratio=None, drop=0.005)


@pytest.mark.parametrize(
    ("ratio", "p95_ms", "unportable", "shipped"),
    [(1.5, 1.0, "", "float32"), (0.9, 3.0, "", "float32"), (0.3, 1.0, "mse", "mse")],
    ids=["slower", "late", "unportable"],
)
def test_an_unmeasured_twin_is_no_better_than_the_measured_one(
    ratio: float, p95_ms: float, unportable: str, shipped: str
) -> None:
    measured = replace(MEASURED, latency=_time(ratio, p95_ms=p95_ms))

    judgement = judge(
        [_float(), measured, TWIN], Target(max_p95_ms=2.0), unportable=frozenset([unportable])
    )

    assert judgement.shipped[Format.ONNX].recipe.name == shipped
