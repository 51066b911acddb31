"""Tensors and signatures that cannot be are refused where they are made."""

from __future__ import annotations

import pytest

from edgesmith_runtime.errors import SignatureError
from edgesmith_runtime.spec import Signature, TensorSpec

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
