"""The finding as text and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import edgesmith_runtime as er

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.recorded import Recording


@pytest.fixture
def found(app: Callable[..., Recording], lab: Callable[..., Comparison]) -> er.Explanation:
    return er.explain(app(wait_us=2000.0, n_calls=300, n_process_threads=None), lab())


def test_the_table_has_all_causes_and_their_sum(found: er.Explanation) -> None:
    lines = found.table().splitlines()

    assert lines[1] == "queueing           2.0000  2 ms from the asking until it began"
    assert lines[-1] == "together           2.0000  3 ms in the app, 1 ms in the lab"
    assert len(lines) == 9
    assert str(found).startswith(found.sentence)


def test_json_has_the_figures_in_ns(found: er.Explanation) -> None:
    document = json.loads(json.dumps(found.to_json()))

    assert document["main"] == "queueing"
    assert document["gap_ns"] == pytest.approx(2_000_000)
    assert document["causes"][0] == {
        "reason": "queueing",
        "lost_ns": pytest.approx(2_000_000),
        "evidence": "2 ms from the asking until it began",
    }
