"""The transform program: checked when it is made, and its values by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import OPS, Transform, make_op


def _step(op: str, params: dict[str, Any] | None = None, **more: Any) -> Step:
    return Step(op=op, inputs=("raw",), outputs=("made",), params=params or {}, **more)


def _scale(source: str, made: str, *, augment_after: bool = False) -> Step:
    return Step(
        op="scale",
        inputs=(source,),
        outputs=(made,),
        params={"offset": [1.0], "scale": [2.0]},
        augment_after=augment_after,
    )


def test_a_program_returns_every_value_and_joins_in_order() -> None:
    steps = (
        _scale("a", "a_scaled"),
        _scale("b", "b_scaled"),
        Step(op="concat", inputs=("b_scaled", "a_scaled"), outputs=("x",)),
    )
    raw = {"a": np.array([[3.0, 5.0]]), "b": np.array([[1.0]])}

    values = Transform(steps, ("a", "b"))(raw)

    assert list(values) == ["a", "b", "a_scaled", "b_scaled", "x"]
    np.testing.assert_array_equal(values["x"], np.array([[0, 1, 2]], np.float32), strict=True)


def test_split_cuts_after_the_marked_step_and_the_halves_make_the_whole() -> None:
    steps = (_scale("raw", "u"), _scale("u", "v", augment_after=True), _scale("v", "w"))
    whole = Transform(steps, ("raw",))
    raw = {"raw": np.array([[9.0, 4.0]])}

    before, after = whole.split()

    assert (before.steps, after.steps) == (steps[:2], steps[2:])
    assert after.raw_inputs == ("raw", "u", "v")
    np.testing.assert_array_equal(after({"v": before(raw)["v"]})["w"], whole(raw)["w"])


def test_split_without_a_mark_is_all_and_nothing() -> None:
    whole = Transform((_scale("raw", "u"), _scale("u", "v")), ("raw",))

    before, after = whole.split()

    assert before == whole
    assert after.steps == ()


def test_reading_and_finishing_is_the_whole_whatever_the_order_of_the_steps() -> None:
    steps = (
        _scale("a", "a_scaled"),
        _scale("a_scaled", "a_twice"),
        _scale("b", "b_scaled"),
        Step(op="concat", inputs=("b_scaled", "a_twice"), outputs=("x",)),
    )
    transform = Transform(steps, ("a", "b"))
    raw = {"a": np.array([[3.0, 5.0]]), "b": np.array([[1.0]])}

    read = transform.read(raw)
    values = transform.finish(read)

    assert list(read) == ["a", "b", "a_scaled", "b_scaled"]
    np.testing.assert_array_equal(values["x"], transform(raw)["x"], strict=True)
    with pytest.raises(InputError, match=r"input 'b': missing; given are \['a'\]"):
        transform.read({"a": raw["a"]})


def test_a_raw_input_may_be_joined_with_what_a_step_gave() -> None:
    steps = (
        _scale("a", "a_scaled"),
        Step(op="concat", inputs=("a_scaled", "b"), outputs=("x",)),
    )
    transform = Transform(steps, ("a", "b"))
    raw = {"a": np.array([[3.0, 5.0]]), "b": np.array([[1.0]])}

    read = transform.read(raw)

    assert list(read) == ["a", "b", "a_scaled"]
    np.testing.assert_array_equal(transform.finish(read)["x"], transform(raw)["x"], strict=True)
    with pytest.raises(InputError, match=r"input 'b': missing; given are \['a'\]"):
        transform.finish(transform.read({"a": raw["a"]}))


def test_needed_names_only_what_the_results_depend_on() -> None:
    steps = (
        _scale("a", "u"),
        _scale("b", "v"),
        Step(op="concat", inputs=("u", "c"), outputs=("x",)),
    )
    transform = Transform(steps, ("c", "b", "a"))

    assert transform.needed(["x"]) == ("c", "a")
    assert transform.needed(["v", "u"]) == ("b", "a")
    assert transform.needed(["b"]) == ("b",)
    assert transform.needed([]) == ()


def test_a_missing_raw_input_is_named() -> None:
    transform = Transform((_scale("age", "u"),), ("age",))

    with pytest.raises(InputError, match=r"^input 'age': missing; given are \['aeg'\]$"):
        transform({"aeg": np.zeros((1, 1))})


def test_a_refused_raw_input_is_named() -> None:
    transform = Transform((_step("tensor", {"dtype": "float32", "shape": [2]}),), ("raw",))

    with pytest.raises(InputError, match=r"^input 'raw': expected an array of shape \(2,\)"):
        transform({"raw": [[1.0, 2.0, 3.0]]})


def test_a_refused_value_past_the_raw_inputs_is_named_by_its_step() -> None:
    steps = (
        _scale("raw", "u"),
        Step(op="fill", inputs=("u",), outputs=("x",), params={"values": [1, 2, 3]}),
    )

    with pytest.raises(TransformError, match=r"^transform step 1 \(fill\): expected 3 columns"):
        Transform(steps, ("raw",))({"raw": np.zeros((1, 2))})


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            (_scale("u", "v"),),
            r"transform step 0 \(scale\): takes 'u', which no earlier step gives; known: \['raw'\]",
        ),
        (
            (_scale("raw", "u"), _scale("raw", "u")),
            r"transform step 1 \(scale\): 'u' is given already; take a new name",
        ),
        (
            (Step(op="cast", inputs=("raw",), outputs=("u", "v"), params={"dtype": "bool"}),),
            r"transform step 0 \(cast\): gives one value, got \['u', 'v'\]",
        ),
        (
            (Step(op="cast", inputs=("raw", "raw"), outputs=("u",), params={"dtype": "bool"}),),
            r"transform step 0 \(cast\): takes one value, got \['raw', 'raw'\]",
        ),
        (
            (Step(op="concat", inputs=(), outputs=("u",)),),
            r"transform step 0 \(concat\): takes one value, got \[\]",
        ),
        (
            (_scale("raw", "u", augment_after=True), _scale("u", "v", augment_after=True)),
            r"expected one step marked augment_after, got \[0, 1\]",
        ),
    ],
)
def test_an_ill_formed_program_is_refused(steps: tuple[Step, ...], message: str) -> None:
    with pytest.raises(TransformError, match=message):
        Transform(steps, ("raw",))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (_step("resise"), r"^step: unknown op; this runtime knows .*categories, "),
        (
            _step("resize", {"height": 2, "width": 2, "hight": 2}),
            r"^step: unknown param 'hight'; known: height, width, method, antialias$",
        ),
        (
            _step("one_hot", {"categories": [["a"]], "unknown": "zeros", "_width": 3}),
            r"^step: unknown param '_width'; known: categories, unknown$",
        ),
        (_step("resize", {"height": 2}), r"^step: the param 'width' is missing$"),
        (
            _step("resize", {"height": 2.0, "width": 2}),
            r"^step: height: expected int, got 2.0$",
        ),
        (
            _step("resize", {"height": True, "width": 2}),
            r"^step: height: expected int, got True$",
        ),
        (
            _step("resize", {"height": 2, "width": 2, "antialias": 1}),
            r"^step: antialias: expected bool, got 1$",
        ),
        (
            _step("scale", {"offset": 0.0, "scale": [1.0]}),
            r"^step: offset: expected tuple\[float, \.\.\.\], got 0\.0$",
        ),
        (
            _step("scale", {"offset": [0.0, "1"], "scale": [1.0]}),
            r"^step: offset: expected float, got '1'$",
        ),
        (
            _step("scale", {"offset": [10**400], "scale": [1.0]}),
            r"^step: offset: expected a float, got a number beyond its range$",
        ),
        (_step("fill", {"values": [None, "?"]}), r"^step: values: expected float, got '\?'$"),
        (
            _step("numbers", {"columns": ["a"], "missing": ["?"]}),
            r"^step: missing: expected tuple\[str, \.\.\.\], got '\?'$",
        ),
        (
            _step("scale", {"offset": [0.0], "scale": [0.0]}),
            r"^step: a scale of 0 divides by zero$",
        ),
        (
            _step("cast", {"dtype": "float32"}, asset="assets/table.npy"),
            r"^step: takes no asset, got 'assets/table.npy'$",
        ),
        (
            _step("lookup", asset="assets/words.json"),
            r"^step: the asset 'assets/words.json' is missing$",
        ),
        (
            _step("lookup", {"vocabulary": ["a"]}, asset="assets/words.json"),
            r"^step: 'vocabulary' is given twice, in params and as the asset$",
        ),
        (_step("lookup", {"vocabulary": "a"}), r"^step: vocabulary: expected tuple\[str, "),
        (_step("pad", {"length": -1}), r"^step: length: expected 0 to 16777216, got -1$"),
    ],
)
def test_a_step_that_its_op_cannot_be_made_of_is_refused(step: Step, message: str) -> None:
    with pytest.raises(TransformError, match=message):
        make_op(step, "step")


def test_json_params_become_the_types_of_the_fields() -> None:
    clip: Any = make_op(_step("clip", {"low": [0, None], "high": [2.5, 3]}), "step")

    assert clip == OPS["clip"](low=(0.0, None), high=(2.5, 3.0))
    assert [type(bound) for bound in clip.low] == [float, type(None)]
