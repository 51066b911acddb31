"""What the series of a subject come to."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.bench.comparison.figures import Figures, figures_from, percentiles_from
from edgesmith_runtime.bench.phases import Phase, Series, Setting
from edgesmith_runtime.latency import Measurement

if TYPE_CHECKING:
    from edgesmith_runtime.host import Host


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _series(host: Host, latencies_ns: range | list[int], **more: object) -> Series:
    measured = Measurement(latencies_ns=tuple(latencies_ns), n_warmup=0, host=host)
    return dataclasses.replace(Series(measurement=measured), **more)


def _figures(series: list[Series], setting: Setting) -> Figures:
    return figures_from(series, setting, percentiles_from(series, _rng()), {})


@pytest.mark.parametrize(
    ("n_calls", "known"),
    [(99, ()), (100, ("p90",)), (200, ("p90", "p95")), (1000, ("p90", "p95", "p99"))],
)
def test_a_percentile_is_there_only_where_the_calls_support_it(
    made_up_host: Host, n_calls: int, known: tuple[str, ...]
) -> None:
    found = percentiles_from([_series(made_up_host, range(n_calls))], _rng())

    assert tuple(name for name in ("p90", "p95", "p99") if getattr(found, name)) == known


def test_percentiles_are_over_the_calls_of_all_rounds(made_up_host: Host) -> None:
    rounds = [_series(made_up_host, range(start, start + 50)) for start in (0, 50)]

    found = percentiles_from(rounds, _rng())

    assert found.p90 == pytest.approx(np.percentile(np.arange(100), 90))
    assert found.p50.value == 49.5


def test_costs_are_by_call_and_the_median_of_the_rounds(made_up_host: Host) -> None:
    rounds = [
        _series(made_up_host, [10] * 4, cpu_ns=cpu_ns, energy_uj=8, memory_bytes=memory_bytes)
        for cpu_ns, memory_bytes in ((40, 100), (80, 300), (400, None))
    ]

    figures = _figures(rounds, Setting(Phase.STEADY))

    assert (figures.cpu_ns, figures.energy_uj, figures.memory_bytes) == (20, 2, 200)
    assert figures.n_calls == 12


def test_what_the_system_does_not_tell_is_not_known(made_up_host: Host) -> None:
    figures = _figures([_series(made_up_host, [10])], Setting(Phase.STEADY))

    assert (figures.cpu_ns, figures.energy_uj, figures.memory_bytes) == (None, None, None)
    assert figures.is_stable is None


@pytest.mark.parametrize(
    ("setting", "throughput_per_s"),
    [
        (Setting(Phase.STEADY, 32), 32e6),
        (Setting(Phase.RAW), 1e6),
        (Setting(Phase.CONCURRENT, 4), 4e6),
        (Setting(Phase.PACED, 100), 4e6),
    ],
)
def test_throughput_is_by_the_median_or_by_what_was_done(
    made_up_host: Host, setting: Setting, throughput_per_s: float
) -> None:
    series = _series(made_up_host, [1000] * 8, wall_ns=2000)

    figures = _figures([series], setting)

    assert figures.throughput_per_s == pytest.approx(throughput_per_s)


def test_stages_are_medians_over_all_calls(made_up_host: Host) -> None:
    rounds = [
        _series(made_up_host, [10, 10], stages_ns={"decode": taken, "infer": (1, 1)})
        for taken in ((2, 4), (6, 100))
    ]

    figures = _figures(rounds, Setting(Phase.RAW))

    assert figures.stages_ns == {"decode": 5.0, "infer": 1.0}


def test_one_round_that_did_not_settle_is_enough(made_up_host: Host) -> None:
    rounds = [_series(made_up_host, [10], is_stable=stable) for stable in (True, False, None)]

    assert _figures(rounds, Setting(Phase.STEADY)).is_stable is False
    assert _figures(rounds[:1], Setting(Phase.STEADY)).is_stable is True


def test_slow_rounds_count_like_quick_ones(made_up_host: Host) -> None:
    quick, slow = [1_000_000 + call for call in range(500)], [10_000_000] * 50
    rounds = [_series(made_up_host, taken) for taken in (quick, quick, slow, slow, slow)]

    found = percentiles_from(rounds, _rng())

    assert found.p50.value == 10_000_000
    assert (found.p90, found.p95) == (10_000_000, 10_000_000)
    assert found.p99 is None  # 1150 calls, worth 391 of equal weight


@pytest.mark.parametrize("seed", range(8))
def test_the_tail_is_never_below_the_median(made_up_host: Host, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rounds = [
        _series(
            made_up_host,
            (rng.lognormal(10, 0.5, int(rng.integers(30, 600))) * rng.lognormal(0, 2))
            .astype(int)
            .tolist(),
        )
        for _ in range(int(rng.integers(4, 9)))
    ]

    found = percentiles_from(rounds, _rng())

    assert found.p90 is not None
    assert found.p50.value <= found.p90 <= (found.p95 or np.inf)


def test_stages_of_slow_rounds_count_like_those_of_quick_ones(made_up_host: Host) -> None:
    rounds = [
        _series(made_up_host, [10], stages_ns={"infer": taken})
        for taken in ((2,) * 90, (8,) * 10, (8,) * 10)
    ]

    assert _figures(rounds, Setting(Phase.RAW)).stages_ns == {"infer": 8.0}
