"""The comparison as a person sees it on a terminal."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.comparison import Comparison, Load
from edgesmith_runtime.bench.conditions import Conditions
from edgesmith_runtime.bench.phases import Phase, Series, Setting
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.bench.subject import CallStyle, Round, Subject, SubjectKind
from edgesmith_runtime.latency import Measurement
from edgesmith_runtime.manifest import Score
from edgesmith_runtime.settings import Engine, EngineSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.host import Host

TABLE = """\
digits: 2 rounds of fresh processes, threads: 2; medians, 95 % intervals in brackets
Some CPU, 4 of 4 processors, Linux 6.1
Python 3.11.7, numpy 2.4.0, onnxruntime 1.32.0, keras 3.15.1

batch 1           size                   p50   p90           to baseline
model.onnx     81.2 kB  10.0 us [10.0, 10.0]  10.0              baseline
model.tflite   79.0 kB                     -     -                     -
keras predict   123 kB  40.0 ms [40.0, 40.0]  40.0  4,000 [4,000, 4,000]

                import     load  first call     peak
model.onnx     65.0 ms  6.00 ms      600 us  57.0 MB
keras predict  65.0 ms  6.00 ms      600 us  57.0 MB

batch 1: times faster than keras               predict
model.onnx                        4,000 [4,000, 4,000]

batch 32                     p50  p90  samples/s           to baseline
model.onnx     100 us [100, 100]  100    320,000              baseline
keras predict  400 ms [400, 400]  400       80.0  4,000 [4,000, 4,000]

batch 32: times faster than keras               predict
model.onnx                         4,000 [4,000, 4,000]

model.tflite: not measured: TFLite needs an extra
"""


def test_the_table_shows_every_figure(made_up_comparison: Comparison) -> None:
    assert made_up_comparison.table() + "\n" == TABLE


def test_without_an_original_the_table_says_so(made_up_comparison: Comparison) -> None:
    alone = dataclasses.replace(made_up_comparison, subjects=made_up_comparison.subjects[:1])

    lines = alone.table().splitlines()

    assert lines[-1] == (
        "No original was given, so the artifacts are compared with each other alone."
    )


def test_the_table_ends_with_the_signs_of_noise(made_up_comparison: Comparison) -> None:
    busy = dataclasses.replace(made_up_comparison, load=Load(start=4.6, end=1.0))

    assert busy.table().endswith(
        "noisy: the load average at the start was 4.6, above the 4 threads of this host"
    )


def test_no_line_is_wider_than_100_columns(
    made_up_comparison: Comparison, made_up_round: Callable[[int], Round]
) -> None:
    long_name = f"{'very_' * 12}long.onnx"
    long = Subject(
        name=long_name, style=None, size_bytes=1, rounds=(made_up_round(123_456_789),) * 2
    )
    styles = tuple(
        Subject(
            name=f"keras {style}",
            style=style,
            size_bytes=1,
            rounds=(made_up_round(10**14),) * 2,
        )
        for style in CallStyle
    )
    failed = Subject(name=long_name, style=None, size_bytes=1, problem="so it is, " * 40)
    wide = dataclasses.replace(
        made_up_comparison, subjects=(long, failed, *styles), baseline=""
    )

    assert max(len(line) for line in wide.table().splitlines()) <= 100


def test_every_phase_has_its_block(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    settings = Plan(phases=tuple(Phase), batches=(1,)).settings()
    subject = dataclasses.replace(
        scattered_subject(100.0, settings=settings),
        score=Score(metric="accuracy", value=0.98765, low=0.9, high=1.0, n_samples=9),
    )

    table = scattered_comparison(subject).table()

    heads = [block.splitlines()[0].split("  ")[0] for block in table.split("\n\n")[1:-1]]
    assert heads == [
        "batch 1",
        "",
        "raw input",
        "raw input: where it goes",
        "after 1 s idle",
        "after 10 s idle",
        "at 100 Hz",
        "4 callers",
        "120 s on end",
        "120 s on end: over time",
    ]
    assert "0.988" in table
    assert "no change above 3%" in table
    assert max(len(line) for line in table.splitlines()) <= 100


def test_the_heading_says_what_kind_of_machine_it_was(
    scattered_comparison: Callable[..., Comparison], made_up_host: Host
) -> None:
    host = dataclasses.replace(
        made_up_host,
        flags="avx2 avx512_vnni",
        is_virtual=True,
        has_smt=True,
        cpu_quota=1.5,
        n_cpus_affinity=2,
    )
    state = Conditions(governor="powersave", min_mhz=800.0, max_mhz=3500.0)

    table = scattered_comparison(host=host, conditions_start=state).table()

    assert " ".join(table.splitlines()[1:3]).replace("   ", " ") == (
        "Some CPU, 2 of 4 processors, quota 1.5, two to a core, virtual, 800 to 3500 MHz, "
        "governor powersave, avx2 avx512_vnni, Linux 6.1"
    )


def test_what_the_second_baseline_is_for_is_said(
    scattered_comparison: Callable[..., Comparison],
) -> None:
    table = scattered_comparison().table()

    assert "'model.onnx again' is the baseline in processes of its own" in table


def test_the_tail_is_in_the_unit_of_the_median(
    made_up_comparison: Comparison, made_up_host: Host
) -> None:
    calls = Measurement(
        latencies_ns=(5_000,) * 800 + (9_000_000,) * 200, n_warmup=10, host=made_up_host
    )
    subject = made_up_comparison.subjects[0]
    series = {Setting(Phase.STEADY): Series(measurement=calls)}
    timed = dataclasses.replace(
        subject, rounds=(dataclasses.replace(subject.rounds[0], series=series),)
    )

    table = dataclasses.replace(made_up_comparison, subjects=(timed,)).table()

    assert "5.00 us [5.00, 5.00]  9,000  9,000  9,000" in table


def test_what_tune_chose_is_said_with_its_setup(made_up_comparison: Comparison) -> None:
    setup = EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=4, spins=False)
    tuned = dataclasses.replace(
        made_up_comparison.subjects[0],
        name="model.onnx as tuned",
        kind=SubjectKind.TUNED,
        setup=setup,
    )
    both = dataclasses.replace(
        made_up_comparison, subjects=(made_up_comparison.subjects[0], tuned)
    )

    notes = " ".join(both.table().split("\n\n")[-1].split())

    assert notes == (
        "'model.onnx as tuned' ran as tune chose it on this host: onnxruntime, 4 threads that "
        "sleep, blocked layout; the threads above are those of the others. No original was given, "
        "so the artifacts are compared with each other alone."
    )


def test_a_setting_that_failed_in_some_rounds_is_not_called_unmeasured(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    subject = scattered_subject(100.0)
    failed = dataclasses.replace(
        subject.rounds[2], series={}, failures={Setting(Phase.STEADY): "boom"}
    )
    some = (*subject.rounds[:2], failed, *subject.rounds[3:])

    partly, wholly = (
        scattered_comparison(dataclasses.replace(subject, rounds=rounds)).table()
        for rounds in (some, (failed,) * 5)
    )

    assert "model.onnx: batch 1: failed in 1 of 5 rounds: boom" in partly
    assert "not measured" not in partly
    assert "model.onnx: batch 1: not measured: boom" in wholly


def test_what_a_process_takes_is_there_whatever_it_measured(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    raw = scattered_subject(100.0, settings=(Setting(Phase.RAW),))
    steady = scattered_subject(90.0, name="keras call", style=CallStyle.CALL)
    bare = dataclasses.replace(
        raw, rounds=tuple(dataclasses.replace(one, series={}) for one in raw.rounds)
    )

    table = scattered_comparison(raw, steady).table()
    alone = scattered_comparison(bare).table()

    first, cost = table.split("\n\n")[1:3]
    assert first.startswith("batch 1")  # in the order of the plan
    assert "model.onnx  65.0 ms  6.00 ms      200 us" in cost
    assert "model.onnx  65.0 ms  6.00 ms      200 us  57.0 MB" in alone


def test_without_a_common_round_nothing_is_told_as_faster(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    def without(subject: Subject, kept: slice) -> Subject:
        empty = [dataclasses.replace(one, series={}) for one in subject.rounds]
        empty[kept] = subject.rounds[kept]
        return dataclasses.replace(subject, rounds=tuple(empty))

    styles = {
        style: scattered_subject(900.0, name=f"keras {style}", style=style)
        for style in (CallStyle.CALL, CallStyle.PREDICT)
    }
    table = scattered_comparison(
        without(scattered_subject(100.0), slice(0, 2)),
        without(styles[CallStyle.CALL], slice(2, 5)),
        styles[CallStyle.PREDICT],
    ).table()

    (faster,) = [block for block in table.split("\n\n") if "times faster" in block]
    assert faster.splitlines()[0].endswith("predict")


def test_noise_takes_six_lines_at_most_and_the_rest_is_counted(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    unsettled = scattered_subject(100.0, name=f"{'very_' * 12}long.onnx")
    rounds = tuple(
        dataclasses.replace(
            one,
            series={
                setting: dataclasses.replace(series, is_stable=False)
                for setting, series in one.series.items()
            },
        )
        for one in unsettled.rounds
    )
    busy = scattered_comparison(
        dataclasses.replace(unsettled, rounds=rounds),
        load=Load(start=9.0, end=8.0),
        conditions_start=Conditions(
            n_thermal=1, counted_s=0.0, stolen_s=0.0, n_throttled=0, throttled_s=0.0
        ),
        conditions_end=Conditions(
            n_thermal=3, counted_s=10.0, stolen_s=1.0, n_throttled=9, throttled_s=1.0
        ),
    )

    lines = busy.table().splitlines()

    first = next(index for index, line in enumerate(lines) if line.startswith("noisy: "))
    assert len(busy.noise) == 6
    assert len(lines[first:]) == 6
    assert lines[-1] == "noisy: 1 more sign, which --json has"
