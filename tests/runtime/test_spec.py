"""Tensors and signatures that cannot be are refused where they are made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgesmith_runtime.errors import SignatureError
from edgesmith_runtime.spec import Precision, Signature, TensorSpec

X = TensorSpec("x", "float32", ("batch", 2))


@pytest.mark.parametrize(
    ("name", "dtype", "shape", "message"),
    [
        ("", "float32", (1,), "a tensor needs a name, got ''"),
        ("x", "complex64", (1,), r"'x': expected a dtype of \[.*\], got 'complex64'"),
        ("x", "float32", (-1,), "'x': an axis is a length from 0 or a name, got -1"),
        ("x", "float32", ("",), "'x': an axis is a length from 0 or a name, got ''"),
        ("x", "float32", (True,), "'x': an axis is a length from 0 or a name, got True"),
    ],
)
def test_a_tensor_that_cannot_be_is_refused(
    name: str, dtype: str, shape: tuple[int | str, ...], message: str
) -> None:
    with pytest.raises(SignatureError, match=message):
        TensorSpec(name, dtype, shape)


@pytest.mark.parametrize(
    ("dtype", "scale", "zero_point"),
    [("int8", 0.5, None), ("int8", None, 3), ("float32", 0.5, 3), ("int8", 0.0, 3)],
)
def test_half_a_quantization_is_refused(
    dtype: str, scale: float | None, zero_point: int | None
) -> None:
    with pytest.raises(
        SignatureError, match="'x': expected a scale above 0 and a zero point of whole numbers"
    ):
        TensorSpec("x", dtype, ("batch", 2), scale=scale, zero_point=zero_point)


@pytest.mark.parametrize(
    ("dtype", "zero_point", "bounds"),
    [("int8", 128, "-128 to 127"), ("uint8", -1, "0 to 255"), ("int16", 1 << 400, "-32768 to")],
)
def test_a_zero_point_is_a_number_of_the_dtype(
    dtype: str, zero_point: int, bounds: str
) -> None:
    with pytest.raises(
        SignatureError,
        match=f"tensor 'x': expected a zero point from {bounds}.*, which {dtype} holds, got ",
    ):
        TensorSpec("x", dtype, ("batch", 2), scale=0.5, zero_point=zero_point)


def test_codes_of_another_dtype_are_refused_with_the_way() -> None:
    spec = TensorSpec("x", "int8", ("batch", 2), scale=0.5, zero_point=3)

    with pytest.raises(
        SignatureError,
        match=r"'x': expected dtype int8, got int64; give numbers with \.astype\('float32'\), "
        "which are quantized with scale 0.5 and zero point 3, or such codes as int8",
    ):
        spec.check(np.zeros((1, 2), np.int64))


@pytest.mark.parametrize(
    ("dtype", "cure"), [("float64", r"\)$"), ("uint8", r"\), scaled as in training$")]
)
def test_bytes_for_a_model_of_floats_are_told_of_their_scale(dtype: str, cure: str) -> None:
    with pytest.raises(
        SignatureError, match=rf"got {dtype}; convert with \.astype\('float32'{cure}"
    ):
        TensorSpec("x", "float32", ("batch", 2)).check(np.zeros((1, 2), dtype))


def test_the_precisions_are_the_documented_ones() -> None:
    assert [str(one) for one in Precision] == [
        "float32",
        "float16",
        "int8",
        "int4",
        "mixed",
        "other",
    ]


def test_a_fixed_batch_can_be_made_free() -> None:
    fixed = Signature(
        (TensorSpec("x", "int8", (4, 2), scale=0.5, zero_point=3),),
        (TensorSpec("y", "float32", (4,)),),
    )

    freed = fixed.with_free_batch()

    assert (fixed.batch_size, freed.batch_size) == (4, None)
    assert [spec.shape for spec in freed] == [("batch", 2), ("batch",)]
    assert freed.inputs[0].scale == 0.5


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        ((), (X,), "a model has at least one input, got none"),
        ((X, X), (X,), r"input names must differ, got \['x', 'x'\]"),
        ((X,), (X, X), r"output names must differ, got \['x', 'x'\]"),
    ],
)
def test_a_signature_that_cannot_be_is_refused(
    inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...], message: str
) -> None:
    with pytest.raises(SignatureError, match=message):
        Signature(inputs, outputs)


def test_a_signature_is_its_inputs_then_its_outputs() -> None:
    y = TensorSpec("y", "float32", ("batch",))

    assert list(Signature((X,), (y,))) == [X, y]


class _Attached:
    """Like a tensor of a framework that does not give its memory away."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __array__(self, *_: object, **__: object) -> None:
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("call detach()"), TypeError("on a device")])
def test_what_gives_numpy_no_array_is_refused_by_name(error: Exception) -> None:
    given: Any = _Attached(error)

    with pytest.raises(
        SignatureError,
        match=rf"^tensor 'x': .* got _Attached, of which numpy makes none: {error.args[0][:4]}",
    ):
        Signature((X,), ()).check_inputs({"x": given})


def test_names_of_several_kinds_are_listed() -> None:
    tensors: Any = {1: np.zeros(1), "x": np.zeros(1)}

    with pytest.raises(
        SignatureError, match=r"expected the input tensors \['x'\], got \[1, 'x'\]"
    ):
        Signature((X,), ()).check_inputs(tensors)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2,), r"got \(2,\); add the batch axis with array\[None\]$"),
        (
            (1, 5, 2),
            r"got \(1, 5, 2\); take an axis off with array\[0\], or give predict_batch",
        ),
        ((1, 5, 3), r"got \(1, 5, 3\)$"),
        ((5, 3), r"got \(5, 3\)$"),
    ],
)
def test_an_axis_too_few_or_too_many_is_told_its_cure(
    shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(SignatureError, match=rf"'x': expected shape \(batch, 2\), {message}"):
        X.check(np.zeros(shape, np.float32))
