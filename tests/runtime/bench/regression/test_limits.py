"""What ``--fail-if`` takes, and when it is beyond noise."""

from __future__ import annotations

import pytest

from edgesmith_runtime.bench.regression.limits import Limit, Metric, Operator, parse_limit
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.latency import Estimate


@pytest.mark.parametrize("text", ["p50 > 1.05", "p50>1.05", "  p50 >1.05 "])
def test_spaces_do_not_matter(text: str) -> None:
    assert parse_limit(text) == Limit(Metric.P50, Operator.ABOVE, 1.05)


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1), ("1.", 1), (".5", 0.5), ("1e-1", 0.1), ("2.5E+1", 25)]
)
def test_a_number_is_written_as_usual(text: str, number: float) -> None:
    assert parse_limit(f"p50 > {text}").number == number


@pytest.mark.parametrize("metric", list(Metric))
def test_every_metric_can_be_limited(metric: Metric) -> None:
    limit = parse_limit(f"{metric} >= 2")

    assert limit.metric is metric
    assert str(limit) == f"{metric} >= 2"


@pytest.mark.parametrize(
    "text",
    [
        *("", "p50", "p50 > ", "p51 > 1", "p50 = 1", "p50 > x", "p50 > 0", "p50 > inf"),
        *("1 < p50", "p50 > 1_05", "p50 > 1.0_5", "p50 > -1", "p50 > \u0661", "p50 > 1e999"),
    ],
)
def test_anything_else_is_answered_with_the_grammar(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_limit(text)

    assert str(caught.value) == (
        "--fail-if: expected METRIC OP NUMBER such as 'p50 > 1.05', with METRIC one of p50, p90, "
        "p95, p99, cpu, import, load, first_call, memory, size, OP one of > >= < <=, and NUMBER "
        "above 0, to which the second document's value divided by the first one's is compared; "
        f"got '{text}'"
    )


@pytest.mark.parametrize(
    ("text", "low", "high", "is_beyond"),
    [
        ("p50 > 1.05", 1.06, 1.2, True),
        ("p50 > 1.05", 1.04, 1.2, False),
        ("p50 > 1.05", 1.05, 1.2, False),
        ("p50 >= 1.05", 1.05, 1.2, True),
        ("p50 < 0.9", 0.7, 0.89, True),
        ("p50 < 0.9", 0.7, 0.91, False),
        ("p50 <= 0.9", 0.7, 0.9, True),
    ],
)
def test_the_whole_interval_must_be_beyond(
    text: str, low: float, high: float, *, is_beyond: bool
) -> None:
    ratio = Estimate(value=(low + high) / 2, low=low, high=high)

    assert parse_limit(text).is_beyond(ratio) is is_beyond
