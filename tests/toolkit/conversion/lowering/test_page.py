from __future__ import annotations

from pathlib import Path

from edgesmith.conversion.lowering import LOWERINGS
from edgesmith.conversion.lowering.page import render_page


def test_the_page_in_the_documentation_is_the_rendered_one() -> None:
    repository = Path(__file__).parents[4]

    written = (repository / "docs" / "lowering.md").read_text(encoding="utf-8")

    assert written == render_page()


def test_every_replacement_is_in_a_row_of_four_cells() -> None:
    rows = [line for line in render_page().splitlines() if line.startswith("| ")][2:]

    assert len(rows) == len({(one.what, one.why) for one in LOWERINGS})
    assert {row.count(" | ") for row in rows} == {3}
    for one in LOWERINGS:
        assert any(one.what in row and one.replaces.rpartition(":")[2] in row for row in rows)
