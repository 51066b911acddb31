"""Golden samples: a few raw inputs with the tensors and outputs that they must give."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from edgesmith_runtime.archive import archive_bytes, read_archive
from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.fields import Fields, shown, strict_json
from edgesmith_runtime.npy import array_from_npy, npy_from_array

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle

__all__ = [
    "GoldenSamples",
    "Media",
    "RawSample",
    "Scalar",
    "Tolerance",
    "golden_files",
    "has_golden",
    "read_golden",
]

_SAMPLES = "golden/samples.json"
_TENSORS = "golden/tensors.npz"
_MAX_SAMPLES_BYTES = 16 << 20

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class Media:
    """An image or sound file as it is; ``suffix`` with its dot, e.g. ``.jpg``."""

    content: bytes = field(repr=False)
    suffix: str

    def __post_init__(self) -> None:
        if not _SUFFIX.fullmatch(self.suffix):
            raise BundleError(
                f"golden sample: expected a file suffix such as '.jpg', got {self.suffix!r}"
            )


Scalar: TypeAlias = str | int | float | bool | None
RawSample: TypeAlias = "Media | NDArray[Any] | str | tuple[str, ...] | Mapping[str, Scalar]"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a tensor may be off: ``abs(got - expected) <= atol + rtol * abs(expected)``."""

    atol: float
    rtol: float

    def __post_init__(self) -> None:
        for name, bound in (("atol", self.atol), ("rtol", self.rtol)):
            if not (math.isfinite(bound) and bound >= 0):
                raise BundleError(
                    f"golden sample: {name}: expected a number from 0, got {bound}"
                )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoldenSamples:
    """What ``selftest`` replays: raw sample -> tensors -> outputs.

    Args:
        raw: By sample, then by raw input: a media file, an array of numbers, a text, several
            texts, or a table row (column to cell; None is a missing cell).
        tensors: By model input tensor, ``(sample, ...)``; also by value that a fused artifact
            takes.
        outputs: By artifact file, then by output, ``(sample, ...)``.
        tensor_tolerances: By model input tensor.
        output_tolerances: By artifact file, then by output.

    Raises:
        BundleError: No sample, samples with different raw inputs, an array with another number
            of samples, or an array without its tolerance.
    """

    raw: tuple[Mapping[str, RawSample], ...]
    tensors: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, Mapping[str, NDArray[Any]]]
    tensor_tolerances: Mapping[str, Tolerance]
    output_tolerances: Mapping[str, Mapping[str, Tolerance]]

    def __post_init__(self) -> None:
        if not self.raw:
            raise BundleError("golden samples: expected at least one sample")
        for index, sample in enumerate(self.raw):
            if set(sample) != set(self.raw[0]):
                raise BundleError(
                    f"golden sample {index}: expected the raw inputs {sorted(self.raw[0])}, "
                    f"got {sorted(sample)}"
                )
        self._check("tensors", self.tensors, self.tensor_tolerances)
        if set(self.outputs) != set(self.output_tolerances):
            raise BundleError(
                "golden samples: outputs and their tolerances name other artifacts"
            )
        for file, arrays in self.outputs.items():
            self._check(file, arrays, self.output_tolerances[file])

    def of(self, names: Iterable[str]) -> GoldenSamples:
        """The same with the tensors of these names alone, such as those that one artifact takes."""
        kept = [name for name in names if name in self.tensors]
        return replace(
            self,
            tensors={name: self.tensors[name] for name in kept},
            tensor_tolerances={name: self.tensor_tolerances[name] for name in kept},
        )

    def _check(
        self,
        where: str,
        arrays: Mapping[str, NDArray[Any]],
        tolerances: Mapping[str, Tolerance],
    ) -> None:
        if set(arrays) != set(tolerances):
            raise BundleError(
                f"golden samples: {where}: expected tolerances for {sorted(arrays)}, "
                f"got {sorted(tolerances)}"
            )
        for name, array in arrays.items():
            if array.shape[:1] != (len(self.raw),):
                raise BundleError(
                    f"golden samples: {where}: '{name}': expected {len(self.raw)} samples on the "
                    f"first axis, got shape {array.shape}"
                )


def golden_files(golden: GoldenSamples) -> dict[str, bytes]:
    """The files under ``golden/``: samples.json, tensors.npz, and each media file as it is.

    The same samples give the same bytes.

    Raises:
        BundleError: An array that is not of numbers, or a cell that JSON cannot hold.
    """
    writer = _Writer()
    members = {
        "samples": [
            {name: writer.raw(value) for name, value in sample.items()} for sample in golden.raw
        ],
        "tensors": writer.arrays(golden.tensors, golden.tensor_tolerances),
        "outputs": {
            file: writer.arrays(arrays, golden.output_tolerances[file])
            for file, arrays in golden.outputs.items()
        },
    }
    try:
        text = json.dumps(
            members, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False
        )
        writer.files[_SAMPLES] = (text + "\n").encode()
    except (TypeError, ValueError) as error:
        raise BundleError(f"{_SAMPLES}: a value that JSON cannot hold: {error}") from error
    if len(writer.files[_SAMPLES]) > _MAX_SAMPLES_BYTES:
        raise BundleError(f"{_SAMPLES}: above {_MAX_SAMPLES_BYTES} bytes; keep fewer samples")
    writer.files[_TENSORS] = b"".join(archive_bytes(writer.npy))
    return writer.files


class _Writer:
    """Collects the files and arrays of golden samples, and numbers them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.npy: dict[str, bytes] = {}

    def raw(self, value: RawSample) -> dict[str, object]:
        """A raw sample as samples.json holds it: one key that says what it is."""
        if isinstance(value, Media):
            file = f"golden/{len(self.files)}{value.suffix}"
            self.files[file] = bytes(value.content)
            return {"file": file}
        if isinstance(value, str):
            return {"text": value}
        if isinstance(value, tuple):
            return {"texts": list(value)}
        if isinstance(value, Mapping):
            return {"row": {column: _cell(cell) for column, cell in value.items()}}
        return {"array": self._array(value)}

    def arrays(
        self, arrays: Mapping[str, NDArray[Any]], tolerances: Mapping[str, Tolerance]
    ) -> dict[str, object]:
        """Arrays by name as samples.json holds them: where they are, and their tolerance."""
        return {
            name: {
                "array": self._array(array),
                "atol": tolerances[name].atol,
                "rtol": tolerances[name].rtol,
            }
            for name, array in arrays.items()
        }

    def _array(self, array: NDArray[Any]) -> str:
        """Keep an array under a number: a tensor may be called what no file can be."""
        key = f"array_{len(self.npy)}"
        self.npy[f"{key}.npy"] = npy_from_array(array, _TENSORS)
        return key


def _cell(cell: object) -> object:
    """A cell as JSON has it: numpy's numbers as Python's, a missing number as null."""
    plain = cast("object", cell.item()) if isinstance(cell, np.generic) else cell
    return None if isinstance(plain, float) and math.isnan(plain) else plain


def has_golden(bundle: Bundle) -> bool:
    """Whether a bundle has files of golden samples, be they whole or not."""
    return any(name.startswith("golden/") for name in bundle.files)


def read_golden(bundle: Bundle) -> GoldenSamples:
    """The golden samples of a bundle.

    Raises:
        BundleError: There are none, or they do not hold together; the message gives the path of
            the fault.
    """
    if _SAMPLES not in bundle.files or _TENSORS not in bundle.files:
        raise BundleError(f"the bundle has no golden samples ({_SAMPLES} and {_TENSORS})")
    reader = _Reader(bundle)
    content = strict_json(bundle.files[_SAMPLES], _SAMPLES, max_bytes=_MAX_SAMPLES_BYTES)
    fields = Fields(content, f"{_SAMPLES}:")
    raw = fields.children("samples", lambda sample: sample.each(reader.raw))
    tensors = fields.child("tensors", lambda group: group.each(reader.expected))
    outputs = fields.child(
        "outputs", lambda files: files.each(lambda group: group.each(reader.expected))
    )
    fields.finish()
    reader.finish()
    _check_against_manifest(raw, outputs, bundle)
    try:
        return GoldenSamples(
            raw=raw,
            tensors=_first(tensors),
            outputs={file: _first(group) for file, group in outputs.items()},
            tensor_tolerances=_second(tensors),
            output_tolerances={file: _second(group) for file, group in outputs.items()},
        )
    except BundleError as error:
        raise BundleError(f"{_SAMPLES}: {error}") from error


_Expected: TypeAlias = "tuple[NDArray[Any], Tolerance]"


def _first(group: Mapping[str, _Expected]) -> dict[str, NDArray[Any]]:
    return {name: array for name, (array, _) in group.items()}


def _second(group: Mapping[str, _Expected]) -> dict[str, Tolerance]:
    return {name: tolerance for name, (_, tolerance) in group.items()}


class _Reader:
    """Looks up files and arrays that samples.json names, and knows what was never named."""

    def __init__(self, bundle: Bundle) -> None:
        self._files = {
            name: content
            for name, content in bundle.files.items()
            if name.startswith("golden/") and name not in (_SAMPLES, _TENSORS)
        }
        members = read_archive(bundle.files[_TENSORS], _TENSORS)
        self._npy = {name.removesuffix(".npy"): npy for name, npy in members.items()}
        self._unused = {*self._files, *self._npy}

    def raw(self, fields: Fields) -> RawSample:
        """One raw sample, from the one key that says what it is."""
        file, text = fields.maybe("file", str), fields.maybe("text", str)
        row = cast("dict[str, object] | None", fields.maybe("row", dict))
        array, texts = fields.maybe("array", str), fields.maybe_strings("texts")
        given = [value for value in (file, text, texts, row, array) if value is not None]
        if len(given) != 1:
            raise BundleError(f"{fields.where}: expected one of file, text, row, array, texts")
        if file is not None:
            return self._media(fields.path("file"), file)
        if row is not None:
            return _row(fields.path("row"), row)
        if array is not None:
            return self._array(fields.path("array"), array)
        return cast("str", text) if texts is None else texts

    def expected(self, fields: Fields) -> _Expected:
        """One array that must come out, with its tolerance."""
        array = self._array(fields.path("array"), fields.take("array", str))
        try:
            return array, Tolerance(fields.take("atol", float), fields.take("rtol", float))
        except BundleError as error:
            raise BundleError(f"{fields.where}: {error}") from error

    def finish(self) -> None:
        """Refuse what samples.json does not name."""
        if self._unused:
            raise BundleError(f"{_SAMPLES}: does not name {min(self._unused)}")

    def _media(self, where: str, file: str) -> Media:
        if file not in self._files:
            raise BundleError(f"{where}: the bundle has no file '{file}'")
        self._unused.discard(file)
        name, dot, suffix = file.rpartition(".")
        return Media(bytes(self._files[file]), f".{suffix}" if dot else name)

    def _array(self, where: str, key: str) -> NDArray[Any]:
        if key not in self._npy:
            raise BundleError(f"{where}: {_TENSORS} has no array '{key}'")
        self._unused.discard(key)
        return array_from_npy(self._npy[key], f"{_TENSORS}: {key}")


def _row(where: str, row: dict[str, object]) -> dict[str, Scalar]:
    for column, cell in row.items():
        if not isinstance(cell, str | int | float | bool | None):
            raise BundleError(f"{where}.{column}: expected one value, got {shown(cell)}")
    return cast("dict[str, Scalar]", row)


def _check_against_manifest(
    raw: tuple[Mapping[str, RawSample], ...],
    outputs: Mapping[str, Mapping[str, _Expected]],
    bundle: Bundle,
) -> None:
    names = {raw_input.name for raw_input in bundle.manifest.raw_inputs}
    for index, sample in enumerate(raw):
        if set(sample) != names:
            raise BundleError(
                f"{_SAMPLES}: samples[{index}]: expected the raw inputs {sorted(names)}, "
                f"got {sorted(sample)}"
            )
    for file, group in outputs.items():
        entry = bundle.manifest.artifact(file)
        known = {spec.name for spec in entry.signature.outputs}
        if set(group) != known:
            raise BundleError(
                f"{_SAMPLES}: outputs.{file}: expected {sorted(known)}, got {sorted(group)}"
            )
