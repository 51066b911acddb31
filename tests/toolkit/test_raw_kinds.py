"""What an app hands in follows from the steps that take it."""

from __future__ import annotations

from typing import Any

import pytest

from edgesmith.raw_kinds import raw_inputs_of
from edgesmith_runtime.manifest import Kind, RawInput, Step


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
        _step("categories", "row", "c", columns=["city"], missing=[[]]),
    )

    accepts = "a row as a mapping with the columns age, city"
    assert raw_inputs_of(steps) == (RawInput("row", Kind.TABLE, accepts),)
