"""The typical calls are those in the middle; a pause is long beside a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.explaining.typical import near, pauses_ns, typical_calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.recorded import Recording


@pytest.mark.parametrize(
    ("n_calls", "percent", "places"),
    [(1, 50, [0]), (1, 90, [0]), (10, 50, [4, 5]), (100, 90, list(range(85, 95)))],
)
def test_calls_near_a_percentile_are_chosen_by_rank(
    n_calls: int, percent: int, places: list[int]
) -> None:
    total_ns = np.arange(n_calls) ** 2

    assert near(total_ns, percent).tolist() == places


def test_stages_of_the_typical_call_add_up(app: Callable[..., Recording]) -> None:
    rng = np.random.default_rng(3)
    recording = app(decode_us=rng.gamma(2, 400, 200), infer_us=rng.gamma(2, 400, 200))

    typical = typical_calls(recording, np.ones(200, np.bool_))

    assert typical.total_ns == pytest.approx(float(np.median(recording.total_ns)), rel=0.05)


def test_a_pause_is_where_no_call_is_under_way(app: Callable[..., Recording]) -> None:
    recording = app(pause_us=np.where(np.arange(200) == 1, 5_000.0, 0.0))

    assert pauses_ns(recording)[:3].tolist() == [0, 5_000_000, 0]


def test_a_pause_shorter_than_a_call_is_none(app: Callable[..., Recording]) -> None:
    every = np.ones(200, np.bool_)

    assert typical_calls(app(pause_us=6_000.0), every).is_after_pause
    assert not typical_calls(app(infer_us=8_000.0, pause_us=6_000.0), every).is_after_pause
