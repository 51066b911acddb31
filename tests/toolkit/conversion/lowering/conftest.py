"""Models of plain functions, for the lowerings of single operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


class _Calls(keras.Layer):
    def __init__(self, functions: tuple[Callable[..., Any], ...]) -> None:
        super().__init__(name="calls")
        self.functions = functions

    def call(self, *tensors: Any) -> list[Any]:
        return [function(*tensors) for function in self.functions]


@pytest.fixture
def model_of() -> Callable[..., keras.Model]:
    """Makes a model with one output a function; each takes all of the inputs."""
    return _model


def _model(
    inputs: dict[str, tuple[tuple[int | None, ...], str]], *functions: Callable[..., Any]
) -> keras.Model:
    """Args: inputs: Shape without the batch, and dtype, by name."""
    symbols = [keras.Input(shape, dtype=dtype, name=n) for n, (shape, dtype) in inputs.items()]
    return keras.Model(symbols, _Calls(functions)(*symbols))
