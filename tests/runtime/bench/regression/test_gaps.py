"""What only the first of two documents measured."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.regression.gaps import Gap, gaps_between
from edgesmith_runtime.bench.regression.limits import Metric
from edgesmith_runtime.bench.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.comparison import Comparison

STEADY, RAW = Setting(Phase.STEADY), Setting(Phase.RAW)


def _without(subject: Subject, setting: Setting, failure: str | None = None) -> Subject:
    rounds = tuple(
        dataclasses.replace(
            one,
            series={key: value for key, value in one.series.items() if key != setting},
            failures={} if failure is None else {setting: failure},
        )
        for one in subject.rounds
    )
    return dataclasses.replace(subject, rounds=rounds)


def test_like_documents_have_no_gap(scattered_comparison: Callable[..., Comparison]) -> None:
    one = scattered_comparison()

    assert gaps_between(one, one, (STEADY,), tuple(Metric)) == ()


def test_a_subject_that_is_gone_or_failed_is_a_gap(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    names = ("a.onnx", "b.onnx", "c.onnx")
    before = scattered_comparison(*(scattered_subject(9.0, name=name) for name in names))
    after = scattered_comparison(
        scattered_subject(9.0, name="a.onnx"),
        Subject(name="b.onnx", size_bytes=1, problem="boom"),
    )

    gaps = gaps_between(before, after, (), ())

    assert [str(gap) for gap in gaps] == [
        "b.onnx: failed in the second document: boom",
        "c.onnx: the second document does not have it",
    ]


def test_a_setting_that_is_gone_or_failed_in_all_rounds_is_a_gap(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    both = scattered_subject(9.0, settings=(STEADY, RAW))
    before = scattered_comparison(both)

    failed, gone = (
        gaps_between(before, scattered_comparison(after), (STEADY, RAW), ())
        for after in (_without(both, RAW, "boom"), _without(both, RAW))
    )

    assert failed == (
        Gap(subject="model.onnx", setting=RAW, reason="failed in the second document: boom"),
    )
    assert [str(gap) for gap in gone] == [
        "model.onnx, raw input: the second document did not measure it"
    ]
    assert gaps_between(before, scattered_comparison(_without(both, RAW)), (STEADY,), ()) == ()


def test_a_metric_that_the_second_document_cannot_give_is_a_gap(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    before = scattered_comparison(scattered_subject(9.0, n_calls=200))
    few = scattered_subject(9.0, n_calls=40)
    mute = dataclasses.replace(
        few,
        rounds=tuple(dataclasses.replace(one, peak_memory_bytes=None) for one in few.rounds),
    )
    metrics = (Metric.P99, Metric.P90, Metric.MEMORY)

    gaps = gaps_between(before, scattered_comparison(mute), (STEADY,), metrics)

    assert [str(gap) for gap in gaps] == [
        "p99 of model.onnx, batch 1: the second document has too few calls for it",
        "memory of model.onnx: the second document does not know it",
    ]
    assert gaps_between(scattered_comparison(mute), before, (STEADY,), metrics) == ()
