from __future__ import annotations

import pytest

from edgesmith.evidence import Drop
from edgesmith.reporting.search.drops import (
    allowance_text,
    drop_interval_text,
    drop_scale,
    drop_text,
)


def _drop(metric: str) -> Drop:
    return Drop(metric=metric, value=0.0123, low=-0.004, high=0.0312, p_value=None, n_samples=9)


@pytest.mark.parametrize(
    ("metric", "figure", "interval"),
    [
        ("accuracy", "1.23 points", "-0.40 to 3.12"),
        ("agreement", "1.23 points", "-0.40 to 3.12"),
        ("rmse", "1.2 %", "-0.4 to 3.1"),
        ("r2", "0.0123", "-0.0040 to 0.0312"),
        ("fidelity", "0.0123", "-0.0040 to 0.0312"),
    ],
)
def test_a_drop_is_in_the_unit_of_its_metric(metric: str, figure: str, interval: str) -> None:
    drop = _drop(metric)

    assert (drop_text(drop), drop_interval_text(drop)) == (figure, interval)


def test_what_was_not_compared_is_a_dash() -> None:
    assert drop_text(None) == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("value", "figure"), [(-0.00001, "0.00"), (0.0, "0.00"), (123.456, "12,300")]
)
def test_no_figure_is_negative_zero_or_endless(value: float, figure: str) -> None:
    assert drop_scale("accuracy").figure(value) == figure


@pytest.mark.parametrize(
    ("limit", "metric", "text"),
    [
        (0.01, "accuracy", "at most 1 point of accuracy lost"),
        (0.005, "balanced_accuracy", "at most 0.5 points of balanced accuracy lost"),
        (0.0, "accuracy", "at most 0 points of accuracy lost"),
        (0.02, "mae", "at most 2 % more MAE"),
        (0.01, "r2", "at most 0.01 of R\N{SUPERSCRIPT TWO} lost"),
        (0.01, None, "the metric at most 0.01 worse"),
    ],
)
def test_what_is_allowed_is_told_in_the_same_unit(
    limit: float, metric: str | None, text: str
) -> None:
    assert allowance_text(limit, metric) == text
