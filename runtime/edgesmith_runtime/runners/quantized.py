"""Real numbers in and out of a model whose inputs or outputs are quantized."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import SignatureError
from edgesmith_runtime.runners.deadlines import deadline_after, time_left
from edgesmith_runtime.spec import as_array

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.runners import Runner
    from edgesmith_runtime.spec import Signature, TensorSpec

__all__ = ["Quantization", "QuantizedRunner"]

Tensors = dict[str, "NDArray[Any]"]

_LARGE_SCALE = 1e30  # times a code of 16 bits it is near the end of float32
_INT64_MARGIN = 1 << 13  # some steps of float64 up there


class Quantization:
    """The codes on both sides of a model, and the numbers that they stand for.

    Tensors of the signature that have no scale pass as they are.
    """

    def __init__(self, signature: Signature) -> None:
        self._inputs = _codes_by_name(signature.inputs)
        self._outputs = _codes_by_name(signature.outputs)

    def codes(self, tensors: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """Floats for a quantized input as its codes: ``clip(round(x / scale) + zero_point)``.

        Half rounds to even, infinities clip. What is not an array of floats passes as it is: it
        is codes already, or a fault that a check of the signature names.

        Raises:
            SignatureError: A number is NaN.
        """
        given = cast("object", tensors)  # an app may not use a type checker
        if not self._inputs or not isinstance(given, Mapping):
            return tensors
        quantized = dict(tensors)
        for name, code in self._inputs:
            if name in quantized:
                quantized[name] = code.codes(quantized[name])
        return quantized

    def numbers(self, outputs: Tensors) -> Tensors:
        """Every quantized output as float32: ``(code - zero_point) * scale``."""
        for name, code in self._outputs:
            outputs[name] = code.numbers(outputs[name])
        return outputs


def _codes_by_name(specs: Iterable[TensorSpec]) -> tuple[tuple[str, _Code], ...]:
    return tuple(
        (spec.name, _Code(spec, spec.scale, spec.zero_point))
        for spec in specs
        if spec.scale is not None and spec.zero_point is not None
    )


class _Code:
    """What the whole numbers of one tensor stand for; all that stays from call to call."""

    __slots__ = ("_dtype", "_high", "_low", "_scale", "_spec", "_work", "_zero_point")

    def __init__(self, spec: TensorSpec, scale: float, zero_point: int) -> None:
        bounds = np.iinfo(spec.dtype)
        # float32 has every code of 16 bits, and every scale of a .tflite file.
        is_exact = scale < _LARGE_SCALE and float(np.float32(scale)) == scale
        work = np.float32 if is_exact and bounds.bits <= 16 else np.float64
        # 2**63 - 1 is no float64, and the one above it no int64.
        high = bounds.max if bounds.bits < 64 else bounds.max - _INT64_MARGIN
        self._spec, self._dtype, self._work = spec, np.dtype(spec.dtype), np.dtype(work)
        # Arrays: numpy takes 0.5 us to make one of a number, in each operation.
        self._scale = np.array(scale, work)
        self._zero_point = np.array(zero_point, work)
        self._low = np.array(float(bounds.min - zero_point) * scale, work)
        self._high = np.array(float(high - zero_point) * scale, work)

    def codes(self, array: NDArray[Any]) -> NDArray[Any]:
        """The same shape in the tensor's dtype, where it is an array of floats."""
        numbers = as_array(self._spec, array)
        if numbers.dtype.kind != "f" or numbers.dtype.itemsize > 8:
            return array
        codes = np.array(numbers, np.float64 if numbers.dtype.itemsize == 8 else self._work)
        # Clipped first, so that no division overflows.
        np.maximum(codes, self._low, out=codes)
        np.minimum(codes, self._high, out=codes)
        np.divide(codes, self._scale, out=codes)
        np.rint(codes, out=codes)
        np.add(codes, self._zero_point, out=codes)
        if math.isnan(np.add.reduce(codes, None)):  # all others are finite by now
            raise SignatureError(
                f"tensor '{self._spec.name}': expected numbers, got NaN, for which {self._dtype} has "
                "no code; fill what is missing"
            )
        return codes.astype(self._dtype)

    def numbers(self, codes: NDArray[Any]) -> NDArray[np.float32]:
        """The same shape in float32."""
        numbers = np.array(codes, self._work)
        np.subtract(numbers, self._zero_point, out=numbers)
        if self._work == np.float32:
            return np.multiply(numbers, self._scale, out=numbers)
        with np.errstate(over="ignore"):  # infinite in float32: decoding refuses that
            return np.multiply(numbers, self._scale, out=numbers).astype(np.float32)


class QuantizedRunner:
    """A runner whose artifact has quantized tensors, for real numbers."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._quantization = Quantization(runner.artifact.signature)

    @property
    def artifact(self) -> Artifact:
        """What is loaded."""
        return self._runner.artifact

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> Tensors:
        """Run the model once on numbers, or on codes as they are; see ``Runner.run``."""
        if timeout is None:
            outputs = self._runner.run(self._quantization.codes(tensors))
        else:
            deadline = deadline_after(timeout)
            codes = self._quantization.codes(tensors)
            left = time_left(
                deadline, where=self.artifact.file, done="its inputs were quantized"
            )
            outputs = self._runner.run(codes, timeout=left)
        return self._quantization.numbers(outputs)
