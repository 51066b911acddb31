from __future__ import annotations

import pytest

from edgesmith.conversion.lowering.windows import Edges, Window


@pytest.mark.parametrize(
    ("window", "length", "edges"),
    [
        (Window(3), 10, Edges(1, 1)),
        (Window(4), None, Edges(1, 2)),
        (Window(3, 1, 4), None, Edges(4, 4)),
        (Window(3, 2), 10, Edges(0, 1)),
        (Window(3, 2), 11, Edges(1, 1)),
        (Window(1, 3), 10, Edges(0, 0)),
        (Window(3, 2), None, None),
    ],
)
def test_same_padding_puts_the_odd_one_at_the_end(
    window: Window, length: int | None, edges: Edges | None
) -> None:
    assert window.same_edges(length) == edges


@pytest.mark.parametrize(
    ("padding", "length", "n_steps"),
    [("same", 10, 4), ("valid", 10, 2), ("same", None, None), ("valid", None, None)],
)
def test_a_window_fits_a_number_of_times(
    padding: str, length: int | None, n_steps: int | None
) -> None:
    assert Window(3, 3, 2).n_steps(length, padding) == n_steps
