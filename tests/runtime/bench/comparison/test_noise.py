"""A machine that was disturbed is said to be."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.comparison import Comparison, Load
from edgesmith_runtime.bench.comparison.noise import words_of_noise
from edgesmith_runtime.bench.conditions import Conditions
from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.subject import Round, Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_quiet_machine_shows_no_noise(
    scattered_comparison: Callable[..., Comparison],
) -> None:
    assert scattered_comparison().noise == ()


def test_a_machine_without_a_load_average_shows_no_noise(
    scattered_comparison: Callable[..., Comparison],
) -> None:
    assert scattered_comparison(load=Load(start=None, end=None)).noise == ()


def test_a_load_above_the_threads_of_the_host_is_noise(
    scattered_comparison: Callable[..., Comparison],
) -> None:
    assert scattered_comparison(load=Load(start=4.6, end=1.0)).noise == (
        "noisy: the load average at the start was 4.6, above the 4 threads of this host",
    )


@pytest.mark.parametrize(
    ("start", "end", "sign"),
    [
        (
            Conditions(counted_s=100.0, stolen_s=5.0),
            Conditions(counted_s=200.0, stolen_s=8.2),
            "noisy: the hypervisor gave 3.2% of this machine's processor time to others meanwhile "
            "(steal)",
        ),
        (
            Conditions(n_throttled=7, throttled_s=1.5),
            Conditions(n_throttled=19, throttled_s=2.0),
            "noisy: the processor quota was used up in 12 periods, and all stood still for 0.5 s",
        ),
        (
            Conditions(n_thermal=1),
            Conditions(n_thermal=5),
            "noisy: the processor slowed itself down 4 times because of heat",
        ),
    ],
)
def test_counters_that_grew_are_noise(
    scattered_comparison: Callable[..., Comparison],
    start: Conditions,
    end: Conditions,
    sign: str,
) -> None:
    noisy = scattered_comparison(conditions_start=start, conditions_end=end)
    quiet = scattered_comparison(conditions_start=end, conditions_end=end)

    assert noisy.noise == (sign,)
    assert quiet.noise == ()


def test_rounds_that_drift_are_noise(
    scattered_comparison: Callable[..., Comparison], made_up_round: Callable[[int], Round]
) -> None:
    drifting = Subject(
        name="model.onnx", size_bytes=1, rounds=(made_up_round(10_000), made_up_round(12_500))
    )

    drift, uncertain = scattered_comparison(drifting).noise

    assert drift == (
        "noisy: the later half of the rounds differs from the earlier: "
        "model.onnx (batch 1) by 25%, model.onnx (batch 32) by 25%"
    )
    assert uncertain == (
        "noisy: medians are uncertain: model.onnx (batch 1) 11%, model.onnx (batch 32) 11%"
    )


def test_equal_things_that_differ_are_noise(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    again = scattered_subject(108.0, name="model.onnx again", kind=SubjectKind.AGAIN, seed=2)

    (sign,) = scattered_comparison(scattered_subject(100.0), again).noise

    assert re.fullmatch(
        r"noisy: model\.onnx measured again differs from itself: 1\.0\d\d \[1\.0\d\d, 1\.\d{3}\] "
        r"\(batch 1\); no ratio there is told more exactly",
        sign,
    )


def test_a_warm_up_that_did_not_settle_is_noise(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    subject = scattered_subject(100.0)
    first = subject.rounds[0]
    series = {
        setting: dataclasses.replace(one, is_stable=False)
        for setting, one in first.series.items()
    }
    rounds = (dataclasses.replace(first, series=series), *subject.rounds[1:])

    unsettled = scattered_comparison(dataclasses.replace(subject, rounds=rounds))

    assert unsettled.noise == (
        "noisy: the latency had not settled when the warm-up ended: model.onnx (batch 1)",
    )


def test_of_many_the_first_are_named(
    scattered_comparison: Callable[..., Comparison], made_up_round: Callable[[int], Round]
) -> None:
    drifting = [
        Subject(
            name=f"{letter}.onnx",
            size_bytes=1,
            rounds=(made_up_round(10_000), made_up_round(12_500)),
        )
        for letter in "abc"
    ]

    drift = scattered_comparison(*drifting).noise[0]

    assert drift.endswith("b.onnx (batch 32) by 25%, and 2 more")


def test_few_calls_after_idle_time_are_not_judged(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    subject = scattered_subject(100.0, settings=(Setting(Phase.IDLE, 1.0),), n_calls=2)
    slow = scattered_subject(300.0, settings=(Setting(Phase.IDLE, 1.0),), n_calls=2)
    mixed = dataclasses.replace(subject, rounds=(*subject.rounds[:2], *slow.rounds[2:]))

    assert scattered_comparison(mixed).noise == ()


def test_every_sign_has_a_word(scattered_comparison: Callable[..., Comparison]) -> None:
    busy = scattered_comparison(
        load=Load(start=9.0, end=8.0),
        conditions_start=Conditions(n_thermal=1, counted_s=0.0, stolen_s=0.0),
        conditions_end=Conditions(n_thermal=3, counted_s=10.0, stolen_s=1.0),
    )

    assert words_of_noise(busy) == ("load", "load", "steal", "heat")
    assert len(busy.noise) == 4
    assert words_of_noise(scattered_comparison()) == ()
