from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith.config.page import render_page

if TYPE_CHECKING:
    from pathlib import Path


def test_the_page_in_docs_is_current(repository: Path) -> None:
    written = (repository / "docs" / "configuration.md").read_text(encoding="utf-8")

    assert written == render_page()


def test_a_row_tells_type_bounds_default_and_meaning() -> None:
    page = render_page()

    assert (
        "| `epochs` | whole number from 1 | `50` "
        "| At most so many passes over the training split. |" in page
    )


def test_a_key_without_a_default_is_required() -> None:
    assert "| `target` | text | required | The column to predict. |" in render_page()


def test_every_kind_of_source_has_its_section() -> None:
    page = render_page()

    kinds = [line for line in page.splitlines() if line.startswith("### [source] with")]

    assert len(kinds) == 10
