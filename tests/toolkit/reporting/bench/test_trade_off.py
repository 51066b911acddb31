from __future__ import annotations

import pytest

from edgesmith.reporting.bench.looks import Look
from edgesmith.reporting.bench.trade_off import Choice, on_front
from edgesmith_runtime.manifest import Score


def _choice(
    name: str, latency_ns: float, size_bytes: int, score: float, metric: str = "accuracy"
) -> Choice:
    return Choice(
        look=Look(name=name, number=0, style="c0"),
        latency_ns=latency_ns,
        size_bytes=size_bytes,
        score=Score(metric=metric, value=score, low=score, high=score, n_samples=100),
    )


def _names(choices: list[Choice]) -> list[str]:
    return [one.look.name for one in on_front(choices)]


def test_what_is_worse_in_everything_is_not_on_the_front() -> None:
    fast, slow = _choice("fast", 10, 100, 0.9), _choice("slow", 20, 100, 0.8)

    assert _names([slow, fast]) == ["fast"]


@pytest.mark.parametrize(
    "other", [_choice("b", 9, 999, 0.1), _choice("b", 99, 1, 0.1), _choice("b", 99, 999, 0.91)]
)
def test_being_best_in_one_thing_is_enough(other: Choice) -> None:
    assert _names([_choice("a", 10, 100, 0.9), other]) == ["a", "b"]


def test_equals_are_both_on_the_front() -> None:
    assert _names([_choice("a", 1, 1, 0.5), _choice("b", 1, 1, 0.5)]) == ["a", "b"]


def test_a_smaller_error_is_the_better_score() -> None:
    good, bad = _choice("good", 10, 100, 2.0, "rmse"), _choice("bad", 10, 100, 3.0, "rmse")

    assert _names([bad, good]) == ["good"]
