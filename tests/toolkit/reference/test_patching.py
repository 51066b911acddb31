from __future__ import annotations

import contextlib
import importlib
import json
import threading
import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith.reference.patching import Patch, patched
from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Callable

LOUDER = Patch("json.encoder:JSONEncoder.encode", lambda encode: _upper(encode))
QUOTE = Patch("urllib.parse:quote", lambda _: lambda text: f"<{text}>")


def _upper(encode: Callable[..., str]) -> Callable[..., str]:
    def upper(encoder: Any, value: Any) -> str:
        return encode(encoder, value).upper()

    return upper


def test_a_method_is_replaced_and_put_back() -> None:
    before = json.JSONEncoder.encode

    with patched([LOUDER]):
        inside = json.JSONEncoder().encode(["a"])

    assert inside == '["A"]'
    assert json.JSONEncoder.encode is before


def test_a_function_is_replaced_where_another_module_of_its_package_imported_it() -> None:
    importer: Any = importlib.import_module(
        "urllib.request"
    )  # says: from urllib.parse import quote

    with patched([QUOTE]):
        inside = importer.quote("a b")

    assert inside == "<a b>"
    assert importer.quote is urllib.parse.quote
    assert urllib.parse.quote("a b") == "a%20b"


def test_everything_is_put_back_after_an_error() -> None:
    before = urllib.parse.quote

    with contextlib.suppress(RuntimeError), patched([QUOTE, LOUDER]):
        raise RuntimeError

    assert urllib.parse.quote is before
    assert json.JSONEncoder().encode(["a"]) == '["a"]'


def test_another_thread_keeps_the_original() -> None:
    answers: list[str] = []

    with patched([QUOTE]):
        other = threading.Thread(target=lambda: answers.append(urllib.parse.quote("a b")))
        other.start()
        other.join()

    assert answers == ["a%20b"]


def test_a_second_replacement_wraps_the_first() -> None:
    again = Patch("urllib.parse:quote", lambda quote: lambda text: quote(text) * 2)

    with patched([QUOTE, again]):
        inside = urllib.parse.quote("a")

    assert inside == "<a><a>"


@pytest.mark.parametrize("place", ["urllib.parse:quiet", "urllib.nowhere:quote", "json:A.b"])
def test_a_place_that_is_not_there_is_refused_and_nothing_stays_replaced(place: str) -> None:
    before = urllib.parse.quote

    with (
        pytest.raises(ConversionError, match=f"^{place}: not in the installed version"),
        patched([QUOTE, Patch(place, lambda original: original)]),
    ):
        pytest.fail("was entered")

    assert urllib.parse.quote is before
