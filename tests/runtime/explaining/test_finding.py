"""Each way to lose time is named, with figures, and the parts add up to the whole."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.subject import SubjectKind
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.explaining.cause import Reason
from edgesmith_runtime.explaining.laboratory import subject_of
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
    assert found.sentence.endswith("; nothing to mend")
    assert sum(cause.lost_ns for cause in found.causes) == pytest.approx(found.gap_ns)


def test_the_sentence_has_the_rule_by_which_there_is_no_gap(app: App, lab: Lab) -> None:
    slow = np.arange(200) % 5 == 0

    found = er.explain(app(is_raw=False, infer_us=np.where(slow, 800.0, 500.0)), lab())

    assert found.sentence == (
        "a typical run of the model takes 500 us in the app against 450 us in the lab (batch 1): "
        "11 % more, below the 20 % from which on a gap is looked into; one run of the model in ten "
        "takes 800 us in the app against 450 us in the lab (batch 1): 78 % more, below the 100 % "
        "from which on a gap is looked into; nothing to mend"
    )


@pytest.mark.parametrize(
    ("app_us", "lab_us", "rule"),
    [
        (400.0, 450.0, "no slower"),
        (2.9, 2.0, "less than the 1 us more that recording itself takes"),
    ],
)
def test_other_rules_by_which_there_is_no_gap(
    app: App, lab: Lab, app_us: float, lab_us: float, rule: str
) -> None:
    found = er.explain(app(is_raw=False, infer_us=app_us, n_calls=99), lab({RUN: lab_us}))

    assert found.sentence.endswith(f" in the lab (batch 1): {rule}; nothing to mend")


def test_a_round_of_the_bench_that_was_as_slow_is_no_gap(app: App, lab: Lab) -> None:
    rounds = (*lab().subjects[0].rounds, *lab({RUN: 600.0}).subjects[0].rounds[:1])
    subject = dataclasses.replace(lab().subjects[0], rounds=rounds)

    found = er.explain(app(is_raw=False, infer_us=590.0, n_calls=99), lab(subjects=(subject,)))

    assert found.sentence.endswith(
        "no slower than the slowest round there, 600 us; nothing to mend"
    )


# What a newcomer measured of an app that sleeps 2 ms between calls.
NEWCOMER = {"decode_us": 100.0, "prepare_us": 40.0, "infer_us": 103.0, "answer_us": 62.0}
NEWCOMER_LAB = {"decode": 16.0, "prepare": 10.0, "infer": 20.0, "answer": 19.0}


def of_stages(
    lab: Lab, stages_us: dict[str, float], settings: dict[Setting, float]
) -> Comparison:
    """A bench whose calls from raw inputs have these stages."""
    one = lab(settings | {RAW: 1.0}).subjects[0].rounds[0]
    taken = {name: (int(us * 1000),) * 200 for name, us in stages_us.items()}
    raw = dataclasses.replace(one.series[RAW], stages_ns=taken)
    a_round = dataclasses.replace(one, series={**one.series, RAW: raw})
    subject = dataclasses.replace(lab().subjects[0], rounds=(a_round,) * 3)
    return lab(subjects=(subject,))


@pytest.mark.parametrize("settings", [None, MANY])
def test_all_stages_stretched_after_pauses_are_idle_wake_up(
    app: App, lab: Lab, settings: EngineSettings | None
) -> None:
    bench = of_stages(lab, NEWCOMER_LAB, {RUN: 20.0})

    found = er.explain(app(**NEWCOMER, pause_us=2_000.0, settings=settings), bench)

    lost_us = {cause.reason: cause.lost_ns / 1e3 for cause in found.causes}
    assert found.main is Reason.IDLE
    assert "pauses of 2 ms, and all stages take 4.6 times as long" in found.sentence
    assert lost_us[Reason.IDLE] > 0.8 * found.gap_ns / 1e3
    assert lost_us[Reason.PREPROCESSING] == pytest.approx(100 - 16 * 4.58, rel=0.05)
    assert lost_us[Reason.THREADS] < 15


def test_idle_time_of_the_bench_counts_where_it_was_measured(app: App, lab: Lab) -> None:
    bench = of_stages(lab, NEWCOMER_LAB, {RUN: 20.0, Setting(Phase.IDLE, 0.002): 60.0})

    found = er.explain(app(**NEWCOMER, pause_us=2_000.0), bench)

    idle = next(cause for cause in found.causes if cause.reason is Reason.IDLE)
    assert idle.lost_ns == pytest.approx(
        2 * 65_000, rel=0.02
    )  # the engine took three times as long
    assert idle.evidence.endswith("after which the bench is slower too")


def test_pauses_that_the_bench_is_no_slower_after_are_told_so(app: App, lab: Lab) -> None:
    found = er.explain(
        app(is_raw=False, infer_us=900.0, pause_us=900_000.0), lab({RUN: 450.0, IDLE: 450.0})
    )

    idle = next(cause for cause in found.causes if cause.reason is Reason.IDLE)
    assert (idle.lost_ns, found.main) == (0, Reason.REST)
    assert idle.evidence == (
        "the calls come after pauses of 900 ms, which are not seen to make them slower"
    )


def test_what_decode_grew_beyond_the_other_stages_after_pauses_is_preprocessing(
    app: App, lab: Lab
) -> None:
    bench = of_stages(lab, NEWCOMER_LAB, {RUN: 20.0})

    found = er.explain(app(**NEWCOMER | {"decode_us": 1_600.0}, pause_us=2_000.0), bench)

    assert found.main is Reason.PREPROCESSING


def test_stages_stretched_alike_without_a_pause_are_no_preprocessing(
    app: App, lab: Lab
) -> None:
    found = er.explain(app(**NEWCOMER), of_stages(lab, NEWCOMER_LAB, {RUN: 20.0}))

    assert found.main is Reason.REST


def test_other_settings_do_not_explain_what_all_stages_have_in_common(
    app: App, lab: Lab
) -> None:
    stages = {"decode_us": 1600.0, "prepare_us": 400.0, "infer_us": 1800.0, "answer_us": 200.0}

    found = er.explain(app(**stages, settings=MANY), lab())

    threads = next(cause for cause in found.causes if cause.reason is Reason.THREADS)
    assert (threads.lost_ns, found.main) == (0, Reason.REST)
    assert threads.evidence == "n_threads 16 against 1, 2 threads in the process"


def test_a_package_that_took_no_part_is_charged_nothing(app: App, lab: Lab) -> None:
    other = dataclasses.replace(lab().host, ai_edge_litert="2.3.0", memory_bytes=4096)

    found = er.explain(app(infer_us=1450.0, host=other), lab())

    assert found.main is Reason.REST
    assert found.notes == ()


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
        "the hosts are unlike (CPU: Some CPU against Another CPU); what is slower may be the "
        "host's",
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"bundle": "cats", "identity": "1" * 64},
            "expected the bundle 'digits', got 'cats'; record what was measured",
        ),
        ({"artifact": "model.tflite"}, r"measured \(model.onnx\), got model.tflite"),
        (
            {"identity": "1" * 64},
            "expected the bundle 'digits' 000000000000, got one of that name 111111111111",
        ),
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
        # The most frequent kind counts, not the one that the bench has.
        (
            {"n_rows": np.where(np.arange(200) == 0, 1, 8), "is_raw": False},
            r"calls with 8 samples, .* got the batches \[1\]; .* edgesmith bench --batch 8",
        ),
    ],
)
def test_calls_that_are_too_few_or_of_another_size_are_refused(
    app: App, lab: Lab, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        er.explain(app(**given), lab())


def test_what_stretches_every_stage_alike_is_no_preprocessing(app: App, lab: Lab) -> None:
    # Eight runs at once: all stages take eight times as long, and of that a hypervisor and the
    # other thread of the core have made four times the work, as the clock of a thread counts it.
    stages = {"decode_us": 3200.0, "prepare_us": 800.0, "infer_us": 3600.0, "answer_us": 400.0}

    found = er.explain(app(**stages, n_in_flight=8, cpu_us=4_000.0), lab())

    lost_us = {cause.reason: cause.lost_ns / 1e3 for cause in found.causes}
    assert found.main is Reason.QUEUEING
    assert lost_us[Reason.QUEUEING] == pytest.approx(7000.0, rel=0.01)
    assert lost_us[Reason.PREPROCESSING] == pytest.approx(0.0, abs=1.0)


def test_busy_threads_that_stretch_every_stage_are_threads(app: App, lab: Lab) -> None:
    stages = {"decode_us": 1600.0, "prepare_us": 400.0, "infer_us": 1800.0, "answer_us": 200.0}
    wall_ns = 200 * 4_000_000

    found = er.explain(
        app(**stages, cpu_us=3_900.0, wall_ns=wall_ns, process_cpu_ns=3 * wall_ns), lab()
    )

    assert found.main is Reason.THREADS


def test_larger_inputs_of_several_callers_are_larger_inputs(app: App, lab: Lab) -> None:
    # The engine is as quick as in the bench: nothing stretches the calls.
    found = er.explain(app(decode_us=4_400.0, n_in_flight=2), lab())

    assert found.main is Reason.PREPROCESSING


def test_an_app_that_was_tuned_is_held_against_what_was_tuned(app: App, lab: Lab) -> None:
    plain = lab().subjects[0]
    setup = EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=2, spins=False)
    tuned = dataclasses.replace(
        plain, name="model.onnx as tuned", kind=SubjectKind.TUNED, setup=setup
    )
    both = lab(subjects=(plain, tuned))

    assert subject_of(both, app(settings=setup)) is tuned
    assert subject_of(both, app()) is plain
    assert er.explain(app(settings=setup), both).main is None


def test_what_a_caller_gives_back_after_the_answer_is_no_stage_of_the_bench(
    app: App, lab: Lab
) -> None:
    # The latency of a bench's call has 1.5 ms that are in none of its stages, nor in the app's.
    found = er.explain(app(decode_us=1400.0), lab({RUN: 450.0, RAW: 2500.0}))

    assert found.main is Reason.PREPROCESSING
    assert found.gap_ns == pytest.approx(1_000_000)
