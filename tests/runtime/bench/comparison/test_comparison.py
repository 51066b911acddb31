"""The figures that follow from the samples, and their JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.subject import CallStyle, Round, Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.host import Host

STEADY = Setting(Phase.STEADY)


def test_throughput_is_the_batch_by_the_median(made_up_comparison: Comparison) -> None:
    figures = made_up_comparison.figures("model.onnx", 32)

    assert figures is not None
    assert figures.median_ns.value == 100_000.0
    assert figures.throughput_per_s == 320_000.0


def test_an_artifact_is_so_many_times_faster_than_each_style(
    made_up_comparison: Comparison,
) -> None:
    figures = made_up_comparison.figures("model.onnx", 1)

    assert figures is not None
    assert set(figures.times_faster) == {CallStyle.PREDICT}
    assert figures.times_faster[CallStyle.PREDICT].value == 4000.0
    assert figures.times_faster[CallStyle.PREDICT].low == 4000.0


def test_keras_is_not_compared_with_itself(made_up_comparison: Comparison) -> None:
    figures = made_up_comparison.figures("keras predict", 1)

    assert figures is not None
    assert figures.times_faster == {}


def test_p90_is_over_the_calls_of_all_rounds(
    made_up_comparison: Comparison, made_up_round: Callable[[int], Round]
) -> None:
    one_round = Subject(
        name="model.onnx", style=None, size_bytes=1, rounds=(made_up_round(10_000),)
    )
    short = dataclasses.replace(made_up_comparison, subjects=(one_round,))

    long_figures = made_up_comparison.figures("model.onnx", 1)
    short_figures = short.figures("model.onnx", 1)

    assert long_figures is not None
    assert long_figures.p90_ns == 10_000.0
    assert short_figures is not None
    assert short_figures.p90_ns is None


def test_what_was_not_measured_has_no_figures(made_up_comparison: Comparison) -> None:
    assert made_up_comparison.figures("model.tflite", 1) is None
    assert made_up_comparison.figures("model.onnx", 8) is None


def test_an_unknown_subject_is_named_with_the_known(made_up_comparison: Comparison) -> None:
    with pytest.raises(KeyError, match=r"no subject 'a'; there are model\.onnx, model\.tflite"):
        made_up_comparison.subject("a")


def test_start_figures_are_medians_over_rounds(made_up_round: Callable[[int], Round]) -> None:
    rounds = tuple(
        dataclasses.replace(
            made_up_round(1),
            import_ns=import_ns,
            load_ns=import_ns + 1,
            first_call_ns=import_ns + 2,
            peak_memory_bytes=peak,
        )
        for import_ns, peak in ((30, None), (10, 500), (20, 700))
    )

    subject = Subject(name="model.onnx", style=None, size_bytes=1, rounds=rounds)

    assert (subject.import_ns, subject.load_ns, subject.first_call_ns) == (20, 21, 22)
    assert subject.peak_memory_bytes == 600


@pytest.mark.parametrize(
    ("latencies_ns", "drift"),
    [((100,), None), ((100, 130), 0.3), ((100, 100, 500, 80, 80), 0.2)],
)
def test_drift_is_between_the_halves_of_the_rounds(
    made_up_round: Callable[[int], Round],
    latencies_ns: tuple[int, ...],
    drift: float | None,
) -> None:
    rounds = tuple(made_up_round(latency_ns) for latency_ns in latencies_ns)

    subject = Subject(name="model.onnx", style=None, size_bytes=1, rounds=rounds)

    assert subject.drift(1) == (None if drift is None else pytest.approx(drift))


def test_a_ratio_is_to_the_baseline_or_to_any_other(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    comparison = scattered_comparison(
        scattered_subject(100.0, seed=1),
        scattered_subject(50.0, name="small.onnx", seed=2),
        scattered_subject(200.0, name="large.onnx", seed=3),
    )

    to_baseline = comparison.ratio("small.onnx", STEADY)
    to_large = comparison.ratio("small.onnx", STEADY, to="large.onnx")

    assert comparison.baseline == "model.onnx"
    assert to_baseline is not None
    assert to_baseline.value == pytest.approx(0.5, abs=0.02)
    assert to_large is not None
    assert to_large.value == pytest.approx(0.25, abs=0.01)
    assert comparison.ratio("model.onnx", STEADY) is None
    assert comparison.ratio("small.onnx", Setting(Phase.RAW)) is None


def test_the_noise_floor_is_the_baseline_against_itself(
    scattered_comparison: Callable[..., Comparison],
) -> None:
    comparison = scattered_comparison()

    floor = comparison.noise_floor(STEADY)

    assert floor is not None
    assert floor.low <= 1 <= floor.high
    assert comparison.ratio("model.onnx again", STEADY) == floor


def test_without_a_second_measurement_there_is_no_noise_floor(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    assert scattered_comparison(scattered_subject(100.0)).noise_floor(STEADY) is None


def test_no_ratio_is_told_more_exactly_than_the_noise_floor(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    comparison = scattered_comparison(
        scattered_subject(100.0, seed=1),
        scattered_subject(120.0, name="model.onnx again", kind=SubjectKind.AGAIN, seed=2),
        scattered_subject(100.0, name="other.onnx", seed=1),
        scattered_subject(300.0, name="keras call", style=CallStyle.CALL, seed=1),
    )
    floor = comparison.noise_floor(STEADY)
    figures = comparison.figures("model.onnx", STEADY)

    equal = comparison.ratio("other.onnx", STEADY)

    assert floor is not None
    assert floor.low > 1.1
    assert equal is not None
    assert (equal.value, equal.low, equal.high) == (
        1.0,
        pytest.approx(1 / floor.value),
        pytest.approx(floor.value),
    )
    assert figures is not None
    assert figures.times_faster[CallStyle.CALL].high >= 3 * floor.value


def test_a_planted_slowdown_of_5_percent_is_found_and_an_equal_twin_is_not(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    ratios = [
        scattered_comparison(
            scattered_subject(100.0, seed=seed),
            scattered_subject(
                100.0, name="model.onnx again", kind=SubjectKind.AGAIN, seed=seed + 100
            ),
            scattered_subject(105.0, name="slow.onnx", seed=seed + 200),
            scattered_subject(100.0, name="twin.onnx", seed=seed + 300),
        )
        for seed in range(20)
    ]

    slow = [one.ratio("slow.onnx", STEADY) for one in ratios]
    twin = [one.ratio("twin.onnx", STEADY) for one in ratios]

    assert sum(one is not None and one.low > 1 for one in slow) >= 18
    assert sum(one is not None and one.low <= 1 <= one.high for one in twin) >= 18


def test_a_baseline_must_be_a_subject(made_up_comparison: Comparison) -> None:
    with pytest.raises(ValueError, match=r"baseline: expected a subject, got 'a\.onnx'"):
        dataclasses.replace(made_up_comparison, baseline="a.onnx")


def test_a_comparison_has_a_subject(made_up_comparison: Comparison) -> None:
    with pytest.raises(ValueError, match="subjects: expected at least one, got none"):
        dataclasses.replace(made_up_comparison, subjects=())


def test_settings_are_those_that_were_measured(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
    made_up_comparison: Comparison,
) -> None:
    both = (STEADY, Setting(Phase.RAW))

    comparison = scattered_comparison(scattered_subject(100.0, settings=both))

    assert comparison.settings("model.onnx") == both
    assert made_up_comparison.settings("model.tflite") == ()


def test_a_sustained_run_has_a_course(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    sustained = scattered_subject(100.0, settings=(Setting(Phase.SUSTAINED, 120.0),))

    assert (
        str(scattered_comparison(sustained).course("model.onnx")) == "no change above 3% found"
    )
    assert scattered_comparison().course("model.onnx") is None


def test_a_round_survives_json(
    made_up_round: Callable[[int], Round], made_up_host: Host
) -> None:
    original = made_up_round(123)

    assert Round.from_json(json.loads(json.dumps(original.to_json())), made_up_host) == original


def test_a_figure_is_found_once_and_a_copy_finds_its_own(
    scattered_comparison: Callable[..., Comparison],
) -> None:
    comparison = scattered_comparison()
    other = dataclasses.replace(comparison, plan=dataclasses.replace(comparison.plan, seed=9))

    assert comparison.figures("model.onnx", STEADY) is comparison.figures("model.onnx", 1)
    assert comparison.noise_floor(STEADY) is comparison.noise_floor(STEADY)
    assert other.noise_floor(STEADY) != comparison.noise_floor(STEADY)
    assert comparison == scattered_comparison()
