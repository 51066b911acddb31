"""Each way to lose time is named, with figures, and the parts add up to the whole."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.explaining.cause import Reason
from edgesmith_runtime.settings import Engine, EngineSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.recorded import Recording

    App = Callable[..., Recording]
    Lab = Callable[..., Comparison]

RUN, RAW = Setting(Phase.STEADY, 1.0), Setting(Phase.RAW)
IDLE = Setting(Phase.IDLE, 1.0)
MANY = EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=16)

# What the app does otherwise than the bench, in us, and the cause that it is.
WAYS: list[tuple[dict[str, Any], Reason, float]] = [
    ({"wait_us": 3000.0}, Reason.QUEUEING, 3000.0),
    # A batch of four takes 4 ms in all, of which three quarters are for others.
    (
        {"decode_us": 1600.0, "prepare_us": 400.0, "infer_us": 1800.0, "answer_us": 200.0}
        | {"n_rows": 4, "n_sharing": 4},
        Reason.QUEUEING,
        3000.0,
    ),
    # Eight runs at once, which have a processor for an eighth of the time.
    (
        {"decode_us": 3200.0, "prepare_us": 800.0, "infer_us": 3600.0, "answer_us": 400.0}
        | {"n_in_flight": 8, "cpu_us": 1000.0},
        Reason.QUEUEING,
        7000.0,
    ),
    ({"is_raw": False, "prepare_us": 700.0, "copied_bytes": 3_000_000}, Reason.COPIES, 700.0),
    ({"prepare_us": 1100.0, "copied_bytes": 2_000_000}, Reason.COPIES, 1000.0),
    # The same work, and as long again without a processor.
    (
        {"decode_us": 800.0, "prepare_us": 200.0, "infer_us": 900.0, "answer_us": 100.0}
        | {"cpu_us": 1000.0},
        Reason.THREADS,
        1000.0,
    ),
    ({"is_raw": False, "infer_us": 2450.0, "settings": MANY}, Reason.THREADS, 2000.0),
    ({"is_raw": False, "infer_us": 900.0, "pause_us": 900_000.0}, Reason.IDLE, 450.0),
    ({"decode_us": 2400.0, "prepare_us": 600.0}, Reason.PREPROCESSING, 2500.0),
    ({"infer_us": 1450.0}, Reason.REST, 1000.0),
]


@pytest.mark.parametrize(("way", "reason", "lost_us"), WAYS)
def test_the_cause_is_named(
    app: App, lab: Lab, way: dict[str, Any], reason: Reason, lost_us: float
) -> None:
    found = er.explain(app(**way), lab({RUN: 450.0, RAW: 1000.0, IDLE: 1000.0}))

    assert found.main is reason
    lost_ns = {cause.reason: cause.lost_ns for cause in found.causes}
    assert lost_ns[reason] == pytest.approx(1000 * lost_us, rel=0.01)
    assert sum(lost_ns.values()) == pytest.approx(found.app_ns - found.lab_ns)
    assert found.causes[-1].reason is Reason.REST


@pytest.mark.parametrize("is_raw", [True, False])
@pytest.mark.parametrize("slower", [1.0, 1.15, 0.5])
def test_an_app_as_quick_as_the_bench_has_nothing_to_mend(
    app: App, lab: Lab, *, is_raw: bool, slower: float
) -> None:
    found = er.explain(app(is_raw=is_raw, infer_us=450.0 * slower), lab())

    assert found.main is None
    assert found.sentence.endswith(
        "no slower than what the bench itself varies by; nothing to mend"
    )
    assert sum(cause.lost_ns for cause in found.causes) == pytest.approx(found.gap_ns)


def test_the_sentence_has_the_figures_and_what_to_do(app: App, lab: Lab) -> None:
    found = er.explain(app(decode_us=2600.0), lab())

    assert found.sentence == (
        "a typical call takes 3.2 ms in the app against 1 ms in the lab (raw input); 2.2 ms of it "
        "is preprocessing: decode 2.6 ms against 400 us, prepare 100 us against 100 us; what to "
        "do: make the raw inputs smaller before, or give them in the form that the bench had"
    )


def test_larger_inputs_on_a_busy_machine_are_larger_inputs_first(app: App, lab: Lab) -> None:
    # 9 ms of work, twice as long because others have the processors half of the time.
    stages = {"decode_us": 16_000.0, "prepare_us": 1_000.0, "infer_us": 900.0}
    found = er.explain(app(**stages, answer_us=100.0, cpu_us=9_000.0), lab())

    lost_ms = {cause.reason: cause.lost_ns / 1e6 for cause in found.causes}
    assert found.main is Reason.PREPROCESSING
    assert lost_ms[Reason.THREADS] == pytest.approx(5.0, rel=0.01)


def test_slow_calls_are_explained_where_the_usual_one_is_quick(app: App, lab: Lab) -> None:
    slow = np.arange(200) % 5 == 0
    infer_us = np.where(slow, 4450.0, 450.0)

    found = er.explain(app(is_raw=False, infer_us=infer_us, cpu_us=450.0, settings=MANY), lab())

    assert (found.main, found.percent) == (Reason.THREADS, 90)
    assert found.sentence.startswith(
        "one run of the model in ten takes 4.45 ms in the app against 450 us in the lab (batch 1)"
    )


def test_slow_runs_that_nobody_looked_at_do_the_same_work(app: App, lab: Lab) -> None:
    slow = np.arange(200) % 5 == 0
    infer_us = np.where(slow, 9450.0, 450.0)

    found = er.explain(
        app(is_raw=False, infer_us=infer_us, cpu_us=np.where(slow, -0.001, 450.0)), lab()
    )

    assert found.main is Reason.THREADS
    assert found.causes[0].lost_ns == pytest.approx(9_000_000)


def test_pauses_are_judged_by_the_app_itself_where_it_has_both(app: App, lab: Lab) -> None:
    after_pause = np.arange(200) % 4 > 0
    infer_us = np.where(after_pause, 950.0, 450.0)
    pause_us = np.where(after_pause, 50_000.0, 0.0)

    found = er.explain(app(is_raw=False, infer_us=infer_us, pause_us=pause_us), lab())

    assert found.main is Reason.IDLE
    assert "pauses of 50 ms, slower than its own back to back" in found.sentence


def test_a_bench_without_the_phase_is_told_what_to_measure(app: App, lab: Lab) -> None:
    found = er.explain(app(infer_us=900.0, pause_us=50_000.0), lab({RUN: 450.0}))

    assert found.main is Reason.REST
    assert found.notes == (
        "the app spends 550 us a call outside of the engine, to which the bench has nothing to "
        "compare; measure the phase raw: edgesmith bench --phases steady,raw",
        "the app's calls come after pauses of 50 ms, and the bench has none; measure the phase "
        "idle: edgesmith bench --phases steady,idle",
    )


def test_what_no_cause_explains_may_be_the_other_host(app: App, lab: Lab) -> None:
    other = dataclasses.replace(lab().host, cpu="Another CPU")

    found = er.explain(app(infer_us=1450.0), lab(host=other))

    assert found.main is Reason.HOST
    assert found.notes == (
        "the hosts are unlike (cpu: Some CPU against Another CPU); what is slower may be the "
        "host's",
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"bundle": "cats"},
            "expected the bundle 'digits', got 'cats'; record what was measured",
        ),
        ({"artifact": "model.tflite"}, r"measured \(model.onnx\), got model.tflite"),
        ({"artifact_bytes": 5}, "expected model.onnx of 81234 bytes, got one of 5"),
    ],
)
def test_another_model_is_refused_unless_forced(
    app: App, lab: Lab, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        er.explain(app(**given), lab())

    found = er.explain(app(**given), lab(), force=True)

    assert found.notes[0].startswith("forced: the bench has ")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_calls": 9}, "expected 10 calls of a kind, got 9; record for longer"),
        ({"n_rows": 7}, r"calls with 7 samples, .* got the batches \[1\]"),
    ],
)
def test_calls_that_are_too_few_or_of_another_size_are_refused(
    app: App, lab: Lab, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        er.explain(app(**given), lab())
