"""Figures with the unit that fits."""

from __future__ import annotations

import pytest

from edgesmith_runtime.explaining.wording import bytes_text, time_text


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0, "0 ns"), (999, "999 ns"), (1500, "1.5 us"), (999_900, "1 ms"), (2e9, "2 s")],
)
def test_times(ns: float, text: str) -> None:
    assert time_text(ns) == text


def test_sizes() -> None:
    assert [bytes_text(n) for n in (12, 786_432, 3e6)] == ["12 bytes", "786 kB", "3 MB"]
