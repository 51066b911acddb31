"""What a tensor is called and looks like, without holding one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import SignatureError
from edgesmith_runtime.records import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Format", "Precision", "Signature", "TensorSpec", "as_array"]

DTYPES = frozenset(
    ["bool", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)


class Format(StrEnum):
    """The file formats of a model artifact; the value is the file's suffix without its dot."""

    ONNX = "onnx"
    TFLITE = "tflite"


class Precision(StrEnum):
    """What the numbers inside an artifact are."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"  # weights; computed with in float32 or float16
    INT8 = "int8"
    INT4 = "int4"  # weights
    MIXED = "mixed"  # int8 with some layers in float
    OTHER = "other"  # of a file that was made elsewhere: not float32 throughout


@record()
class TensorSpec:
    """One named tensor.

    Args:
        name: As the model calls it.
        dtype: A numpy name, one of ``DTYPES``.
        shape: The axes in order; an ``int`` is a fixed length, a ``str`` names a free one. Two
            axes with the same name have the same length in one call.
        scale: Of a quantized tensor: it stands for ``(array - zero_point) * scale``.
        zero_point: Likewise; both or neither.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    scale: float | None = None
    zero_point: int | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise SignatureError("a tensor needs a name, got ''")
        if self.dtype not in DTYPES:
            raise SignatureError(
                f"tensor '{self.name}': expected a dtype of {sorted(DTYPES)}, got '{self.dtype}'"
            )
        for axis in self.shape:
            if isinstance(axis, bool) or (isinstance(axis, int) and axis < 0) or axis == "":
                raise SignatureError(
                    f"tensor '{self.name}': an axis is a length from 0 or a name, got {axis!r}"
                )
        self._check_quantization()

    def _check_quantization(self) -> None:
        if self.scale is None and self.zero_point is None:
            return
        fits = self.scale is not None and self.zero_point is not None and "int" in self.dtype
        if not fits or not 0 < (self.scale or 0) < float("inf"):
            raise SignatureError(
                f"tensor '{self.name}': expected a scale above 0 and a zero point of whole "
                f"numbers, got scale {self.scale} and zero point {self.zero_point} of {self.dtype}"
            )
        bounds = np.iinfo(self.dtype)
        if not bounds.min <= (self.zero_point or 0) <= bounds.max:
            raise SignatureError(
                f"tensor '{self.name}': expected a zero point from {bounds.min} to {bounds.max}, "
                f"which {self.dtype} holds, got {self.zero_point}"
            )

    @property
    def sample_shape(self) -> tuple[int | str, ...]:
        """The axes after the batch axis."""
        return self.shape[1:]

    def check(self, array: NDArray[Any]) -> None:
        """Refuse an array that this tensor cannot be.

        Raises:
            SignatureError: The dtype, rank or a fixed axis differs; the message gives the cure.
        """
        if array.dtype != np.dtype(self.dtype):
            raise SignatureError(
                f"tensor '{self.name}': expected dtype {self.dtype}, got {array.dtype}; "
                f"{self._cast(array.dtype)}"
            )
        fits = array.ndim == len(self.shape) and all(
            isinstance(axis, str) or axis == length
            for axis, length in zip(self.shape, array.shape, strict=True)
        )
        if not fits:
            raise SignatureError(
                f"tensor '{self.name}': expected shape {self._shape_text()}, "
                f"got {tuple(array.shape)}{self._reshaping(array)}"
            )

    def _reshaping(self, array: NDArray[Any]) -> str:
        if self._lacks_batch(array):
            return "; add the batch axis with array[None]"
        if array.ndim == len(self.shape) + 1 and self._is_sample(array.shape[2:]):
            return "; take an axis off with array[0], or give predict_batch several samples"
        return ""

    def _cast(self, given: np.dtype[Any]) -> str:
        if self.scale is None:
            # A cast alone would make pixels 255 times too large for most models.
            scaled = ", scaled as in training" if given == np.uint8 else ""
            return f"convert with .astype('{self.dtype}'){scaled}"
        return (
            "give numbers with .astype('float32'), which are quantized with scale "
            f"{self.scale} and zero point {self.zero_point}, or such codes as {self.dtype}"
        )

    def _lacks_batch(self, array: NDArray[Any]) -> bool:
        return bool(self.shape) and self._is_sample(array.shape)

    def _is_sample(self, lengths: tuple[int, ...]) -> bool:
        return len(lengths) == len(self.sample_shape) and all(
            isinstance(axis, str) or axis == length
            for axis, length in zip(self.sample_shape, lengths, strict=True)
        )

    def _shape_text(self) -> str:
        comma = "," if len(self.shape) == 1 else ""
        return f"({', '.join(str(axis) for axis in self.shape)}{comma})"


@record()
class Signature:
    """The ordered inputs and outputs of a model; the first axis of each is the batch."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def __post_init__(self) -> None:
        if not self.inputs:
            raise SignatureError("a model has at least one input, got none")
        for side, specs in (("input", self.inputs), ("output", self.outputs)):
            names = [spec.name for spec in specs]
            if len(set(names)) != len(names):
                raise SignatureError(f"{side} names must differ, got {names}")

    def __iter__(self) -> Iterator[TensorSpec]:
        yield from self.inputs
        yield from self.outputs

    @property
    def batch_size(self) -> int | None:
        """How many samples one run takes, where all inputs say the same; None where it is free."""
        firsts = {spec.shape[0] if spec.shape else None for spec in self.inputs}
        first = firsts.pop() if len(firsts) == 1 else None
        return first if isinstance(first, int) and first > 0 else None

    def with_free_batch(self) -> Signature:
        """The same with ``batch`` as the first axis of every tensor."""

        def freed(spec: TensorSpec) -> TensorSpec:
            return replace(spec, shape=("batch", *spec.sample_shape))

        return Signature(tuple(map(freed, self.inputs)), tuple(map(freed, self.outputs)))

    def check_inputs(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Refuse tensors that are missing, surplus, or of another dtype or shape.

        Raises:
            SignatureError: Names the tensor, what was expected and what was given.
        """
        expected = [spec.name for spec in self.inputs]
        given = cast("object", tensors)  # an app may not use a type checker
        if not isinstance(given, Mapping):
            raise SignatureError(
                f"expected a mapping of the input tensors {expected}, "
                f"got {type(given).__name__}; name them as in {{'{expected[0]}': array}}"
            )
        if set(tensors) != set(expected):
            raise SignatureError(
                f"expected the input tensors {expected}, got {sorted(tensors, key=str)}; "
                "model.prepare(raw) makes them from a raw input"
            )
        shapes: dict[str, tuple[int, ...]] = {}
        for spec in self.inputs:
            array = as_array(spec, tensors[spec.name])
            spec.check(array)
            shapes[spec.name] = array.shape
        self._check_named_axes(shapes)

    def _check_named_axes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        lengths: dict[str, tuple[str, int]] = {}
        for spec in self.inputs:
            for axis, length in zip(spec.shape, shapes[spec.name], strict=True):
                if isinstance(axis, str):
                    first, expected = lengths.setdefault(axis, (spec.name, length))
                    if length != expected:
                        raise SignatureError(
                            f"tensor '{spec.name}': expected {expected} on the axis '{axis}' as "
                            f"in '{first}', got {length}"
                        )


def as_array(spec: TensorSpec, given: object) -> NDArray[Any]:
    """What an app gives for a tensor, as an array of whatever dtype and shape.

    Raises:
        SignatureError: numpy makes none of it, or it is a masked one.
    """
    # numpy.ma takes 20 ms to import: not for the plain array that nearly every caller has.
    if type(given) is np.ndarray:
        return given
    if isinstance(given, np.ma.MaskedArray):
        raise SignatureError(
            f"tensor '{spec.name}': expected a plain array, got a masked one, whose mask "
            "an engine does not see; fill it with .filled(value)"
        )
    try:
        return np.asarray(given)
    except Exception as error:  # a tensor of a framework raises what it likes
        raise SignatureError(
            f"tensor '{spec.name}': expected an array of {spec.dtype}, got "
            f"{type(given).__name__}, of which numpy makes none: {error}"
        ) from error
