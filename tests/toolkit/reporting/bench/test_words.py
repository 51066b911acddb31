from __future__ import annotations

import pytest

from edgesmith.reporting.bench.words import ratio_text, times_text, verdict_word
from edgesmith_runtime.latency import Estimate


@pytest.mark.parametrize(
    ("ends", "word"), [((0.8, 0.9), "faster"), ((1.1, 1.2), "slower"), ((0.99, 1.01), "level")]
)
def test_a_ratio_is_called_no_surer_than_its_interval(
    ends: tuple[float, float], word: str
) -> None:
    low, high = ends

    assert verdict_word(Estimate(value=(low + high) / 2, low=low, high=high)) == word


def test_a_ratio_without_width_is_sure_of_nothing() -> None:
    bare = Estimate(value=0.5, low=0.5, high=0.5)

    assert verdict_word(bare) == ""
    assert ratio_text(bare) == "0.500"


def test_a_ratio_stands_with_its_interval() -> None:
    ratio = Estimate(value=0.7081, low=0.6944, high=0.7161)

    assert ratio_text(ratio) == "0.708 (0.694 to 0.716)"
    assert times_text(ratio) == "0.708\N{MULTIPLICATION SIGN}"
    assert ratio_text(None) == "\N{EN DASH}"
