"""What a step keeps in a file: texts as JSON, numbers as .npy, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesmith_runtime import assets
from edgesmith_runtime.assets import (
    asset_from_numbers,
    asset_from_texts,
    read_asset,
    text_of_asset,
)
from edgesmith_runtime.errors import BundleError, TransformError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import make_op


@given(texts=st.lists(st.text()))
def test_texts_come_back_as_they_were(texts: list[str]) -> None:
    assert read_asset(asset_from_texts(texts), "assets/a.json") == texts


def test_an_entry_with_a_line_break_is_one_entry() -> None:
    content = asset_from_texts(["a\nb", "c\r", "\u2028"])

    assert content.decode() == '[\n"a\\nb",\n"c\\r",\n"\u2028"\n]\n'


def test_numbers_come_back_to_the_bit() -> None:
    weights = np.array([0.1, 1 / 3, 1e-30], np.float32)

    values: Any = read_asset(asset_from_numbers(weights), "assets/w.npy")

    np.testing.assert_array_equal(np.array(values, np.float32), weights, strict=True)


def test_half_of_a_surrogate_pair_is_not_written() -> None:
    with pytest.raises(BundleError, match="a text that UTF-8 cannot hold"):
        asset_from_texts(["\ud800"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("assets/a.txt", b"a\nb\n", "assets/a.txt: expected a .json or a .npy"),
        ("assets/a.json", b"\xff", "assets/a.json: not strict UTF-8 JSON"),
        ("assets/a.json", b'["\\ud800"]', "assets/a.json: not strict UTF-8 JSON"),
        ("assets/a.json", b"[" * 100_000, "assets/a.json: not strict UTF-8 JSON"),
        ("assets/a.json", b"[NaN]", "assets/a.json: 'NaN' is not a finite number|NaN"),
        ("assets/a.npy", b"\x80\x04N.", "assets/a.npy: expected a .npy 1.0 of little-endian"),
    ],
)
def test_another_content_is_refused(name: str, content: bytes, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        read_asset(content, name)


def test_a_file_above_the_limit_is_refused_before_it_is_parsed() -> None:
    content = bytes(assets.MAX_ASSET_BYTES + 1)

    with pytest.raises(
        BundleError, match=r"a\.json: expected at most 67108864 bytes, got 67108865"
    ):
        read_asset(content, "assets/a.json")


def _step(op: str, asset: str) -> Step:
    return Step(op=op, inputs=("raw",), outputs=("made",), asset=asset)


@pytest.mark.parametrize(
    ("op", "asset", "content", "field", "value"),
    [
        ("lookup", "assets/w.json", b'["a\\nb", "\xc3\xa9"]', "vocabulary", ("a\nb", "é")),
        (
            "lookup_numbers",
            "assets/w.npy",
            asset_from_numbers(np.array([7, -3])),
            "vocabulary",
            (7, -3),
        ),
        (
            "weigh",
            "assets/w.npy",
            asset_from_numbers(np.array([0.1, 2], np.float32)),
            "weights",
            (float(np.float32(0.1)), 2.0),
        ),
    ],
)
def test_an_asset_is_a_param(
    op: str, asset: str, content: bytes, field: str, value: object
) -> None:
    made = make_op(_step(op, asset), "step", {asset: content})

    assert getattr(made, field) == value


@pytest.mark.parametrize(
    ("op", "asset", "content", "message"),
    [
        ("lookup", "assets/w.json", b"{", r"^step: assets/w.json: not strict UTF-8 JSON"),
        ("lookup", "assets/w.json", b"[1]", r"^step: vocabulary: expected str, got 1$"),
        ("lookup", "assets/w.json", b'{"a": 1}', r"^step: vocabulary: expected tuple\[str"),
        ("lookup", "assets/w.json", b'["a", "a"]', r"^step: vocabulary: expected texts that d"),
        ("lookup", "assets/w.txt", b"a\n", r"^step: assets/w.txt: expected a .json or a .npy"),
        ("weigh", "assets/w.npy", b"\x80\x04N.", r"^step: assets/w.npy: expected a .npy 1.0"),
        (
            "weigh",
            "assets/w.npy",
            asset_from_numbers(np.zeros((2, 2))),
            r"^step: weights: expected float, got \[0.0, 0.0\]$",
        ),
        (
            "weigh",
            "assets/w.npy",
            asset_from_numbers(np.array([np.nan])),
            r"^step: weights: expected finite numbers$",
        ),
    ],
)
def test_a_hostile_asset_is_refused(op: str, asset: str, content: bytes, message: str) -> None:
    with pytest.raises(TransformError, match=message):
        make_op(_step(op, asset), "step", {asset: content})


def test_a_file_for_another_library_is_its_text() -> None:
    content = '{"model": "\u00e9"}'

    assert text_of_asset(memoryview(content.encode()), "assets/t.json") == content


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("assets/t.npy", b"{}", r"^assets/t\.npy: expected a \.json that a step names"),
        ("assets/t.json", b"\xff", r"^assets/t\.json: expected text in UTF-8: "),
        (
            "assets/t.json",
            bytes(assets.MAX_ASSET_BYTES + 1),
            r"^assets/t\.json: expected at most \d+ bytes",
        ),
    ],
)
def test_a_file_that_is_no_text_is_refused(name: str, content: bytes, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        text_of_asset(content, name)
