"""What became slower between two documents, and what only seems so."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.limits import Metric, parse_limit
from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.regression import Change, Regression, compare_documents
from edgesmith_runtime.bench.subject import Subject, SubjectKind
from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.comparison import Comparison

STEADY = Setting(Phase.STEADY)
SLOWER = parse_limit("p50 > 1.05")


def _change(regression: Regression, metric: Metric) -> Change:
    return next(one for one in regression.changes if one.metric is metric)


def test_a_slowdown_is_the_second_to_the_first(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    before = scattered_comparison(scattered_subject(100.0, seed=1))
    after = scattered_comparison(scattered_subject(120.0, seed=2))

    regression = compare_documents(before, after, limits=[SLOWER])

    change = _change(regression, Metric.P50)
    assert (change.subject, change.setting) == ("model.onnx", STEADY)
    assert change.before == pytest.approx(100_000, rel=0.02)
    assert change.after == pytest.approx(120_000, rel=0.02)
    assert 1.05 < change.ratio.low < 1.2 < change.ratio.high
    assert regression.broken == ((SLOWER, change),)


def test_what_noise_explains_breaks_no_limit(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    before = scattered_comparison(scattered_subject(100.0, seed=1))
    after = scattered_comparison(scattered_subject(105.5, seed=2))

    regression = compare_documents(before, after, limits=[SLOWER])

    assert _change(regression, Metric.P50).ratio.value > 1.05
    assert regression.broken == ()


@pytest.mark.parametrize("noisy_side", ["first", "second"])
def test_the_noise_floor_of_either_document_counts(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
    noisy_side: str,
) -> None:
    def document(latency_us: float, *, is_noisy: bool) -> Comparison:
        again = scattered_subject(
            latency_us * (1.3 if is_noisy else 1.0),
            name="model.onnx again",
            kind=SubjectKind.AGAIN,
            seed=3,
        )
        return scattered_comparison(scattered_subject(latency_us, seed=1), again)

    before = document(100.0, is_noisy=noisy_side == "first")
    after = document(120.0, is_noisy=noisy_side == "second")

    regression = compare_documents(before, after, limits=[SLOWER])

    assert _change(regression, Metric.P50).ratio.low < 1
    assert regression.broken == ()
    assert {one.subject for one in regression.changes} == {"model.onnx"}


def test_the_tail_is_compared_where_it_is_asked_for(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    before = scattered_comparison(scattered_subject(100.0, seed=1))
    after = scattered_comparison(scattered_subject(130.0, seed=2))
    limit = parse_limit("p95 > 1.1")

    regression = compare_documents(before, after, limits=[limit])

    assert [one.metric for _, one in regression.broken] == [Metric.P95]
    assert Metric.P95 not in {one.metric for one in compare_documents(before, after).changes}


def test_what_is_there_once_is_compared_too(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    subject = scattered_subject(100.0)
    rounds = tuple(
        dataclasses.replace(one, load_ns=2 * one.load_ns, peak_memory_bytes=114_000_000)
        for one in subject.rounds
    )
    after = dataclasses.replace(subject, rounds=rounds, size_bytes=81_235)
    limits = [
        parse_limit(text) for text in ("load > 1.5", "memory > 1.5", "size > 1", "cpu > 2")
    ]

    regression = compare_documents(
        scattered_comparison(subject), scattered_comparison(after), limits=limits
    )

    assert [str(limit) for limit, _ in regression.broken] == [
        "load > 1.5",
        "memory > 1.5",
        "size > 1",
    ]
    assert _change(regression, Metric.LOAD).ratio.value == pytest.approx(2)
    assert _change(regression, Metric.IMPORT).ratio.value == 1
    assert _change(regression, Metric.SIZE).ratio.low == 81_235 / 81_234
    assert _change(regression, Metric.CPU).setting == STEADY


@pytest.mark.parametrize("word", ["raw", "raw:1", "raw input"])
def test_settings_can_be_chosen(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
    word: str,
) -> None:
    both = scattered_comparison(scattered_subject(100.0, settings=(STEADY, Setting(Phase.RAW))))

    regression = compare_documents(both, both, settings=[word])

    assert {one.setting for one in regression.changes} == {Setting(Phase.RAW), None}


def test_an_unknown_setting_is_refused_with_those_there_are(
    scattered_comparison: Callable[..., Comparison],
) -> None:
    with pytest.raises(InputError) as caught:
        compare_documents(scattered_comparison(), scattered_comparison(), settings=["idle"])

    assert str(caught.value) == (
        "--setting: expected one that both documents have (steady:1), got 'idle'"
    )


def test_a_limit_on_what_was_not_measured_is_refused(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    few = scattered_comparison(scattered_subject(100.0, n_calls=20))

    with pytest.raises(InputError) as caught:
        compare_documents(few, few, limits=[parse_limit("p99 > 1.2")])

    assert str(caught.value) == (
        "--fail-if 'p99 > 1.2': neither subject nor setting has p99 in both documents (p99 takes "
        "1000 calls, p95 200, p90 100; cpu and memory a system that tells); measure more rounds, "
        "or hold another metric"
    )


def test_documents_without_a_common_subject_are_refused(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    before = scattered_comparison(scattered_subject(100.0))
    after = scattered_comparison(Subject(name="a.onnx", size_bytes=1, problem="no engine"))

    with pytest.raises(InputError) as caught:
        compare_documents(before, after)

    assert str(caught.value) == (
        "nothing to compare: no subject was measured in both documents; the first has model.onnx, "
        "the second none"
    )


def test_subjects_of_one_document_alone_are_named(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    common = scattered_subject(100.0)
    broken = Subject(name="b.onnx", size_bytes=1, problem="answers differ")
    before = scattered_comparison(
        common, scattered_subject(9.0, name="a.onnx"), scattered_subject(9.0, name="b.onnx")
    )
    after = scattered_comparison(common, broken, scattered_subject(9.0, name="c.onnx"))

    regression = compare_documents(before, after)

    assert regression.failed == (("b.onnx", "answers differ"),)
    assert (regression.only_before, regression.only_after) == (("a.onnx",), ("c.onnx",))
