"""A handful of raw samples with what they must give, answered by the original."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import DataError
from edgesmith_runtime.golden import GoldenSamples, Media, RawSample, Scalar, Tolerance
from edgesmith_runtime.manifest import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import RawInput
    from edgesmith_runtime.transforms import Batch, Transform

__all__ = ["golden_rows", "golden_samples"]

MAX_RAW_BYTES = 1 << 20  # of all raw samples together, so that a bundle stays small

# Another numpy may round the last bits of a transform otherwise; a wrong step is far above it.
_TENSOR_SHARE = 1e-6

_SUFFIXES = {  # by the first bytes of a file
    b"\x89PNG": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"GIF8": ".gif",
    b"BM": ".bmp",
    b"II*\x00": ".tif",
    b"MM\x00*": ".tif",
    b"P4": ".pbm",
    b"P5": ".pgm",
    b"P6": ".ppm",
    b"fLaC": ".flac",
    b"OggS": ".ogg",
}


def golden_rows(targets: NDArray[Any] | None, n_samples: int, *, n_rows: int = 8) -> list[int]:
    """Which samples to keep: spread over the classes, or over the range of the values.

    Args:
        targets: ``(n_samples,)`` class indices (integers) or values (floats), ``(n_samples, 1)``
            likewise; None where they are not known.
        n_samples: How many there are to choose from.
        n_rows: How many to choose.

    Returns:
        At most ``n_rows`` different rows, in ascending order.
    """
    if n_samples <= n_rows:
        return list(range(n_samples))
    if targets is None:
        return _spread(range(n_samples), n_rows)
    numbers = np.asarray(targets).reshape(n_samples, -1)[:, 0]
    if numbers.dtype.kind not in "iu":
        order: list[int] = np.argsort(numbers, kind="stable").tolist()
        return sorted(_spread(order, n_rows))
    classes: list[int] = np.unique(numbers).tolist()
    queues: list[list[int]] = [
        np.flatnonzero(numbers == one).tolist() for one in _spread(classes, n_rows)
    ]
    turns = [queue[turn] for turn in range(n_rows) for queue in queues if turn < len(queue)]
    return sorted(turns[:n_rows])


def _spread(items: Sequence[int], n_items: int) -> list[int]:
    """Evenly spaced items, the first and the last among them."""
    places = np.linspace(0, len(items) - 1, min(n_items, len(items)))
    return [items[round(place)] for place in places]


def golden_samples(  # noqa: PLR0913 - two sides, each with its names
    raw_inputs: tuple[RawInput, ...],
    raw: Mapping[str, Batch],
    transform: Transform,
    *,
    original: Callable[[Mapping[str, NDArray[Any]]], Mapping[str, NDArray[Any]]],
    inputs: Sequence[str],
    artifacts: Mapping[str, Mapping[str, Tolerance]],
    earlier: Sequence[str] = (),
) -> GoldenSamples:
    """Golden samples whose outputs are the original's: that is what a self-test proves.

    Samples at the end are left out while all raw samples together are above 1 MiB; one stays.
    Those whose tensors have another shape than most are left out too: a text alone is not padded
    to the longest of a batch, and the samples are replayed alone.

    Args:
        raw_inputs: Of the bundle.
        raw: A batch of each, as a transform takes it.
        transform: From there to the model's tensors.
        original: The model's outputs from its tensors.
        inputs: Names of the model's tensors.
        artifacts: By artifact file, the tolerance of each output.
        earlier: Names of values that fused artifacts take. They are kept too, so that a
            self-test can start from them, where all have one shape and none takes above 1 MiB.

    Raises:
        DataError: There are no samples.
    """
    samples = _affordable(_raw_samples(raw_inputs, raw))
    names = dict.fromkeys((*inputs, *earlier))
    alone = [_tensors(transform, _one(raw, index), names) for index in range(len(samples))]
    shapes = [tuple(tensors[name].shape for name in inputs) for tensors in alone]
    usual = max(shapes, key=shapes.count)
    rows = [index for index, shape in enumerate(shapes) if shape == usual]
    samples = tuple(samples[index] for index in rows)
    tensors = {name: np.concatenate([alone[index][name] for index in rows]) for name in inputs}
    outputs = original(tensors)
    for name in names:
        values = [alone[index][name] for index in rows]
        is_small = sum(one.nbytes for one in values) <= MAX_RAW_BYTES
        if name not in inputs and is_small and len({one.shape for one in values}) == 1:
            tensors[name] = np.concatenate(values)
    return GoldenSamples(
        raw=samples,
        tensors=tensors,
        outputs={file: dict(outputs) for file in artifacts},
        tensor_tolerances={name: _tensor_tolerance(array) for name, array in tensors.items()},
        output_tolerances=artifacts,
    )


def _tensor_tolerance(tensor: NDArray[Any]) -> Tolerance:
    if tensor.dtype.kind in "biu":
        return Tolerance(0.0, 0.0)
    magnitude = float(np.max(np.abs(tensor), initial=0.0))
    return Tolerance(_TENSOR_SHARE * magnitude, _TENSOR_SHARE)


def _tensors(
    transform: Transform, raw: Mapping[str, Batch], names: Iterable[str]
) -> dict[str, NDArray[Any]]:
    values = transform(raw)
    return {name: np.asarray(values[name]) for name in names}


def _one(raw: Mapping[str, Batch], index: int) -> dict[str, Batch]:
    """One sample of each raw input, as a batch."""
    return {name: _cut(batch, index) for name, batch in raw.items()}


def _cut(batch: Batch, index: int) -> Batch:
    if isinstance(batch, Mapping):
        columns = cast("Mapping[str, Batch]", batch)
        return {column: cells[index : index + 1] for column, cells in columns.items()}
    return batch[index : index + 1]


def _raw_samples(
    raw_inputs: tuple[RawInput, ...], raw: Mapping[str, Batch]
) -> tuple[Mapping[str, RawSample], ...]:
    by_input = {one.name: _separate(one.kind, raw[one.name]) for one in raw_inputs}
    lengths = {len(samples) for samples in by_input.values()}
    if lengths == {0} or len(lengths) != 1:
        raise DataError(
            f"golden samples: expected as many samples of each raw input, at least one, got "
            f"{ {name: len(samples) for name, samples in by_input.items()} }"
        )
    return tuple(
        {name: samples[index] for name, samples in by_input.items()}
        for index in range(lengths.pop())
    )


def _separate(kind: Kind, batch: Batch) -> list[RawSample]:
    """One raw sample after the other, each in the form that a bundle keeps."""
    if kind is Kind.TABLE:
        columns = cast("Mapping[str, Sequence[object]]", batch)
        n_rows = len(next(iter(columns.values()), ()))
        return [
            {column: _cell(cells[row]) for column, cells in columns.items()}
            for row in range(n_rows)
        ]
    return [_single(kind, sample) for sample in batch]


def _cell(value: object) -> Scalar:
    return cast("Scalar", value.item() if isinstance(value, np.generic) else value)


def _single(kind: Kind, sample: object) -> RawSample:
    if kind is Kind.TEXT:
        return _text(sample)
    if isinstance(sample, str):
        sample = Path(sample)  # as the transform reads it; the file has to be in the bundle
    if isinstance(sample, bytes | bytearray | memoryview):
        content = bytes(cast("bytes", sample))
        return Media(content, _suffix(content))
    if isinstance(sample, os.PathLike):
        path = Path(cast("os.PathLike[str]", sample))
        content = path.read_bytes()
        return Media(content, path.suffix.lower() or _suffix(content))
    return np.asarray(sample)


def _text(sample: object) -> RawSample:
    """A text, or several: in UTF-8, since a text that is not has no place in samples.json."""
    array = np.asarray(sample, object)
    items = cast("list[object]", array.ravel().tolist())
    try:
        texts = tuple(one.decode() if isinstance(one, bytes) else str(one) for one in items)
    except UnicodeDecodeError as error:
        raise DataError(
            f"golden samples: expected texts in UTF-8, got bytes that are not: {error}"
        ) from error
    if array.ndim > 1:
        raise DataError(
            f"golden samples: expected one row of texts a sample, got the shape {array.shape}"
        )
    return texts[0] if len(texts) == 1 else texts


def _suffix(content: bytes) -> str:
    if content[:4] == b"RIFF":
        return {b"WEBP": ".webp", b"WAVE": ".wav"}.get(content[8:12], ".bin")
    return next((s for start, s in _SUFFIXES.items() if content.startswith(start)), ".bin")


def _affordable(
    samples: tuple[Mapping[str, RawSample], ...],
) -> tuple[Mapping[str, RawSample], ...]:
    total = np.cumsum([sum(map(_size_bytes, sample.values())) for sample in samples])
    return samples[: max(1, int(np.sum(total <= MAX_RAW_BYTES)))]


def _size_bytes(value: RawSample) -> int:
    if isinstance(value, Media):
        return len(value.content)
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, tuple):
        return sum(len(text.encode()) for text in value)
    return sum(len(str(cell)) for cell in value.values())
