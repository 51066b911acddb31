"""The forms in which an app hands in raw inputs, brought into the one that a transform takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.manifest import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import RawInput
    from edgesmith_runtime.spec import TensorSpec
    from edgesmith_runtime.transforms import Batch

__all__ = ["as_batch", "split_inputs", "stacked", "with_dtype"]


def split_inputs(raw_inputs: Sequence[RawInput], raws: object) -> dict[str, Batch]:
    """What ``predict_batch`` takes, taken apart by raw input.

    Args:
        raw_inputs: Of the manifest.
        raws: Where there is one, a batch of it. Where there are several, a list of mappings by
            name, one a sample, or a mapping of name to a batch of it.

    Raises:
        InputError: A raw input is absent or unknown.
    """
    names = [raw.name for raw in raw_inputs]
    if len(names) == 1:
        return {names[0]: raws}
    if isinstance(raws, Mapping):
        batches = cast("Mapping[str, Batch]", raws)
        _expect_names(names, batches, "")
        return {name: batches[name] for name in names}
    samples = _list(raws, f"one mapping of {names} a sample")
    for index, sample in enumerate(samples):
        _expect_names(names, sample, f"sample {index}: ")
    by_name = cast("list[Mapping[str, object]]", samples)
    return {name: [sample[name] for sample in by_name] for name in names}


def _expect_names(names: list[str], given: object, where: str) -> None:
    if not isinstance(given, Mapping):
        raise InputError(
            f"{where}expected a mapping of the raw inputs {names}, got {type(given).__name__}"
        )
    keys = sorted(str(key) for key in cast("Mapping[object, object]", given))
    if keys != sorted(names):
        raise InputError(f"{where}expected the raw inputs {names}, got {keys}")


def as_batch(raw: RawInput, raws: object) -> Batch:
    """Many of one raw input as a transform takes them.

    Args:
        raw: Of the manifest.
        raws: A list, one a sample; for a table also a mapping of column to cells; for what
            comes in arrays also one array, its first axis the batch.

    Returns:
        For a table a mapping of column to a list, else a list or an array.

    Raises:
        InputError: Not a batch, rows with different columns, or a masked array.
    """
    if raw.kind is Kind.TABLE:
        if not isinstance(raws, Mapping):
            return _columns(raw.name, raws)
        for column, cells in cast("Mapping[str, object]", raws).items():
            _plain(cells, f"'{raw.name}', column '{column}'")
        return cast("Batch", raws)
    if isinstance(raws, np.ndarray):
        array = _plain(cast("NDArray[Any]", raws), f"'{raw.name}'")
        if array.ndim == 0:
            raise InputError(
                f"'{raw.name}': expected an array with the batch as its first axis, got a single "
                "number; predict takes one, predict_batch a list"
            )
        return array
    # What is right already goes a quick way: a text for a message takes 0.5 us in every call.
    samples = (
        cast("list[object]", raws)
        if type(raws) is list
        else _list(raws, f"one {raw.kind} a sample ('{raw.name}': {raw.accepts})")
    )
    if raw.kind is Kind.TEXT:
        return list(samples)
    return [
        one if type(one) is np.ndarray else _plain_sample(one, f"'{raw.name}', sample {i}")
        for i, one in enumerate(samples)
    ]


def with_dtype(spec: TensorSpec, batch: Batch) -> Batch:
    """Plain numbers among raw tensors, which have no dtype of their own, in that of the model.

    Those of a quantized tensor are numbers, as for any other artifact of the bundle, not codes.

    Raises:
        InputError: They are no numbers of that dtype, or of another shape.
    """
    if isinstance(batch, np.ndarray):
        return cast("Batch", batch)
    if all(isinstance(sample, np.ndarray) for sample in batch):
        return batch
    from edgesmith_runtime.transforms.numeric import Tensor

    shape = tuple(-1 if isinstance(axis, str) else axis for axis in spec.sample_shape)
    tensor = Tensor(spec.dtype if spec.scale is None else "float32", shape)
    try:
        return [
            sample if isinstance(sample, np.ndarray) else tensor([sample])[0]
            for sample in batch
        ]
    except InputError as error:
        raise InputError(f"input '{spec.name}': {error}") from error


def stacked(name: str, value: Batch) -> NDArray[Any]:
    """A value of the transform as one array, ``(batch, ...)``; of a list it is a copy.

    Raises:
        InputError: The samples differ in shape.
    """
    if isinstance(value, np.ndarray):
        return cast("NDArray[Any]", value)
    try:
        if len(value) == 1:  # a quick way: np.stack takes 2 us
            array = np.array(value[0])
            if array.dtype.isnative:
                return array[np.newaxis]
        return np.stack([np.asarray(sample) for sample in value])
    except ValueError as error:
        raise InputError(
            f"tensor '{name}': the samples do not stack, give them one by one: {error}"
        ) from error


def _plain_sample(sample: object, where: str) -> object:
    """The same, its array a plain one: it may be one of a pair, as sound is with its rate."""
    if isinstance(sample, tuple):
        return tuple(_plain(part, where) for part in cast("tuple[object, ...]", sample))
    return _plain(sample, where)


def _plain(given: Any, where: str) -> Any:
    """The same, an array without what its subclass makes of it.

    Raises:
        InputError: It is masked: nothing after this looks at the mask.
    """
    # numpy.ma takes 20 ms to import: not for the plain array that nearly every caller has.
    if type(given) is np.ndarray or not isinstance(given, np.ndarray):
        return given
    if isinstance(given, np.ma.MaskedArray):
        raise InputError(
            f"{where}: expected a plain array, got a masked one, whose mask a model does not see; "
            "fill it with .filled(value)"
        )
    return np.asarray(cast("NDArray[Any]", given))


def _list(raws: object, expected: str) -> list[object]:
    if not isinstance(raws, list | tuple):
        raise InputError(
            f"expected a list with {expected}, got {type(raws).__name__}; "
            "predict takes one, predict_batch a list"
        )
    return list(cast("Sequence[object]", raws))


def _columns(name: str, raws: object) -> dict[str, list[object]]:
    """Rows of one table as columns."""
    rows = _list(raws, f"one row of '{name}' a sample")
    columns: dict[str, list[object]] | None = None
    for index, given in enumerate(rows):
        if not isinstance(given, Mapping):
            raise InputError(
                f"'{name}', row {index}: expected a mapping of column to cell, "
                f"got {type(given).__name__}"
            )
        row = cast("Mapping[str, object]", given)
        if columns is None:
            columns = {column: [] for column in row}
        if row.keys() != columns.keys():
            differing = sorted(str(column) for column in row.keys() ^ columns.keys())
            raise InputError(
                f"'{name}', row {index}: expected the columns of row 0, differs in {differing}; "
                "give None where a cell is missing"
            )
        for column, cell in row.items():
            columns[column].append(cell)
    return columns or {}
