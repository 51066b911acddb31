"""The page of all steps: current, and every step says what it computes, from where, on what."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from edgesmith.transforms_page import docstring, render_page
from edgesmith_runtime.transforms import OPS

if TYPE_CHECKING:
    from pathlib import Path

# A paper by its year, a standard, or a library whose function it equals.
SOURCE = re.compile(
    r"\b(19|20)\d\d\b|\b(tf|numpy|scipy|keras|librosa|unicodedata)\.\w|\bstr\.\w|\bfloat\b"
    r"|scikit-learn|Keras|Pillow|RFC|ISO|UAX|ITU|W3C|tokenizers"
)
SHAPE = re.compile(r"\(batch|\(\.\.\.|same shape|row of|Rows of")


@pytest.fixture
def parity(repository: Path) -> dict[str, Any]:
    results = repository / "benchmarks" / "results" / "transform_parity.json"
    return json.loads(results.read_text(encoding="utf-8"))


def test_the_page_in_docs_is_current(repository: Path, parity: dict[str, Any]) -> None:
    written = (repository / "docs" / "transforms.md").read_text(encoding="utf-8")

    assert written == render_page(parity)


@pytest.mark.parametrize("name", OPS)
def test_a_step_says_where_its_formula_is_from(name: str) -> None:
    assert SOURCE.search(docstring(OPS[name]).body)


@pytest.mark.parametrize("name", OPS)
def test_a_step_documents_its_params_and_no_other(name: str) -> None:
    op = cast("Any", OPS[name])
    params = [field.name for field in dataclasses.fields(op) if field.init]

    told = docstring(op).arguments

    assert list(told) == params
    assert all(told.values())


@pytest.mark.parametrize("name", OPS)
def test_a_step_says_what_goes_in_and_what_comes_out(name: str) -> None:
    call = docstring(OPS[name].__call__)

    assert SHAPE.search(call.body)
    assert call.arguments or " to " in call.body or "same shape" in call.body


@pytest.mark.parametrize("name", OPS)
def test_a_step_was_held_against_a_reference(name: str, parity: dict[str, Any]) -> None:
    rows = [row for row in parity["figures"]["steps"] if row["op"] == name]

    assert rows
    assert all(row["random"]["relative"] <= row["bound"] for row in rows)


def test_a_docstring_is_taken_apart() -> None:
    class Op:
        """What it does,
        on two lines with ``code``.

        - a point
          that goes on
        - another

        Args:
            a: First
                and more: of it.
            b: Second.

        Raises:
            ValueError: Never.
        """

    told = docstring(Op)

    assert told.body == (
        "What it does, on two lines with `code`.\n\n- a point that goes on\n- another"
    )
    assert told.arguments == {"a": "First and more: of it.", "b": "Second."}
    assert told.errors == {"ValueError": "Never."}


def test_a_param_has_its_type_default_and_meaning(parity: dict[str, Any]) -> None:
    page = render_page(parity)

    assert (
        "| `format` | text or null | `null` | Of a text, as `datetime.strptime` takes it, e.g. "
        '"%d.%m.%Y %H:%M"; with None'
    ) in page
    assert "| `kept` | list of (list of texts or null) | required | The texts that stay" in page
