"""What became slower between two documents, and what only seems so."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.regression.limits import Metric, parse_limit
from edgesmith_runtime.bench.regression.regression import Change, Regression, compare_documents
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


def test_a_subject_that_failed_is_a_failure_with_and_without_limits(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    broken = scattered_comparison(Subject(name="model.onnx", size_bytes=1, problem="boom"))

    regression = compare_documents(
        scattered_comparison(scattered_subject(100.0)), broken, limits=[SLOWER]
    )

    assert regression.changes == ()
    assert [str(gap) for gap in regression.gaps] == [
        "model.onnx: failed in the second document: boom"
    ]
    assert regression.is_failure(has_limits=True)
    assert regression.is_failure(has_limits=False)


def test_what_is_gone_is_a_failure_where_limits_are_given(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    raw = Setting(Phase.RAW)
    before = scattered_comparison(
        scattered_subject(100.0, settings=(STEADY, raw)), scattered_subject(9.0, name="b.onnx")
    )
    after = scattered_comparison(scattered_subject(100.0))

    regression = compare_documents(before, after, limits=[SLOWER])

    assert [str(gap) for gap in regression.gaps] == [
        "model.onnx, raw input: the second document did not measure it",
        "b.onnx: the second document does not have it",
    ]
    assert regression.broken == ()
    assert regression.is_failure(has_limits=True)
    assert not regression.is_failure(has_limits=False)


def test_a_tail_that_is_gone_in_one_setting_is_a_failure(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    raw = Setting(Phase.RAW)
    before = scattered_subject(100.0, settings=(STEADY, raw))
    few = scattered_subject(100.0, settings=(raw,), n_calls=20)
    rounds = tuple(
        dataclasses.replace(one, series={**one.series, **other.series})
        for one, other in zip(before.rounds, few.rounds, strict=True)
    )
    after = scattered_comparison(dataclasses.replace(before, rounds=rounds))

    regression = compare_documents(
        scattered_comparison(before), after, limits=[parse_limit("p99 > 2")]
    )

    assert [str(gap) for gap in regression.gaps] == [
        "p99 of model.onnx, raw input: the second document has too few calls for it"
    ]
    assert regression.is_failure(has_limits=True)


def test_a_setting_that_was_chosen_and_is_gone_is_told(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    before = scattered_comparison(
        scattered_subject(100.0, settings=(STEADY, Setting(Phase.RAW)))
    )
    after = scattered_comparison(scattered_subject(100.0))

    chosen, other = (
        compare_documents(before, after, limits=[SLOWER], settings=[word])
        for word in ("raw", "steady")
    )

    assert [gap.setting for gap in chosen.gaps] == [Setting(Phase.RAW)]
    assert other.gaps == ()


@pytest.mark.parametrize(("n_rounds", "is_sure"), [(1, False), (2, False), (3, True)])
def test_of_fewer_than_three_rounds_nothing_is_beyond_noise(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
    n_rounds: int,
    is_sure: bool,  # noqa: FBT001 - from parametrize
) -> None:
    subject = scattered_subject(100.0)
    rounds = tuple(
        dataclasses.replace(one, load_ns=12_000_000) for one in subject.rounds[:n_rounds]
    )
    after = scattered_comparison(dataclasses.replace(subject, rounds=rounds))
    limit = parse_limit("load > 1.5")

    regression = compare_documents(scattered_comparison(subject), after, limits=[limit])

    change = _change(regression, Metric.LOAD)
    assert change.is_sure is is_sure
    assert regression.broken == (((limit, change),) if is_sure else ())
    assert regression.unclear == (() if is_sure else ((limit, change),))
    assert regression.is_failure(has_limits=True) is is_sure
    assert _change(regression, Metric.SIZE).is_sure


@pytest.mark.parametrize("metric", ["load", "cpu"])
def test_start_and_processor_time_have_a_noise_floor_of_their_own(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
    metric: str,
) -> None:
    def slower(subject: Subject, factor: float) -> Subject:
        rounds = tuple(
            dataclasses.replace(
                one,
                load_ns=int(factor * one.load_ns),
                series={
                    setting: dataclasses.replace(
                        series, cpu_ns=int(factor * (series.cpu_ns or 0))
                    )
                    for setting, series in one.series.items()
                },
            )
            for one in subject.rounds
        )
        return dataclasses.replace(subject, rounds=rounds)

    once = scattered_subject(100.0, seed=1)
    again = dataclasses.replace(once, name="model.onnx again", kind=SubjectKind.AGAIN)
    quiet = scattered_comparison(once, again)
    noisy = scattered_comparison(once, slower(again, 1.3))
    after = scattered_comparison(slower(once, 1.2))
    limit = parse_limit(f"{metric} > 1.05")

    on_quiet, on_noisy = (
        compare_documents(before, after, limits=[limit]) for before in (quiet, noisy)
    )

    assert len(on_quiet.broken) == 1
    assert on_noisy.broken == ()
    assert _change(on_noisy, limit.metric).ratio.low == pytest.approx(1.2 / 1.3, rel=0.01)
