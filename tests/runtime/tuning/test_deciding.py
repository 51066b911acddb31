"""The fastest beyond noise wins; a tie goes to what takes least; doubt keeps the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.host import this_host
from edgesmith_runtime.latency import Measurement
from edgesmith_runtime.tuning.contest import TIME_WAS_UP, Contest, Schedule
from edgesmith_runtime.tuning.deciding import decide

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.tuned import Setup

FIVE = Schedule(n_rounds=5, min_rounds=5)

Micros = list[float]


@pytest.fixture
def measured() -> Callable[[dict[Setup, Micros]], Contest]:
    """A contest whose rounds had these medians in microseconds."""
    host = this_host()

    def make(rounds: dict[Setup, Micros]) -> Contest:
        contest = Contest(setups=tuple(rounds), host=host)
        for setup, micros in rounds.items():
            contest.rounds[setup] = [
                Measurement(latencies_ns=(round(us * 1000),) * 5, n_warmup=0, host=host)
                for us in micros
            ]
        return contest

    return make


def decided(contest: Contest) -> tuple[Setup, str]:
    return decide(contest, FIVE, np.random.default_rng(0))


def test_what_is_faster_beyond_noise_wins(
    measured: Callable[..., Contest], make_setup: Callable[..., Setup]
) -> None:
    default, other = make_setup(n_threads=2), make_setup("litert", file="model.tflite")

    choice, reason = decided(
        measured({default: [100, 101, 99, 100, 100], other: [50, 51, 49, 50, 50]})
    )

    assert choice == other
    assert reason.startswith("takes 0.50 of the time of the default, 95 % interval 0.")
    assert reason.endswith("in 5 rounds")


def test_what_is_slower_keeps_the_default(
    measured: Callable[..., Contest], make_setup: Callable[..., Setup]
) -> None:
    default, other = make_setup(n_threads=1), make_setup(n_threads=2)

    choice, reason = decided(
        measured({default: [100, 100, 100, 100, 100], other: [90, 120, 95, 110, 105]})
    )

    assert choice == default
    assert reason == "the default is kept: nothing is faster beyond noise in 5 rounds"


def test_what_may_be_noise_keeps_the_default_with_its_figures(
    measured: Callable[..., Contest], make_setup: Callable[..., Setup]
) -> None:
    default, other = make_setup(n_threads=2), make_setup(n_threads=1)

    choice, reason = decided(
        measured({default: [100, 100, 100, 100, 100], other: [80, 120, 90, 110, 95]})
    )

    assert choice == default
    assert reason.startswith(f"the default is kept: {other} takes 0.95 of its time, 95 % ")


def test_a_cheap_one_that_may_be_noise_does_not_hide_a_clear_winner(
    measured: Callable[..., Contest], make_setup: Callable[..., Setup]
) -> None:
    default, clear, cheap = make_setup(n_threads=4), make_setup(n_threads=2), make_setup()

    choice, reason = decided(
        measured({default: [100] * 5, clear: [50] * 5, cheap: [40, 130, 60, 120, 45]})
    )

    assert choice == clear
    assert reason.startswith("takes 0.50 of the time of the default")
    assert reason.endswith("in 5 rounds")


@pytest.mark.parametrize("why", [TIME_WAS_UP, "no answer within 2 s; the process was ended"])
def test_a_first_round_that_was_cut_keeps_the_default_and_says_so(
    why: str, measured: Callable[..., Contest], make_setup: Callable[..., Setup]
) -> None:
    default, other = make_setup(n_threads=2), make_setup(n_threads=1)
    contest = measured({default: [100]})
    contest.out[other] = why
    contest.short.add(other)

    choice, reason = decided(contest)

    assert choice == default
    assert reason == "the default is kept: the time was up after round 1"


def test_a_tie_goes_to_fewer_threads(
    measured: Callable[..., Contest], make_setup: Callable[..., Setup]
) -> None:
    default = make_setup(n_threads=4)
    two, one = make_setup("openvino", 2), make_setup("openvino", 1)

    choice, reason = decided(
        measured(
            {
                default: [100, 100, 100, 100, 100],
                two: [50, 52, 49, 51, 50],
                one: [51, 49, 52, 50, 51],
            }
        )
    )

    assert choice == one
    assert reason.endswith("in 5 rounds; as fast, and not cheaper: 1")


def test_a_tie_of_threads_goes_to_the_artifact_and_engine_of_the_default(
    measured: Callable[..., Contest], make_setup: Callable[..., Setup]
) -> None:
    default = make_setup(n_threads=2)
    tflite = make_setup("litert", 1, file="model.tflite")
    openvino, onnxruntime = make_setup("openvino", 1), make_setup("onnxruntime", 1)
    even = [50, 51, 49, 50, 50]

    choice, _ = decided(
        measured({default: [100] * 5, tflite: even, openvino: even, onnxruntime: even})
    )

    assert choice == onnxruntime


def test_few_rounds_are_enough_for_a_clear_lead_alone(
    measured: Callable[..., Contest], make_setup: Callable[..., Setup]
) -> None:
    default, other = make_setup(n_threads=2), make_setup(n_threads=1)

    clear, _ = decided(measured({default: [100] * 2, other: [50] * 2}))
    unclear, reason = decided(measured({default: [100] * 4, other: [95] * 4}))

    assert clear == other
    assert unclear == default
    assert reason.endswith(
        "0.95 of its time, 95 % interval 0.95 to 0.95 in 4 rounds, which is not below 0.9"
    )


def test_a_lead_of_less_than_three_percent_keeps_the_default(
    measured: Callable[..., Contest], make_setup: Callable[..., Setup]
) -> None:
    default, other = make_setup(n_threads=2), make_setup(n_threads=1)

    slight, reason = decided(measured({default: [1000] * 8, other: [975] * 8}))
    enough, _ = decided(measured({default: [1000] * 8, other: [965] * 8}))

    assert (slight, enough) == (default, other)
    assert reason.endswith("which is not below 0.97")


def test_one_round_keeps_the_default(
    measured: Callable[..., Contest], make_setup: Callable[..., Setup]
) -> None:
    default, other = make_setup(n_threads=2), make_setup(n_threads=1)

    choice, reason = decided(measured({default: [100], other: [50]}))

    assert choice == default
    assert reason == "the default is kept: the time was up after round 1"


def test_a_default_that_nothing_comes_near_needs_no_more_rounds(
    measured: Callable[..., Contest], make_setup: Callable[..., Setup]
) -> None:
    default, other = make_setup(n_threads=2), make_setup(n_threads=1)
    contest = measured({default: [100], other: [900]})
    contest.out[other] = "9.00 times the default after round 1"

    choice, reason = decided(contest)

    assert choice == default
    assert reason == "the default is kept: nothing is faster beyond noise in 1 rounds"
