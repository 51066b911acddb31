"""The transform program: checked when it is made, the same to the bit for one sample and many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import OPS, Transform, make_op

if TYPE_CHECKING:
    from collections.abc import Callable

COLOURS = ("red", "green", "blue")

PARAMS: dict[str, list[dict[str, Any]]] = {
    "decode_image": [{"mode": "grey"}, {"mode": "rgb"}],
    "resize": [
        {"height": 5, "width": 9},
        {"height": 40, "width": 3, "method": "bicubic", "antialias": False},
        {"height": 5, "width": 9, "method": "nearest"},
    ],
    "numbers": [{"columns": ["a", "b"], "missing": [["?"], []]}],
    "categories": [{"columns": ["c", "a"], "missing": [["?"], []]}],
    "fill_categories": [{"values": ["red", None]}],
    "one_hot": [
        {"categories": [COLOURS, ["x"]], "unknown": "zeros"},
        {"categories": [COLOURS, ["x"]], "unknown": "column"},
    ],
    "ordinal": [{"categories": [COLOURS, ["x"]], "unknown": "index"}],
    "tensor": [{"dtype": "float32", "shape": [7, -1, 3]}],
    "fill": [{"values": [1, None, 2.5]}],
    "clip": [{"low": [-1, None, 0.1], "high": [1]}],
    "scale": [{"offset": [0.1, 0.2, 0.3], "scale": [3]}],
    "cast": [{"dtype": "float16"}],
    "concat": [{}],
    "moving_average": [{"size": 9, "axes": [0, 1]}],
    "median_filter": [{"size": 3, "axes": [0, 1]}],
    "gaussian_filter": [{"sigma": 1.3, "axes": [1, 0]}],
    "savitzky_golay": [{"window": 7, "order": 3, "axis": 1}],
    "text": [{"shape": [2]}],
    "standardize_text": [{"lower": True, "strip_punctuation": True}],
    "split_text": [{"by": "whitespace"}, {"by": "character"}],
    "ngrams": [{"widths": [2, 1]}],
    "lookup": [
        {"vocabulary": COLOURS, "first": 1, "mask": ""},
        {"vocabulary": COLOURS, "n_unknown": 3, "salt": [1, 2]},
    ],
    "lookup_numbers": [{"vocabulary": [3, 5], "n_unknown": 4}],
    "hash": [{"n_bins": 7}, {"n_bins": 7, "salt": [1, 2], "mask": "red"}],
    "cross_hash": [{"n_bins": 7}],
    "pad": [{"length": 3}],
    "count_indices": [{"depth": 6, "binary": False, "dtype": "int64"}],
    "one_hot_indices": [{"depth": 6, "squeeze": False, "dtype": "float32"}],
    "weigh": [{"weights": [0.1, 0.2, 0.3]}],
}
CASES = [(op, params) for op, variants in PARAMS.items() for params in variants]


def _batch(op: str, rng: np.random.Generator, n: int) -> Any:
    if op in {"numbers", "categories"}:
        return {
            "a": rng.normal(size=n).tolist(),
            "b": [str(number) for number in rng.normal(size=n)],
            "c": rng.choice([*COLOURS, "?", "violet"], n).tolist(),
        }
    if op in {"fill_categories", "one_hot", "ordinal"}:
        return rng.choice(np.array([*COLOURS, None, "violet"], object), (n, 2))
    if op in {"decode_image", "resize"}:
        return list(rng.integers(0, 256, (n, 31, 17, 3), np.uint8))
    if op in TEXT_BATCHES:
        return TEXT_BATCHES[op](rng, n)
    numbers = rng.normal(size=(n, 7, 11, 3)).astype(np.float32)
    if op == "fill":
        numbers[rng.random(numbers.shape) < 0.2] = np.nan
    return numbers


def _texts(rng: np.random.Generator, n: int) -> Any:
    return rng.choice(np.array(["red, GREEN!", "", "e\u0301 blue", "\u3000"], object), (n, 2))


def _bytes(rng: np.random.Generator, n: int) -> Any:
    encoded = np.empty((n, 1), object)
    encoded[:, 0] = [text.encode() for text in _texts(rng, n)[:, 0]]
    return encoded


def _tokens(rng: np.random.Generator, n: int) -> Any:
    return [[*map(str.encode, rng.choice(COLOURS, rng.integers(0, 5)))] for _ in range(n)]


def _codes(rng: np.random.Generator, n: int) -> Any:
    return rng.integers(-1, 9, (n, 3))


def _rows_of_codes(rng: np.random.Generator, n: int) -> Any:
    return [rng.integers(-1, 9, rng.integers(0, 6)).tolist() for _ in range(n)]


TEXT_BATCHES: dict[str, Callable[[np.random.Generator, int], Any]] = {
    "text": _texts,
    **dict.fromkeys(("standardize_text", "split_text", "hash", "cross_hash"), _bytes),
    **dict.fromkeys(("ngrams", "lookup"), _tokens),
    **dict.fromkeys(("lookup_numbers", "one_hot_indices"), _codes),
    **dict.fromkeys(("pad", "count_indices"), _rows_of_codes),
}


def _one_of(batch: Any, index: int) -> Any:
    if isinstance(batch, dict):
        return {name: values[index : index + 1] for name, values in batch.items()}
    return batch[index : index + 1]


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


def test_the_tests_know_the_whole_vocabulary() -> None:
    assert set(PARAMS) == set(OPS)


@pytest.mark.parametrize(("op", "params"), CASES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 9))
def test_a_batch_is_its_samples_one_by_one_to_the_bit(
    op: str, params: dict[str, Any], seed: int, n: int
) -> None:
    transform = Transform((_step(op, params),), ("raw",))
    batch = _batch(op, np.random.default_rng(seed), n)

    together = transform({"raw": batch})["made"]

    alone = [transform({"raw": _one_of(batch, index)})["made"][0] for index in range(n)]
    assert len(together) == n
    for sample, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(sample, expected, strict=True)


@pytest.mark.parametrize(("op", "params"), CASES)
def test_no_op_changes_what_it_is_given(op: str, params: dict[str, Any]) -> None:
    batch = _batch(op, np.random.default_rng(0), 4)
    same = _batch(op, np.random.default_rng(0), 4)

    Transform((_step(op, params),), ("raw",))({"raw": batch})

    np.testing.assert_equal(batch, same)


@pytest.mark.parametrize(("op", "params"), CASES)
def test_an_op_is_plain_data_that_compares(op: str, params: dict[str, Any]) -> None:
    first, second = make_op(_step(op, params), "step"), make_op(_step(op, params), "step")

    assert first == second
    assert hash(first) == hash(second)


@pytest.mark.parametrize(
    "value",
    [{"z": ["1"]}, ["words"], [None], [[[1.0]]]],
    ids=["table", "text", "none", "nested"],
)
@pytest.mark.parametrize(("op", "params"), CASES)
def test_a_value_of_another_kind_is_refused(
    op: str, params: dict[str, Any], value: object
) -> None:
    with pytest.raises((InputError, TransformError), match=r"^input 'raw': "):
        Transform((_step(op, params),), ("raw",))({"raw": value})


def test_a_big_batch_is_its_samples_one_by_one_to_the_bit() -> None:
    steps = (
        Step(op="decode_image", inputs=("raw",), outputs=("p",), params={"mode": "grey"}),
        Step(
            op="gaussian_filter",
            inputs=("p",),
            outputs=("g",),
            params=PARAMS["gaussian_filter"][0],
        ),
        Step(op="resize", inputs=("g",), outputs=("r",), params={"height": 20, "width": 33}),
        Step(op="scale", inputs=("r",), outputs=("x",), params={"offset": [3], "scale": [7]}),
    )
    transform = Transform(steps, ("raw",))
    images = np.random.default_rng(1).integers(0, 256, (1000, 40, 50, 3), np.uint8)

    together = transform({"raw": images})["x"]

    for index in (0, 1, 499, 998, 999):
        alone = transform({"raw": [images[index]]})["x"]
        np.testing.assert_array_equal(together[index], alone[0], strict=True)


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
        (_step("resise"), r"^step: unknown op; this runtime knows cast, categories, clip, "),
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
        (_step("pad", {"length": -1}), r"^step: length: expected a number from 0, got -1$"),
    ],
)
def test_a_step_that_its_op_cannot_be_made_of_is_refused(step: Step, message: str) -> None:
    with pytest.raises(TransformError, match=message):
        make_op(step, "step")


def test_json_params_become_the_types_of_the_fields() -> None:
    clip: Any = make_op(_step("clip", {"low": [0, None], "high": [2.5, 3]}), "step")

    assert clip == OPS["clip"](low=(0.0, None), high=(2.5, 3.0))
    assert [type(bound) for bound in clip.low] == [float, type(None)]
