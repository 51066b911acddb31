"""What is looked at first: each artifact and engine once, then the engines that did well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.host import this_host
from edgesmith_runtime.latency import Measurement
from edgesmith_runtime.tuning.contest import Contest, Schedule
from edgesmith_runtime.tuning.order import heads, looks

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.tuned import Setup

LITE = "model.tflite"


def test_a_head_has_the_threads_of_the_default_and_artifacts_go_before_engines(
    make_setup: Callable[..., Setup],
) -> None:
    default = make_setup(n_threads=2)
    setups = (
        default,
        make_setup(),
        make_setup("openvino", 1),
        make_setup("openvino", 2),
        make_setup("litert", 1, file=LITE),
        make_setup("litert", 2, file=LITE),
    )

    assert heads(setups) == [
        default,
        make_setup("litert", 2, file=LITE),
        make_setup("openvino", 2),
    ]


def test_an_engine_without_so_many_threads_has_its_first_setup_for_head(
    make_setup: Callable[..., Setup],
) -> None:
    default, alone = make_setup(n_threads=4), make_setup("openvino", 1)

    assert heads((default, alone, make_setup("openvino", 2))) == [default, alone]


def test_after_the_heads_each_engine_has_its_turn_the_fastest_first_and_the_far_last(
    make_setup: Callable[..., Setup],
) -> None:
    default, slow = make_setup(n_threads=4), make_setup("openvino", 4)
    fast = make_setup("litert", 4, file=LITE)
    setups = (
        default,
        *(make_setup(n_threads=n) for n in (1, 2)),
        *(make_setup("openvino", n) for n in (1, 2)),
        slow,
        *(make_setup("litert", n, file=LITE) for n in (1, 2)),
        fast,
    )
    contest = Contest(setups=setups, host=this_host())
    micros = {default: 100, fast: 90, slow: 500}
    order: list[Setup] = []

    for setup in looks(contest, Schedule()):
        order.append(setup)
        us = micros.get(setup, 50)
        contest.rounds[setup] = [
            Measurement(latencies_ns=(us * 1000,), n_warmup=0, host=contest.host)
        ]

    assert order == [
        default,
        fast,
        slow,
        make_setup("litert", 1, file=LITE),
        make_setup(n_threads=1),
        make_setup("litert", 2, file=LITE),
        make_setup(n_threads=2),
        make_setup("openvino", 1),
        make_setup("openvino", 2),
    ]
