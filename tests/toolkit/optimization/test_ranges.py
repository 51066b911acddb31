from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesmith.optimization.ranges import N_BINS, Observed, range_of
from edgesmith.recipe import RangeRule

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENDS = st.floats(-1e4, 1e4, width=32)
RULES = st.sampled_from(list(RangeRule))


def _seen(numbers: NDArray[np.float64]) -> Observed:
    low, high = float(numbers.min()), float(numbers.max())
    counts = np.zeros(N_BINS, np.int64)
    if high > low:
        counts = np.histogram(numbers, N_BINS, (low, high))[0]
    return Observed(low=low, high=high, counts=counts)


@st.composite
def histograms(draw: st.DrawFn) -> Observed:
    low, high = sorted([draw(ENDS), draw(ENDS)])
    counts = np.zeros(N_BINS, np.int64)
    if high - low > 1e-3:
        filled = draw(
            st.dictionaries(st.integers(0, N_BINS - 1), st.integers(1, 999), max_size=20)
        )
        for place, count in {0: 1, N_BINS - 1: 1, **filled}.items():
            counts[place] = count
        return Observed(low=low, high=high, counts=counts)
    return Observed(low=low, high=low, counts=counts)


def _square_error(seen: Observed, ends: tuple[float, float]) -> float:
    """Of rounding to 255 steps with 0 among them, as the ONNX operator QuantizeLinear does."""
    low, high = ends
    if high <= low:
        return 0.0
    edges = np.linspace(seen.low, seen.high, N_BINS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    scale = (high - low) / 255
    zero_point = np.rint(-low / scale)
    codes = np.clip(np.rint(middles / scale) + zero_point, 0, 255)
    return float(np.sum(seen.counts * ((codes - zero_point) * scale - middles) ** 2))


@settings(max_examples=40, deadline=None)
@given(histograms(), RULES)
def test_zero_is_always_within(seen: Observed, rule: RangeRule) -> None:
    low, high = range_of(seen, rule)

    assert low <= 0 <= high


@settings(max_examples=40, deadline=None)
@given(histograms(), RULES)
def test_no_rule_is_wider_than_what_was_seen_and_zero(seen: Observed, rule: RangeRule) -> None:
    low, high = range_of(seen, rule)

    assert min(seen.low, 0) - 1e-9 <= low
    assert high <= max(seen.high, 0) + 1e-9


@given(histograms())
def test_minmax_is_what_was_seen(seen: Observed) -> None:
    assert range_of(seen, RangeRule.MINMAX) == (min(seen.low, 0.0), max(seen.high, 0.0))


@settings(max_examples=40, deadline=None)
@given(histograms())
def test_mse_never_has_more_square_error_than_minmax(seen: Observed) -> None:
    chosen = _square_error(seen, range_of(seen, RangeRule.MSE))

    assert chosen <= _square_error(seen, range_of(seen, RangeRule.MINMAX)) * (1 + 1e-9)


def test_mse_clips_a_long_thin_tail() -> None:
    numbers = np.concatenate([np.random.default_rng(0).normal(size=1_000_000), [20.0]])
    seen = _seen(numbers)

    ends = range_of(seen, RangeRule.MSE)

    assert ends[1] < 10
    assert _square_error(seen, ends) < _square_error(seen, range_of(seen, RangeRule.MINMAX)) / 2


@pytest.mark.parametrize("seed", range(4))
def test_percentile_is_that_of_numpy_within_a_bin(seed: int) -> None:
    numbers = np.random.default_rng(seed).normal(size=50_500)
    width = (numbers.max() - numbers.min()) / N_BINS

    ends = range_of(_seen(numbers), RangeRule.PERCENTILE)

    expected = np.percentile(numbers, (0.01, 99.99), method="inverted_cdf")
    np.testing.assert_allclose(ends, expected, atol=width, rtol=0)


def test_percentile_of_numbers_above_zero_keeps_zero() -> None:
    numbers = np.random.default_rng(0).uniform(5, 6, size=10_000)

    low, high = range_of(_seen(numbers), RangeRule.PERCENTILE)

    assert low == 0
    assert high == pytest.approx(6, abs=1e-2)


@pytest.mark.parametrize("sign", [1, -1])
def test_entropy_cuts_one_far_outlier(sign: int) -> None:
    usual = np.random.default_rng(0).normal(size=20_000)
    numbers = sign * np.concatenate([usual, [100.0]])

    ends = range_of(_seen(numbers), RangeRule.ENTROPY)

    assert max(np.abs(ends)) < 20
    assert min(np.abs(ends)) > 2


@pytest.mark.parametrize("rule", list(RangeRule))
@pytest.mark.parametrize(
    ("value", "ends"), [(3.0, (0.0, 3.0)), (-2.0, (-2.0, 0.0)), (0.0, (0.0, 0.0))]
)
def test_a_constant_has_the_range_to_zero(
    rule: RangeRule, value: float, ends: tuple[float, float]
) -> None:
    assert range_of(_seen(np.full(10, value)), rule) == ends


@pytest.mark.parametrize("rule", list(RangeRule))
def test_a_rule_scales_with_the_numbers(rule: RangeRule) -> None:
    numbers = np.random.default_rng(5).standard_t(3, size=20_000)

    ends = range_of(_seen(numbers), rule)

    scaled = range_of(_seen(numbers * 1024), rule)
    np.testing.assert_allclose(scaled, np.array(ends) * 1024, rtol=1e-6)
