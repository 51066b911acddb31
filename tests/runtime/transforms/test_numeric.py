"""Numbers: what goes in is checked, what comes out is what numpy would give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.transforms.numeric import Cast, Clip, Concat, Fill, Scale, Tensor

NAN = float("nan")


def test_tensor_takes_nested_numbers_and_arrays_alike() -> None:
    tensor = Tensor("float32", (2,))
    expected = np.array([[1, 2], [3, 4]], np.float32)

    np.testing.assert_array_equal(tensor([[1, 2], np.array([3, 4])]), expected, strict=True)
    np.testing.assert_array_equal(tensor(np.array([[1, 2], [3, 4]])), expected, strict=True)


def test_tensor_of_no_samples_has_the_sample_shape() -> None:
    assert Tensor("float32", (3, -1))([]).shape == (0, 3, 0)


def test_tensor_leaves_a_free_axis_free() -> None:
    assert Tensor("float64", (-1, 2))([np.zeros((5, 2))]).shape == (1, 5, 2)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("uint8", 255.0), ("int8", -128), ("float32", 0.1), ("bool", 1), ("float16", 65504.0)],
)
def test_tensor_takes_another_dtype_whose_values_survive(dtype: str, value: float) -> None:
    made = Tensor(dtype, (1,))([[value]])

    np.testing.assert_array_equal(made, np.array([[value]], dtype), strict=True)


@pytest.mark.parametrize(
    "dtype_and_value", [("uint8", 256), ("int8", 0.5), ("bool", 2), ("float32", 1e300)]
)
def test_tensor_refuses_values_that_the_dtype_cannot_hold(
    dtype_and_value: tuple[str, float],
) -> None:
    dtype, value = dtype_and_value

    with pytest.raises(
        InputError, match=f"expected dtype {dtype}, got .* with values that it cannot hold"
    ):
        Tensor(dtype, (1,))([[value]])


@pytest.mark.parametrize(
    ("dtype", "raw", "message"),
    [
        ("uint8", 0.5, "from 0.5 to 0.5; multiply by 255 and round where these are pixels$"),
        ("uint8", 1.5, "from 1.5 to 1.5$"),
        ("int8", -200, "from -200 to -200$"),
    ],
)
def test_tensor_says_which_values_the_dtype_cannot_hold(
    dtype: str, raw: float, message: str
) -> None:
    with pytest.raises(InputError, match=f"with values that it cannot hold, {message}"):
        Tensor(dtype, (1,))([[raw]])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8"])
def test_tensor_takes_numbers_up_to_its_bounds(dtype: str) -> None:
    levels = np.array([[0.1, 0.7]]) if dtype != "uint8" else np.array([[0, 1]])
    samples = levels.astype(dtype)

    made = Tensor("float32", (2,), low=levels.min(), high=levels.max())(samples)

    np.testing.assert_array_equal(made, samples.astype(np.float32), strict=True)


def test_tensor_with_bounds_takes_no_samples_and_numbers_that_one_bound_leaves_free() -> None:
    assert Tensor("float32", (2,), low=0.0)(np.zeros((0, 2))).shape == (0, 2)
    assert Tensor("float32", (1,), low=0.0)([[1e30]]).tolist() == [[np.float32(1e30)]]
    assert Tensor("float32", (1,), high=0.0)([[-1e30]]).tolist() == [[np.float32(-1e30)]]


@pytest.mark.parametrize(
    ("bounds", "raw", "message"),
    [
        ((0.0, 1.0), [0.0, 254.5], "from 0 to 1, got float64 from 0 to 254.5; divide by 255$"),
        ((None, 1.0), [0, 255], "to 1, got int64 from 0 to 255; divide by 255$"),
        (
            (0.0, 1.0),
            [-1.0, 1.0],
            "from 0 to 1, got float64 from -1 to 1; bring them to the range of the build's samples$",
        ),
        ((2.5, None), [2.0, 3.0], "from 2.5, got float64 from 2 to 3; bring them to the range"),
    ],
)
def test_tensor_refuses_numbers_out_of_its_bounds(
    bounds: tuple[float | None, float | None], raw: list[float], message: str
) -> None:
    low, high = bounds

    with pytest.raises(InputError, match=f"^expected numbers {message}"):
        Tensor("float32", (2,), low=low, high=high)([raw])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([[1.0, NAN]], "the array holds NaN; fill missing values before, or drop the sample"),
        ([["a", "b"]], "expected an array of numbers, got dtype <U1"),
        ([[1.0, 2.0, 3.0]], r"expected an array of shape \(2,\), got \(3,\)"),
        (np.zeros((4, 3)), r"expected an array of shape \(2,\), got \(3,\)"),
        ([[1.0, [2.0]]], r"expected an array of shape \(2,\), got setting an array element"),
        (["x.npy"], r"shape \(2,\), or such numbers in lists, got str; read a file with numpy"),
        ([{"x": [1, 2]}], r"or such numbers in lists, got dict; read"),
        ([None], r"or such numbers in lists, got NoneType; read"),
    ],
)
def test_tensor_refuses_what_is_no_such_array(raw: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Tensor("float64", (2,))(raw)


def test_tensor_samples_of_one_batch_agree_in_shape() -> None:
    with pytest.raises(InputError, match=r"must agree in shape, got \[\(1,\), \(2,\)\]"):
        Tensor("float64", (-1,))([[1.0], [1.0, 2.0]])


def test_fill_puts_the_value_of_the_column_where_one_is_missing() -> None:
    numbers = np.array([[NAN, NAN, 3.0], [4.0, 5.0, NAN]])

    filled = Fill((1.0, None, 9.0))(numbers)

    np.testing.assert_array_equal(filled, [[1.0, NAN, 3.0], [4.0, 5.0, 9.0]])


def test_fill_leaves_whole_numbers_alone() -> None:
    numbers = np.array([[1, 2]])

    assert Fill((0.5, 0.5))(numbers) is numbers


def test_clip_holds_each_column_between_its_bounds() -> None:
    numbers = np.array([[-5.0, -5.0, NAN], [5.0, 5.0, 5.0]], np.float32)

    clipped = Clip(low=(-1.0, None, 0.0), high=(2.0,))(numbers)

    expected = np.array([[-1.0, -5.0, NAN], [2.0, 2.0, 2.0]], np.float32)
    np.testing.assert_array_equal(clipped, expected, strict=True)


@pytest.mark.parametrize(("dtype", "made"), [("uint8", "float32"), ("int64", "float64")])
def test_clip_makes_whole_numbers_floats(dtype: str, made: str) -> None:
    clipped = Clip(low=(0.5,), high=(None,))(np.array([[0, 7]], dtype))

    np.testing.assert_array_equal(clipped, np.array([[0.5, 7.0]], made), strict=True)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_scale_takes_the_offset_and_divides(dtype: str) -> None:
    numbers = np.array([[10, 20], [30, 60]], dtype)

    scaled = Scale(offset=(10.0, 20.0), scale=(20.0,))(numbers)

    np.testing.assert_array_equal(scaled, np.array([[0, 0], [1, 2]], np.float32), strict=True)


def test_scale_of_float64_keeps_its_digits_until_the_end() -> None:
    seconds = np.array([[1_700_000_000.25]])

    assert Scale(offset=(1_700_000_000.0,), scale=(1.0,))(seconds)[0, 0] == np.float32(0.25)


def test_cast_changes_the_dtype_alone() -> None:
    made = Cast("int64")(np.array([[1.0, 2.0]]))

    np.testing.assert_array_equal(made, np.array([[1, 2]], np.int64), strict=True)


def test_concat_joins_the_last_axis() -> None:
    joined = Concat()(np.array([[1.0]]), np.array([[2, 3]], np.uint8))

    np.testing.assert_array_equal(joined, np.array([[1, 2, 3]], np.float32), strict=True)


@pytest.mark.parametrize("shapes", [((2, 1), (3, 1)), ((2, 1), (2, 1, 1)), ((2,), (2,))])
def test_concat_refuses_arrays_that_differ_elsewhere(
    shapes: tuple[tuple[int, ...], ...],
) -> None:
    with pytest.raises(TransformError, match=r"differ in their last axis only, got \(\d"):
        Concat()(*(np.zeros(shape) for shape in shapes))


@pytest.mark.parametrize(
    "op", [Fill((1.0, 2.0)), Clip((0.0, 0.0), (1.0, 1.0)), Scale((0.0, 0.0), (1.0, 1.0))]
)
def test_a_fitted_step_refuses_other_columns(op: Any) -> None:
    with pytest.raises(
        TransformError, match=r"expected 2 columns on the last axis, got shape \(4, 3\)"
    ):
        op(np.zeros((4, 3)))


@pytest.mark.parametrize(
    "op", [Clip((0.0,), (1.0,)), Scale((0.0,), (1.0,)), Cast("int8"), Concat()]
)
def test_a_step_on_numbers_refuses_texts(op: Any) -> None:
    with pytest.raises(TransformError, match="expected an array of numbers, got dtype object"):
        op(np.array([["a"]], object))


@pytest.mark.parametrize(
    "op", [Clip((0.0,), (1.0,)), Scale((0.0,), (1.0,)), Cast("int8"), Concat()]
)
def test_a_step_on_arrays_refuses_images_of_several_sizes(op: Any) -> None:
    with pytest.raises(
        InputError, match="must agree in shape here, and they differ; images: resize first"
    ):
        op([np.zeros((2, 2, 1)), np.zeros((3, 3, 1))])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Tensor("float", (1,)),
            "dtype: expected one of bool, float16, .*, got 'float'",
        ),
        (lambda: Tensor("int8", (-2,)), r"shape: an axis is a length or -1, got \[-2\]"),
        (
            lambda: Tensor("int8", (1,), low=2.0, high=1.0),
            r"low: expected at most high, got 2\.0 and 1\.0",
        ),
        (
            lambda: Tensor("int8", (1,), high=float("inf")),
            r"high: expected one or more finite numbers, got \[inf\]",
        ),
        (lambda: Fill(()), r"values: expected one or more finite numbers, got \[\]"),
        (lambda: Fill((NAN,)), r"values: expected one or more finite numbers, got \[nan\]"),
        (
            lambda: Clip((2.0,), (1.0,)),
            r"low: expected at most high, got \(2\.0,\) and \(1\.0,\)",
        ),
        (
            lambda: Clip((0.0, 0.0), (1.0,) * 3),
            "expected as many of low as of high, or one, got 2 and 3",
        ),
        (lambda: Scale((0.0,), (0.0,)), "a scale of 0 divides by zero"),
        (lambda: Scale((0.0,), (float("inf"),)), "scale: expected one or more finite numbers"),
        (
            lambda: Scale((0.0,) * 2, (1.0,) * 3),
            "expected as many of offset as of scale, or one",
        ),
        (
            lambda: Scale((0.0,), (1.0,), "int8"),
            "expected one of float16, float32, float64, got 'int8'",
        ),
        (lambda: Cast("str"), "dtype: expected one of bool, float16, .*, got 'str'"),
        (lambda: Concat("object"), "dtype: expected one of bool, float16, .*, got 'object'"),
    ],
)
def test_bad_params_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
