"""Two documents against each other as a person reads it in a log."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.comparison import Comparison, Load
from edgesmith_runtime.bench.conditions import Conditions
from edgesmith_runtime.bench.regression.limits import parse_limit
from edgesmith_runtime.bench.regression.regression import compare_documents
from edgesmith_runtime.bench.regression.table import render_regression
from edgesmith_runtime.bench.subject import Round, Subject

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = """\
two bundles: first 'digits' 000000000000, second 'digits' 111111111111

p50, batch 1     first   second       second to first
model.onnx     10.0 us  12.0 us  1.200 [1.200, 1.200]               more
keras predict  40.0 ms  40.0 ms  1.000 [1.000, 1.000]  same within noise

p50, batch 32   first  second       second to first
model.onnx     100 us  120 us  1.200 [1.200, 1.200]               more
keras predict  400 ms  400 ms  1.000 [1.000, 1.000]  same within noise

load             first   second  second to first
model.onnx     6.00 ms  6.00 ms            1.000  too few rounds
keras predict  6.00 ms  6.00 ms            1.000  too few rounds

second to first  import    load  first_call  memory   size
model.onnx       ~1.000  ~1.000      ~1.000  ~1.000  0.500
keras predict    ~1.000  ~1.000      ~1.000  ~1.000   same
(same: no change beyond noise)
(~: of fewer than 3 rounds, which do not tell noise from change)

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
        identity="1" * 64,
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

    assert "not compared: model.onnx: failed in the second document: answers differ\n" in table
    assert table.endswith("FAILED: model.onnx: failed in the second document: answers differ")


def _table(before: Comparison, after: Comparison, *limits: str) -> str:
    held = [parse_limit(text) for text in limits]
    regression = compare_documents(before, after, limits=held)
    return render_regression(regression, before, after, limits=held, differences=())


def test_the_size_is_the_same_and_needs_no_noise(
    scattered_comparison: Callable[..., Comparison],
) -> None:
    both = scattered_comparison()

    table = _table(both, both, "size > 1.1")

    assert "model.onnx  81.2 kB  81.2 kB  1.000 [1.000, 1.000]  same\n" in table
    assert (
        "model.onnx         same  same        same    same  same\n"
        "(same: no change beyond noise)\n"
    ) in table


def test_a_limit_in_too_few_rounds_is_told_as_unclear(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    subject = scattered_subject(100.0)
    two = tuple(dataclasses.replace(one, load_ns=12_000_000) for one in subject.rounds[:2])
    after = scattered_comparison(dataclasses.replace(subject, rounds=two))

    table = _table(scattered_comparison(subject), after, "load > 1.5")

    assert table.endswith(
        "unclear load > 1.5: model.onnx: 1.999, of fewer than 3 rounds, which do not tell noise "
        "from change;\n  no failure"
    )


def test_a_limit_with_nothing_to_hold_has_not_passed(
    made_up_comparison: Comparison,
) -> None:
    broken = Subject(name="model.onnx", size_bytes=1, problem="boom")
    before = dataclasses.replace(made_up_comparison, subjects=made_up_comparison.subjects[:1])

    table = _table(before, dataclasses.replace(before, subjects=(broken,)), "p50 > 1.05")

    assert table.endswith(
        "not held p50 > 1.05: nothing that both documents measured\n"
        "FAILED: model.onnx: failed in the second document: boom"
    )


def test_several_signs_of_noise_are_one_line(
    scattered_comparison: Callable[..., Comparison],
) -> None:
    noisy = scattered_comparison(
        load=Load(start=9.0, end=8.0),
        conditions_start=Conditions(n_thermal=1, counted_s=0.0, stolen_s=0.0),
        conditions_end=Conditions(n_thermal=3, counted_s=10.0, stolen_s=1.0),
    )

    table = _table(noisy, scattered_comparison())

    assert table.endswith(
        "first document: noisy: 4 signs (load, steal, heat); --json has them in full"
    )
