"""Intervals of sides that were not measured in turn, against what numpy draws the long way."""

from __future__ import annotations

import numpy as np
import pytest

from edgesmith_runtime.bench.comparison.resampling import percentile_ratio, value_ratio, widened
from edgesmith_runtime.latency import Estimate


def _round(seed: int, factor: float = 1.0, n_calls: int = 400) -> list[int]:
    rng = np.random.default_rng(seed)
    return (factor * 1e5 * np.exp(rng.normal(0, 0.1, n_calls))).astype(int).tolist()


@pytest.mark.parametrize("percent", [50, 90, 99])
def test_the_value_is_that_of_the_samples(percent: float) -> None:
    above, below = [_round(1, 1.3)], [_round(2)]

    ratio = percentile_ratio(above, below, percent, np.random.default_rng(0))

    expected = np.percentile(above[0], percent) / np.percentile(below[0], percent)
    assert ratio.value == pytest.approx(expected)
    assert ratio.low < ratio.value < ratio.high


@pytest.mark.parametrize("percent", [50, 90])
def test_the_interval_of_one_round_is_that_of_resamples_really_drawn(percent: float) -> None:
    above, below = _round(1), _round(2)
    rng = np.random.default_rng(5)
    drawn = np.divide(
        *(
            np.percentile(rng.choice(side, size=(2000, len(side))), percent, axis=1)
            for side in (above, below)
        )
    )

    ratio = percentile_ratio([above], [below], percent, np.random.default_rng(0))

    assert [ratio.low, ratio.high] == pytest.approx(
        np.quantile(drawn, [0.025, 0.975]), abs=0.008
    )


def test_the_median_over_rounds_is_that_of_their_medians() -> None:
    fast, slow = _round(1), _round(2, 3.0)

    ratio = percentile_ratio([fast, fast, slow], [fast], 50, np.random.default_rng(0))

    assert ratio.value == 1.0


def test_other_percentiles_are_over_the_calls_of_all_rounds() -> None:
    above, below = [_round(1), _round(2, 1.2)], [_round(3), _round(4), _round(5)]

    ratio = percentile_ratio(above, below, 90, np.random.default_rng(0))

    assert ratio.value == pytest.approx(
        np.percentile(np.concatenate(above), 90) / np.percentile(np.concatenate(below), 90)
    )
    assert ratio.low < ratio.value < ratio.high


def test_rounds_that_differ_make_the_interval_wide() -> None:
    even = [_round(seed) for seed in range(5)]
    uneven = [_round(seed, 1 + 0.2 * seed) for seed in range(5)]

    calm = percentile_ratio(even, even, 50, np.random.default_rng(0))
    shaky = percentile_ratio(uneven, even, 50, np.random.default_rng(0))

    assert shaky.high - shaky.low > 5 * (calm.high - calm.low)


def test_one_value_a_side_has_an_interval_without_width() -> None:
    ratio = value_ratio([300.0], [200.0], np.random.default_rng(0))

    assert ratio == Estimate(value=1.5, low=1.5, high=1.5)


def test_values_of_rounds_are_drawn_on_each_side_by_itself() -> None:
    ratio = value_ratio([10.0, 20.0, 30.0], [10.0, 20.0, 30.0], np.random.default_rng(0))

    assert (ratio.value, ratio.low, ratio.high) == (1.0, pytest.approx(1 / 3), pytest.approx(3))


@pytest.mark.parametrize("floor", [1.04, 1 / 1.04])
def test_a_ratio_is_no_surer_than_the_noise_floor(floor: float) -> None:
    ratio = Estimate(value=0.5, low=0.499, high=0.6)

    wide = widened(ratio, Estimate(value=floor, low=floor, high=floor))

    assert (wide.value, wide.low, wide.high) == (0.5, pytest.approx(0.5 / 1.04), 0.6)


def test_without_a_floor_a_ratio_stays_as_it_is() -> None:
    ratio = Estimate(value=0.5, low=0.4, high=0.6)

    assert widened(ratio, None) is ratio


def test_a_short_round_is_worth_a_long_one() -> None:
    long, short = [1] * 900, [9] * 100

    ratio = percentile_ratio([long, short, short], [[1] * 50], 75, np.random.default_rng(0))

    assert ratio.value == 9
    assert (ratio.low, ratio.high) == (1, 9)


@pytest.mark.parametrize("percent", [90, 99])
def test_the_interval_of_rounds_is_that_of_resamples_really_drawn(percent: float) -> None:
    rounds = [_round(seed, 1 + 0.1 * seed) for seed in range(5)]
    rng = np.random.default_rng(5)
    drawn: list[float] = []
    for _ in range(1500):
        chosen = [rounds[index] for index in rng.integers(5, size=5)]
        calls = np.concatenate([rng.choice(one, size=len(one)) for one in chosen])
        drawn.append(float(np.percentile(calls, percent)) / 1e5)

    ratio = percentile_ratio(rounds, [[100_000]], percent, np.random.default_rng(0))

    assert [ratio.low, ratio.high] == pytest.approx(
        np.quantile(drawn, [0.025, 0.975]), rel=0.02
    )
