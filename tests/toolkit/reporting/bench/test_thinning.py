from __future__ import annotations

import numpy as np
import pytest

from edgesmith.reporting.bench.thinning import quantile_curve, time_bins


def test_a_small_sample_keeps_every_value() -> None:
    shares, latencies = quantile_curve([5, 1, 3])

    assert shares == [0.0, 0.5, 1.0]
    assert latencies == [1, 3, 5]


def test_a_large_sample_becomes_about_a_hundred_quantiles_with_both_ends() -> None:
    samples = np.random.default_rng(0).integers(100, 10_000, 50_000)

    shares, latencies = quantile_curve(samples.tolist())

    assert len(shares) < 120
    assert (latencies[0], latencies[-1]) == (samples.min(), samples.max())
    assert latencies == pytest.approx(np.quantile(samples, shares))


def test_the_tail_has_more_quantiles_than_its_share() -> None:
    shares, _ = quantile_curve(list(range(100_000)))

    assert sum(share > 0.98 for share in shares) >= 12


def test_a_run_becomes_bins_in_time() -> None:
    begins = np.arange(1000) * 1_000_000
    latencies = np.where(np.arange(1000) < 500, 100, 200)

    bins = time_bins(begins, latencies, n_bins=10)

    assert bins.calls_per_bin == 100
    assert bins.at_s[0] == pytest.approx(0.0495)
    assert bins.median_ns == [100] * 5 + [200] * 5
    assert bins.low_ns == bins.high_ns == bins.median_ns


def test_a_moment_without_calls_has_no_bin() -> None:
    begins = np.array([0, 1, 2, 9_000_000])

    bins = time_bins(begins, np.array([7, 8, 9, 5]), n_bins=9)

    assert bins.median_ns == [8, 5]
