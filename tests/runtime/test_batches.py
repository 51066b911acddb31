"""Every form in which raw inputs may come, and what is told when they come otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.batches import as_batch, split_inputs, stacked, with_dtype
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.loading import load
from edgesmith_runtime.manifest import Kind, RawInput, Step
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.model import Model

ROW = RawInput("row", Kind.TABLE, "columns a and b")
PHOTO = RawInput("photo", Kind.IMAGE, "grey images")
TEXT = RawInput("words", Kind.TEXT, "a sentence")


def test_rows_become_columns() -> None:
    batch = as_batch(ROW, [{"a": 1, "b": "x"}, {"b": None, "a": 2.5}])

    assert batch == {"a": [1, 2.5], "b": ["x", None]}


def test_columns_stay_columns() -> None:
    columns = {"a": [1, 2], "b": np.array([3, 4])}

    assert as_batch(ROW, columns) is columns


def test_rows_must_have_the_same_columns() -> None:
    with pytest.raises(
        InputError,
        match=r"'row', row 1: expected the columns of row 0, differs in \['b', 'c'\]; give None",
    ):
        as_batch(ROW, [{"a": 1, "b": 2}, {"a": 1, "c": 3}])


@pytest.mark.parametrize(("row", "got"), [([1, 2], "list"), ("1,2", "str"), (None, "NoneType")])
def test_a_row_is_a_mapping(row: object, got: str) -> None:
    with pytest.raises(
        InputError, match=f"'row', row 1: expected a mapping of column to cell, got {got}"
    ):
        as_batch(ROW, [{"a": 1}, row])


@pytest.mark.parametrize("raw", [PHOTO, TEXT])
def test_a_list_or_tuple_is_a_batch(raw: RawInput) -> None:
    assert as_batch(raw, ("one", "two")) == ["one", "two"]


def test_an_array_is_a_batch_as_it_is() -> None:
    images = np.zeros((2, 3, 3), np.uint8)

    assert as_batch(PHOTO, images) is images


@pytest.mark.parametrize(("raws", "got"), [("a.png", "str"), (7, "int"), ({"a": 1}, "dict")])
def test_one_thing_is_not_a_batch(raws: object, got: str) -> None:
    with pytest.raises(
        InputError,
        match=rf"expected a list with one image a sample \('photo': grey images\), got {got}; "
        "predict takes one, predict_batch a list",
    ):
        as_batch(PHOTO, raws)


def test_a_single_number_is_not_a_batch() -> None:
    with pytest.raises(
        InputError, match=r"'photo': expected an array with the batch as its first axis"
    ):
        as_batch(PHOTO, np.array(7))


def test_one_raw_input_is_not_named() -> None:
    assert split_inputs([PHOTO], ["a.png"]) == {"photo": ["a.png"]}


def test_several_raw_inputs_come_by_sample() -> None:
    samples = [{"photo": "a.png", "row": {"a": 1}}, {"row": {"a": 2}, "photo": "b.png"}]

    split = split_inputs([PHOTO, ROW], samples)

    assert split == {"photo": ["a.png", "b.png"], "row": [{"a": 1}, {"a": 2}]}


def test_several_raw_inputs_come_by_name() -> None:
    split = split_inputs([PHOTO, ROW], {"row": {"a": [1, 2]}, "photo": ["a.png", "b.png"]})

    assert split == {"photo": ["a.png", "b.png"], "row": {"a": [1, 2]}}


@pytest.mark.parametrize(
    ("raws", "message"),
    [
        ([{"row": {}}], r"sample 0: expected the raw inputs \['photo', 'row'\], got \['row'\]"),
        ([7], r"sample 0: expected a mapping of the raw inputs \['photo', 'row'\], got int"),
        ({"photo": []}, r"^expected the raw inputs \['photo', 'row'\], got \['photo'\]"),
        ("x", r"expected a list with one mapping of \['photo', 'row'\] a sample, got str"),
    ],
)
def test_a_raw_input_that_is_absent_is_named(raws: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_inputs([PHOTO, ROW], raws)


def _model(bundle_of: Callable[..., Path], kind: Kind) -> Model:
    """Adds up the two numbers of an input of a kind."""
    shape: tuple[int, ...] = (2,)
    raw = RawInput("x", kind, "two numbers")

    def step(op: str, given: str = "x", made: str = "t", **params: Any) -> Step:
        return Step(op=op, inputs=(given,), outputs=(made,), params=params)

    match kind:
        case Kind.TENSOR:
            steps = (step("tensor", dtype="float32", shape=[2]),)
        case Kind.SERIES:
            steps, shape = (step("read_series"),), (2, 1)
        case Kind.AUDIO:
            steps = (step("decode_audio", sample_rate=8000),)
        case _:
            steps = (
                step("decode_image", made="p", mode="grey"),
                step("cast", given="p", dtype="float32"),
            )
            shape = (1, 2, 1)
    spec = TensorSpec("t", "float32", ("batch", *shape))
    return load(bundle_of((raw,), steps, (len(steps) - 1, (spec,))))


class _Subclass(np.ndarray):
    pass


def _read_only(array: Any) -> Any:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


# What becomes of an array, by kind: a message, else the sum of its numbers.
_KINDS = {
    Kind.TENSOR: (np.array([1, 2], np.float32), "expected an array of numbers, got dtype"),
    Kind.SERIES: (np.array([1, 2], np.float32), "expected numbers"),
    Kind.AUDIO: (np.array([0.25, 0.5], np.float32), "expected samples as floats from -1 to 1"),
    Kind.IMAGE: (np.array([[1, 2]], np.uint8), "expected pixels as numbers, best uint8"),
}
_NOT_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "complex": lambda array: array.astype(complex),
    "text": lambda array: array.astype(str),
    "bytes": lambda array: array.astype("S4"),
    "dates": lambda array: np.zeros(array.shape, "M8[s]"),
    "durations": lambda array: np.zeros(array.shape, "m8[s]"),
    "structured": lambda array: np.zeros(array.shape, [("a", "f4")]),
    "object_of_texts": lambda array: array.astype(str).astype(object),
}
_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "big_endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "float16": lambda array: array.astype(np.float16),
    "float64": lambda array: array.astype(np.float64),
    "long_double": lambda array: array.astype(np.longdouble),
    "fortran": np.asfortranarray,
    "negative_stride": lambda array: array[..., ::-1].copy()[..., ::-1],
    "strided": lambda array: np.repeat(array, 2, axis=-1)[..., ::2],
    "read_only": _read_only,
    "subclass": lambda array: array.view(_Subclass),
}


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("form", _NUMBERS.values(), ids=_NUMBERS)
def test_numbers_in_any_form_are_the_same_numbers(
    bundle_of: Callable[..., Path], kind: Kind, form: Callable[[Any], Any]
) -> None:
    model, plain = _model(bundle_of, kind), _KINDS[kind][0]

    answers = model.predict_batch(form(np.stack([plain, plain])))

    assert [answer.value for answer in answers] == [plain.sum()] * 2
    assert model.predict(form(plain)).value == plain.sum()


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("form", _NOT_NUMBERS.values(), ids=_NOT_NUMBERS)
def test_what_is_not_numbers_is_refused_by_kind(
    bundle_of: Callable[..., Path], kind: Kind, form: Callable[[Any], Any]
) -> None:
    model, (plain, message) = _model(bundle_of, kind), _KINDS[kind]

    with pytest.raises(InputError, match=f"^input 'x': {message}"):
        model.predict(form(plain))
    with pytest.raises(InputError, match=f"^input 'x': {message}"):
        model.predict_batch(form(plain[None]))


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("mask", [False, True])
def test_a_masked_array_is_refused_whatever_its_mask(
    bundle_of: Callable[..., Path], kind: Kind, mask: Any
) -> None:
    model, plain = _model(bundle_of, kind), _KINDS[kind][0]
    message = "expected a plain array, got a masked one, whose mask a model does not see; fill"

    with pytest.raises(InputError, match=f"^'x', sample 1: {message}"):
        model.predict_batch([plain, np.ma.masked_array(plain, mask=mask)])
    with pytest.raises(InputError, match=f"^'x': {message}"):
        model.predict_batch(np.ma.masked_array(plain[None], mask=mask))


def test_a_masked_recording_beside_its_rate_is_refused(bundle_of: Callable[..., Path]) -> None:
    recording = np.ma.masked_array(np.zeros(2, np.float32), mask=[True, False])

    with pytest.raises(
        InputError, match=r"^'x', sample 0: expected a plain array, got a masked"
    ):
        _model(bundle_of, Kind.AUDIO).predict((8000, recording))


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize(
    "given",
    [None, 1.0, np.float32(1), {1, 2}, object(), [[1, 2], [1]], np.array(1.0)],
    ids=["nothing", "number", "numpy_number", "set", "object", "ragged", "no_axes"],
)
def test_what_is_no_input_of_its_kind_is_refused(
    bundle_of: Callable[..., Path], kind: Kind, given: object
) -> None:
    with pytest.raises(InputError, match=r"^input 'x': expected (a|an|numbers|samples)\b"):
        _model(bundle_of, kind).predict(given)


@pytest.mark.parametrize("kind", _KINDS)
def test_an_array_without_numbers_is_refused(
    bundle_of: Callable[..., Path], kind: Kind
) -> None:
    with pytest.raises(InputError, match=r"^input 'x': "):
        _model(bundle_of, kind).predict(_KINDS[kind][0][:0])


_CELLS: dict[str, tuple[object, float | str]] = {
    "numpy_number": (np.float32(1), 3.0),
    "big_endian": (np.array([1], ">f4")[0], 3.0),
    "boolean": (np.True_, 3.0),
    "text": ("1", 3.0),
    "array": (np.array([1.0]), "expected a number"),
    "no_axes": (np.array(1.0), "expected a number"),
    "list": ([1], "expected a number"),
    "masked": (np.ma.masked, "expected a number"),
    "complex": (1j, "expected a number"),
    "huge": (10**400, "expected a number"),
    "date": (np.datetime64(0, "s"), "expected a number"),
    "duration": (np.timedelta64(1, "s"), "expected a number"),
    "duration_without_unit": (np.timedelta64(1), "expected a number"),
    "bytes": (b"1", "expected a number"),
}


@pytest.mark.parametrize(("cell", "expected"), _CELLS.values(), ids=_CELLS)
def test_a_cell_is_a_number_or_refused_by_its_column(
    row_bundle_path: Path, cell: object, expected: float | str
) -> None:
    model = load(row_bundle_path)

    if isinstance(expected, str):
        with pytest.raises(InputError, match=f"^input 'row': column 'a': {expected}"):
            model.predict({"a": cell, "b": 2})
    else:
        assert model.predict({"a": cell, "b": 2}).value == expected


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "u1"])
def test_samples_are_stacked_into_a_copy_of_the_hosts_byte_order(n: int, dtype: str) -> None:
    samples = [np.arange(6).reshape(2, 3).astype(dtype) for _ in range(n)]

    array = stacked("t", samples)
    samples[0][0, 0] = 9

    assert array.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(array, [[[0, 1, 2], [3, 4, 5]]] * n)


def test_an_array_is_stacked_already() -> None:
    array = np.ones((2, 3))

    assert stacked("t", array) is array


@pytest.mark.parametrize("samples", [[[[1], [2, 3]]], [np.ones(2), np.ones(3)], []])
def test_samples_that_differ_in_shape_do_not_stack(samples: list[Any]) -> None:
    with pytest.raises(
        InputError, match=r"^tensor 't': the samples do not stack, give them one by one: "
    ):
        stacked("t", samples)


def test_plain_numbers_get_the_dtype_of_the_tensor_and_arrays_keep_theirs() -> None:
    spec = TensorSpec("t", "float32", ("batch", 2))
    codes = TensorSpec("t", "int8", ("batch", 2), 0.5, 0)
    array = np.array([1, 2], np.float64)

    mixed = with_dtype(spec, [[1, 2], array])

    assert [one.dtype for one in mixed] == [np.float32, np.float64]
    assert with_dtype(spec, [array])[0] is array
    assert with_dtype(codes, [[0.25, 2]])[0].tolist() == [0.25, 2]


def test_what_is_no_tensor_is_refused_with_the_name_of_its_input() -> None:
    spec = TensorSpec("t", "float32", ("batch", 2))

    with pytest.raises(InputError, match=r"^input 't': expected an array of .*, got str; read"):
        with_dtype(spec, [np.zeros(2, np.float32), "x.npy"])


def test_a_masked_column_is_refused(row_bundle_path: Path) -> None:
    column = np.ma.masked_array([1.0, 2.0], mask=[True, False])

    with pytest.raises(
        InputError, match=r"^'row', column 'a': expected a plain array, got a mas"
    ):
        load(row_bundle_path).predict_batch({"a": column, "b": [1, 2]})


@pytest.mark.parametrize("form", [np.asarray, list])
def test_images_that_are_divided_already_are_told_so(
    photo_bundle_path: Path, form: Any
) -> None:
    divided = np.array([[[0, 51], [102, 204]]], np.float32) / 255

    with pytest.raises(
        InputError,
        match=r"^input 'photo': expected whole pixel values from 0 to 255, "
        r"got float32 from 0\.0 to 0\.8.*; multiply by 255 and round$",
    ):
        load(photo_bundle_path).predict_batch(form(divided))
