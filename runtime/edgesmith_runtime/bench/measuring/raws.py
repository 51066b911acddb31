"""The raw inputs of a comparison, as files that the processes of its subjects read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.golden import Media, read_golden

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle

__all__ = ["golden_raws", "read_raws", "write_raws"]

_INDEX = "raws.json"
_ARRAYS = "raws.npz"


def golden_raws(bundle: Bundle, folder: Path) -> list[object]:
    """The golden raw samples of a bundle as an app has them: media by path, others as they are.

    Args:
        bundle: It has golden samples.
        folder: Where the media files are put.
    """
    raws: list[object] = []
    for index, sample in enumerate(read_golden(bundle).raw):
        by_name: dict[str, object] = {}
        for place, (name, value) in enumerate(sample.items()):
            if isinstance(value, Media):
                path = folder / f"golden_{index}_{place}{value.suffix}"
                path.write_bytes(value.content)
                by_name[name] = path
            else:
                by_name[name] = value
        several = len(bundle.manifest.raw_inputs) > 1
        raws.append(by_name if several else next(iter(by_name.values())))
    return raws


def write_raws(folder: Path, raws: Sequence[object]) -> None:
    """Write raw inputs where ``read_raws`` finds them.

    Args:
        folder: For these files alone.
        raws: Paths, bytes, arrays, texts, numbers, and lists, tuples and mappings of these. A
            path stays one: its file is read by each subject.

    Raises:
        InputError: None, or one of another kind.
    """
    if not raws:
        raise InputError("raws: expected at least one raw input, got none")
    writer = _Writer(folder)
    index = [writer.plain(raw, f"raws[{place}]") for place, raw in enumerate(raws)]
    (folder / _INDEX).write_text(json.dumps(index), encoding="utf-8")
    np.savez(folder / _ARRAYS, **cast("dict[str, Any]", writer.arrays))


def read_raws(folder: Path) -> list[object]:
    """Read what ``write_raws`` wrote."""
    index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    with np.load(folder / _ARRAYS, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return [_read(one, folder, arrays) for one in index]


@dataclass(slots=True)
class _Writer:
    """Collects the arrays, and numbers the files of bytes."""

    folder: Path
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict[str, "NDArray[Any]"])
    n_files: int = 0

    def plain(self, value: object, where: str) -> object:
        """A value as JSON: what is no number, truth or None has its kind before it."""
        if isinstance(value, np.generic):
            value = cast("object", value.item())
        match value:
            case None | bool() | int() | float():
                return value
            case str():
                return ["text", value]
            case Path():
                return ["path", str(value)]
            case bytes() | bytearray():
                return ["bytes", self._file(bytes(value))]
            case np.ndarray():
                return ["array", self._array(cast("NDArray[Any]", value), where)]
            case _:
                return self._of_several(value, where)

    def _of_several(self, value: object, where: str) -> object:
        if isinstance(value, list | tuple):
            kind = "list" if isinstance(value, list) else "tuple"
            items = cast("Sequence[object]", value)
            return [kind, [self.plain(item, where) for item in items]]
        if isinstance(value, Mapping):
            pairs = cast("Mapping[object, object]", value).items()
            return ["mapping", [[str(key), self.plain(one, where)] for key, one in pairs]]
        raise InputError(
            f"{where}: expected a path, bytes, an array, text, numbers, or lists and mappings of "
            f"these, got {type(value).__name__}; each subject reads it in a process of its own"
        )

    def _file(self, content: bytes) -> str:
        name = f"raw_{self.n_files}.bin"
        self.n_files += 1
        (self.folder / name).write_bytes(content)
        return name

    def _array(self, array: NDArray[Any], where: str) -> str:
        if array.dtype.hasobject:
            raise InputError(f"{where}: expected an array of numbers or text, got objects")
        name = f"array_{len(self.arrays)}"
        self.arrays[name] = array
        return name


def _read(value: Any, folder: Path, arrays: Mapping[str, NDArray[Any]]) -> object:
    if not isinstance(value, list):
        return value
    kind, content = cast("tuple[str, Any]", value)
    match kind:
        case "path":
            found: object = Path(content)
        case "bytes":
            found = (folder / content).read_bytes()
        case "array":
            found = arrays[content]
        case "list":
            found = [_read(item, folder, arrays) for item in content]
        case "tuple":
            found = tuple(_read(item, folder, arrays) for item in content)
        case "mapping":
            found = {key: _read(one, folder, arrays) for key, one in content}
        case _:
            found = content
    return found
