"""The comparison as a person sees it on a terminal."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.comparison import Comparison, Load
from edgesmith_runtime.bench.phases import Phase, Series, Setting
from edgesmith_runtime.bench.subject import CallStyle, Round, Subject
from edgesmith_runtime.latency import Measurement

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.host import Host

TABLE = """\
digits: 2 rounds of fresh processes, threads: 2; medians, 95 % intervals in brackets
Some CPU, Linux 6.1

                  size  peak memory   import     load  first call
model.onnx     81.2 kB      57.0 MB  65.0 ms  6.00 ms      600 us
model.tflite   79.0 kB            -        -        -           -
keras predict   123 kB      57.0 MB  65.0 ms  6.00 ms      600 us

batch 1        latency          [interval]      p90  samples/s
model.onnx     10.0 us  [10.0 us, 10.0 us]  10.0 us    100,000
keras predict  40.0 ms  [40.0 ms, 40.0 ms]  40.0 ms       25.0

batch 1: times faster than keras               predict
model.onnx                        4,000 [4,000, 4,000]

batch 32       latency        [interval]     p90  samples/s
model.onnx      100 us  [100 us, 100 us]  100 us    320,000
keras predict   400 ms  [400 ms, 400 ms]  400 ms       80.0

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
    wide = dataclasses.replace(made_up_comparison, subjects=(long, failed, *styles))

    assert max(len(line) for line in wide.table().splitlines()) <= 100


@pytest.mark.parametrize(
    ("latency_ns", "text"),
    [
        (850, "850 ns"),
        (5_400, "5.40 us"),
        (52_100, "52.1 us"),
        (39_932_000, "39.9 ms"),
        (2_303_000_000, "2.30 s"),
    ],
)
def test_a_time_has_three_digits_and_its_unit(
    made_up_comparison: Comparison, made_up_host: Host, latency_ns: int, text: str
) -> None:
    calls = Measurement(latencies_ns=(latency_ns,) * 100, n_warmup=10, host=made_up_host)
    series = {Setting(Phase.STEADY): Series(measurement=calls)}
    subject = made_up_comparison.subjects[0]
    timed = dataclasses.replace(
        subject, rounds=(dataclasses.replace(subject.rounds[0], series=series),)
    )
    table = dataclasses.replace(made_up_comparison, subjects=(timed,)).table()

    assert f"  {text}  [{text}, {text}]  {text}  " in table
