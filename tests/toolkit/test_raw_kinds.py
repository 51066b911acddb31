"""What an app hands in follows from the steps that take it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from edgesmith.raw_kinds import KINDS, raw_inputs_of
from edgesmith_runtime.manifest import Kind, RawInput, Step
from edgesmith_runtime.transforms.vocabulary import OPS


def _step(op: str, taken: str, made: str, **params: Any) -> Step:
    return Step(op=op, inputs=(taken,), outputs=(made,), params=params)


@pytest.mark.parametrize(
    ("step", "kind", "accepts"),
    [
        (
            _step("decode_image", "x", "p", mode="rgb"),
            Kind.IMAGE,
            "an image file, its bytes, or",
        ),
        (
            _step("decode_audio", "x", "p", sample_rate=8000),
            Kind.AUDIO,
            "a sound file, its bytes, or",
        ),
        (_step("read_series", "x", "p"), Kind.SERIES, "a .csv file, its bytes, or"),
        (
            _step("dates", "x", "d", columns=["day", "due"], missing=[[], []], parts=["year"]),
            Kind.TABLE,
            "a row as a mapping with the columns day, due",
        ),
        (
            _step("column_texts", "x", "t", column="note"),
            Kind.TABLE,
            "a row as a mapping with the columns note",
        ),
        (_step("text", "x", "t", shape=[]), Kind.TEXT, "a text"),
        (_step("text", "x", "t", shape=[3]), Kind.TEXT, "texts"),
        (
            _step("tensor", "x", "t", dtype="int64", shape=[]),
            Kind.TENSOR,
            "an array of numbers",
        ),
    ],
)
def test_the_first_step_says_what_it_is(step: Step, kind: Kind, accepts: str) -> None:
    (raw,) = raw_inputs_of((step,))

    assert (raw.name, raw.kind) == ("x", kind)
    assert raw.accepts.startswith(accepts)


def test_a_table_has_the_columns_of_all_its_steps() -> None:
    steps = (
        _step("numbers", "row", "n", columns=["age"], missing=[[]]),
        _step("cast", "n", "x", dtype="float32"),
        _step("categories", "row", "c", columns=["city", "age"], missing=[[], []]),
        _step("dates", "row", "d", columns=["day"], missing=[[]], parts=["year"]),
        _step("column_texts", "row", "t", column="note"),
    )

    accepts = "a row as a mapping with the columns age, city, day, note"
    assert raw_inputs_of(steps) == (RawInput("row", Kind.TABLE, accepts),)


def test_every_step_that_takes_a_table_or_a_file_has_its_kind() -> None:
    """By the params that name columns, or by the reading of a path."""
    fields = {op: set(inspect.signature(made).parameters) for op, made in OPS.items()}
    tables = {op for op, names in fields.items() if names & {"column", "columns"}}
    files = {op for op in OPS if op.startswith(("decode_", "read_"))}

    assert {op for op, kind in KINDS.items() if kind is Kind.TABLE} == tables
    assert set(KINDS) == tables | files | {"text"}
