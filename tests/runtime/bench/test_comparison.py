"""The figures that follow from the samples, and their JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.comparison import Comparison, Load
from edgesmith_runtime.bench.subject import CallStyle, Round, Subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.host import Host


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


def test_a_quiet_machine_shows_no_noise(made_up_comparison: Comparison) -> None:
    assert made_up_comparison.noise == ()


def test_a_machine_without_a_load_average_shows_no_noise(
    made_up_comparison: Comparison,
) -> None:
    unknown = dataclasses.replace(made_up_comparison, load=Load(start=None, end=None))

    assert unknown.noise == ()


def test_a_load_above_the_threads_of_the_host_is_noise(
    made_up_comparison: Comparison,
) -> None:
    busy = dataclasses.replace(made_up_comparison, load=Load(start=4.6, end=1.0))

    assert busy.noise == (
        "noisy: the load average at the start was 4.6, above the 4 threads of this host",
    )


def test_rounds_that_drift_are_noise(
    made_up_comparison: Comparison, made_up_round: Callable[[int], Round]
) -> None:
    drifting = Subject(
        name="model.onnx",
        style=None,
        size_bytes=1,
        rounds=(made_up_round(10_000), made_up_round(12_500)),
    )
    noisy = dataclasses.replace(made_up_comparison, subjects=(drifting,))

    assert noisy.noise == (
        "noisy: the later half of the rounds differs from the earlier: "
        "model.onnx at batch 1 by 25%, model.onnx at batch 32 by 25%",
    )


def test_json_holds_every_sample_and_every_figure(made_up_comparison: Comparison) -> None:
    members = json.loads(json.dumps(made_up_comparison.to_json(), allow_nan=False))

    artifact = members["subjects"][0]
    assert artifact["rounds"][1]["series"]["steady:32"]["latencies_ns"] == [100_000] * 60
    assert artifact["rounds"][1]["series"]["steady:32"]["n_warmup"] == 10
    assert artifact["batches"]["1"] == {
        "latency_us_p50": 10.0,
        "latency_us_p50_low": 10.0,
        "latency_us_p50_high": 10.0,
        "latency_us_p90": 10.0,
        "throughput_per_s": 100_000.0,
        "drift": 0.0,
        "times_faster": {"predict": {"value": 4000.0, "low": 4000.0, "high": 4000.0}},
    }
    assert {key: artifact[key] for key in artifact if key not in ("batches", "rounds")} == {
        "name": "model.onnx",
        "style": None,
        "problem": None,
        "size_bytes": 81_234,
        "import_ms": 65.0,
        "load_ms": 6.0,
        "first_call_ms": 0.6,
        "peak_memory_bytes": 57_000_000.0,
    }


def test_json_says_where_and_how_it_was_measured(made_up_comparison: Comparison) -> None:
    members = json.loads(json.dumps(made_up_comparison.to_json()))

    assert members["bundle"] == "digits"
    assert members["host"]["cpu"] == "Some CPU"
    assert members["versions"] == {"keras": "3.15.1"}
    assert members["plan"]["n_rounds"] == 2
    assert members["n_threads"] == 2
    assert members["load"] == {"start": 0.1, "end": 1.5}
    assert members["noise"] == []


def test_json_of_a_failed_subject_has_its_reason_and_no_guess(
    made_up_comparison: Comparison,
) -> None:
    failed = json.loads(json.dumps(made_up_comparison.to_json()))["subjects"][1]

    assert failed == {
        "name": "model.tflite",
        "style": None,
        "problem": "TFLite needs an extra",
        "size_bytes": 79_000,
        "import_ms": None,
        "load_ms": None,
        "first_call_ms": None,
        "peak_memory_bytes": None,
        "batches": {"1": None, "32": None},
        "rounds": [],
    }


def test_a_round_survives_json(
    made_up_round: Callable[[int], Round], made_up_host: Host
) -> None:
    original = made_up_round(123)

    assert Round.from_json(json.loads(json.dumps(original.to_json())), made_up_host) == original
