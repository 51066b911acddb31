"""Timing a call, and the intervals of what it comes to."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from scipy import stats

from edgesmith_runtime.host import this_host
from edgesmith_runtime.latency import (
    Measurement,
    even_percentile,
    even_quantile,
    measure,
    median_interval,
    ratio_interval,
)

HOST = this_host()


def measurement(*latencies_ns: int) -> Measurement:
    return Measurement(latencies_ns=latencies_ns, n_warmup=0, host=HOST)


def drawn(seed: int, n: int, *, centre: float = 1e5, spread: float = 1e4) -> Measurement:
    samples = np.random.default_rng(seed).normal(centre, spread, n).astype(int)
    return measurement(*samples.tolist())


def test_warmup_calls_are_not_timed() -> None:
    calls, ticks = count(), iter([0, 5, 10, 17])

    result = measure(lambda: next(calls), n_warmup=3, n_calls=2, clock_ns=lambda: next(ticks))

    assert result.latencies_ns == (5, 7)
    assert next(calls) == 5


def test_a_measurement_knows_its_host_and_its_warmup() -> None:
    result = measure(lambda: None, n_warmup=2, n_calls=1)

    assert result.host == HOST
    assert result.n_warmup == 2


def test_a_measurement_of_no_call_is_refused() -> None:
    with pytest.raises(ValueError, match="n_calls: expected at least 1, got 0"):
        measure(lambda: None, n_warmup=0, n_calls=0)


def test_a_measurement_without_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least one timed call, got none"):
        measurement()


def test_a_negative_warmup_is_refused() -> None:
    with pytest.raises(ValueError, match="n_warmup: expected at least 0, got -1"):
        Measurement(latencies_ns=(1,), n_warmup=-1, host=HOST)


def test_the_median_of_an_even_number_of_calls_is_between_the_middle_two() -> None:
    assert measurement(9, 1, 4, 6).median_ns == 5.0


@pytest.mark.parametrize(
    ("percent", "n_needed"), [(90, 100), (95, 200), (99, 1000), (50, 20), (10, 100), (1, 1000)]
)
def test_a_percentile_needs_ten_samples_beyond_it(percent: float, n_needed: int) -> None:
    enough, too_few = drawn(1, n_needed), drawn(1, n_needed - 1)

    assert enough.percentile_ns(percent) == np.percentile(enough.latencies_ns, percent)
    assert too_few.percentile_ns(percent) is None


@pytest.mark.parametrize("percent", [0, 100, -5, 250])
def test_a_percentile_outside_the_sample_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="expected above 0 and below 100, got"):
        measurement(1, 2).percentile_ns(percent)


@pytest.mark.parametrize("n", [5, 40, 201])
def test_the_interval_of_a_median_is_that_of_scipy(n: int) -> None:
    sample = drawn(2, n)

    ours = median_interval([sample], np.random.default_rng(0))

    theirs = stats.bootstrap(
        (np.array(sample.latencies_ns),),
        np.median,
        method="percentile",
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert ours.value == np.median(sample.latencies_ns)
    assert ours.low == pytest.approx(theirs.low, rel=0.003)
    assert ours.high == pytest.approx(theirs.high, rel=0.003)


@pytest.mark.parametrize("n", [40, 201])
def test_the_interval_of_a_ratio_is_that_of_scipy(n: int) -> None:
    above, below = drawn(3, n, centre=4e5, spread=4e4), drawn(4, n + 30)

    ours = ratio_interval([above], [below], np.random.default_rng(0))

    theirs = stats.bootstrap(
        (np.array(above.latencies_ns), np.array(below.latencies_ns)),
        lambda a, b, axis: np.median(a, axis=axis) / np.median(b, axis=axis),
        method="percentile",
        n_resamples=20_000,
        vectorized=True,
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert ours.value == pytest.approx(
        np.median(above.latencies_ns) / np.median(below.latencies_ns)
    )
    assert ours.low == pytest.approx(theirs.low, rel=0.003)
    assert ours.high == pytest.approx(theirs.high, rel=0.003)


def test_the_interval_over_rounds_is_that_of_resampling_by_hand() -> None:
    rounds = [drawn(seed, 30, centre=1e5 + 5e3 * seed) for seed in range(5)]

    ours = median_interval(rounds, np.random.default_rng(0))

    rng = np.random.default_rng(1)
    samples = [np.array(item.latencies_ns) for item in rounds]
    by_hand = [
        np.median(
            [
                np.median(rng.choice(samples[index], 30))
                for index in rng.integers(len(samples), size=len(samples))
            ]
        )
        for _ in range(4000)
    ]
    low, high = np.quantile(by_hand, [0.025, 0.975])
    assert ours.low == pytest.approx(low, rel=0.005)
    assert ours.high == pytest.approx(high, rel=0.005)


def test_what_differs_between_rounds_widens_the_interval() -> None:
    rounds = [measurement(100, 100, 100), measurement(200, 200, 200)]

    estimate = median_interval(rounds, np.random.default_rng(0))

    assert (estimate.value, estimate.low, estimate.high) == (150.0, 100.0, 200.0)


def test_what_both_sides_share_in_a_round_leaves_the_ratio_alone() -> None:
    above = [measurement(100), measurement(200), measurement(800)]
    below = [measurement(50), measurement(100), measurement(400)]

    estimate = ratio_interval(above, below, np.random.default_rng(0))

    assert (estimate.value, estimate.low, estimate.high) == (2.0, 2.0, 2.0)


def test_the_same_seed_gives_the_same_interval() -> None:
    rounds = [drawn(seed, 50) for seed in range(3)]

    first, second = (median_interval(rounds, np.random.default_rng(5)) for _ in range(2))

    assert first == second


def test_a_ratio_of_different_rounds_is_refused() -> None:
    with pytest.raises(ValueError, match="the same rounds on both sides, got 2 and 1"):
        ratio_interval(
            [measurement(1), measurement(1)], [measurement(1)], np.random.default_rng(0)
        )


def test_an_interval_of_no_round_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least one round, got none"):
        median_interval([], np.random.default_rng(0))


@pytest.mark.parametrize("percent", [10, 50, 90, 99])
def test_rounds_of_one_length_have_the_percentile_of_all_calls(percent: float) -> None:
    rounds = np.random.default_rng(0).lognormal(10, 1, (5, 400))

    found = even_percentile(list(rounds), percent)

    assert found == pytest.approx(np.percentile(rounds, percent))


def test_a_short_round_counts_as_much_as_a_long_one() -> None:
    rounds = [[1] * 900, [5] * 100, [9] * 100]

    assert even_quantile(rounds, 25) == 1
    assert even_quantile(rounds, 50) == 5
    assert even_quantile(rounds, 90) == 9


@pytest.mark.parametrize(
    ("lengths", "is_known"), [((50, 50), True), ((50, 49), False), ((900, 20, 20), False)]
)
def test_uneven_rounds_support_less(lengths: tuple[int, ...], is_known: bool) -> None:  # noqa: FBT001
    found = even_percentile([[7] * length for length in lengths], 90)

    assert (found is not None) is is_known


def test_one_sample_is_every_quantile() -> None:
    assert even_quantile([[3]], 90) == 3
