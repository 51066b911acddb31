"""Two documents against each other as a person reads it in a log."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.comparison import Comparison, Load
from edgesmith_runtime.bench.limits import parse_limit
from edgesmith_runtime.bench.regression import compare_documents
from edgesmith_runtime.bench.regression_table import render_regression
from edgesmith_runtime.bench.subject import Round, Subject

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = """\
p50, batch 1     first   second       second to first
model.onnx     10.0 us  12.0 us  1.200 [1.200, 1.200]               more
keras predict  40.0 ms  40.0 ms  1.000 [1.000, 1.000]  same within noise

p50, batch 32   first  second       second to first
model.onnx     100 us  120 us  1.200 [1.200, 1.200]               more
keras predict  400 ms  400 ms  1.000 [1.000, 1.000]  same within noise

load             first   second       second to first
model.onnx     6.00 ms  6.00 ms  1.000 [1.000, 1.000]  same within noise
keras predict  6.00 ms  6.00 ms  1.000 [1.000, 1.000]  same within noise

second to first  import  load  first_call  memory   size
model.onnx            1     1           1       1  0.500
keras predict         1     1           1       1      1

second document: noisy: the load average at the start was 4.6, above the 4 threads of this host

differs: governor: none and powersave

FAILED p50 > 1.05: model.onnx, batch 1: 1.200 [1.200, 1.200]
FAILED p50 > 1.05: model.onnx, batch 32: 1.200 [1.200, 1.200]
passed load > 1.5: nowhere beyond noise
"""


def test_the_table_shows_every_change_and_every_limit(
    made_up_comparison: Comparison, made_up_round: Callable[[int], Round]
) -> None:
    slow = dataclasses.replace(
        made_up_comparison.subjects[0],
        rounds=(made_up_round(12_000), made_up_round(12_000)),
        size_bytes=40_617,
    )
    after = dataclasses.replace(
        made_up_comparison,
        subjects=(slow, *made_up_comparison.subjects[1:]),
        load=Load(start=4.6, end=1.0),
    )
    limits = [parse_limit("p50 > 1.05"), parse_limit("load > 1.5")]
    regression = compare_documents(made_up_comparison, after, limits=limits)

    table = render_regression(
        regression,
        made_up_comparison,
        after,
        limits=limits,
        differences=["governor: none and powersave"],
    )

    assert table + "\n" == TABLE


def test_a_subject_that_cannot_run_any_more_is_a_failure(
    made_up_comparison: Comparison,
) -> None:
    broken = Subject(name="model.onnx", size_bytes=1, problem="answers differ")
    after = dataclasses.replace(
        made_up_comparison, subjects=(broken, *made_up_comparison.subjects[1:])
    )
    limits = [parse_limit("p50 > 1.05")]

    table = render_regression(
        compare_documents(made_up_comparison, after, limits=limits),
        made_up_comparison,
        after,
        limits=limits,
        differences=(),
    )

    assert (
        "model.onnx: measured in the first document alone; in the second: answers differ"
        in table
    )
    assert table.endswith(
        "FAILED: model.onnx ran for the first document and not for the second"
    )
