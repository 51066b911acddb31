"""Raw inputs from the words of a command line: files, folders, rows of a table, lines of text."""

from __future__ import annotations

import csv
import io
import json
import sys
import tokenize
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never, cast

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.manifest import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import RawInput

__all__ = ["Given", "delimited_rows", "read_arrays", "read_raw_inputs"]

_SUFFIXES = {  # of the files that count in a folder; of other kinds all do
    Kind.IMAGE: frozenset(
        [".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"]
    ),
    Kind.AUDIO: frozenset([".flac", ".oga", ".ogg", ".wav", ".wave"]),
}
_JSON_LINES = frozenset([".jsonl", ".ndjson", ".json"])

# What numpy's and zipfile's readers raise on damage, met by flipping bits of arrays.
_DAMAGE = (
    ValueError,
    EOFError,
    RuntimeError,
    SyntaxError,
    LookupError,
    MemoryError,
    OverflowError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Given:
    """One raw input, and what to call it in an answer: its file, and its row where it has one.

    ``raw`` is an InputError where this one cannot be read.
    """

    name: str
    raw: object


def read_raw_inputs(raw_inputs: Sequence[RawInput], words: Iterable[str]) -> Iterator[Given]:
    """The raw inputs that words stand for, in order; one that cannot be read is in its place.

    An image, audio or series is a file or a folder of files. A table is a CSV, TSV or JSON-lines
    file, a row a raw input; a tensor is a ``.npy`` or ``.npz``, a row a raw input. A text is the
    word itself, ``@FILE`` or ``-``, a line a raw input. A bundle with several raw inputs takes
    JSON lines ``{name: raw input}``, or where all are tensors a ``.npz`` by their names.

    Args:
        raw_inputs: Of the manifest.
        words: Of the command line.
    """
    for word in words:
        try:
            yield from _of_word(raw_inputs, word)
        except InputError as error:
            yield Given(word, error)
        except OSError as error:
            yield Given(word, InputError(f"{word}: cannot be read: {error.strerror or error}"))


def _of_word(raw_inputs: Sequence[RawInput], word: str) -> Iterator[Given]:
    if len(raw_inputs) > 1:
        return _several(raw_inputs, Path(word))
    kind = raw_inputs[0].kind
    match kind:
        case Kind.IMAGE | Kind.AUDIO | Kind.SERIES:
            return _files(Path(word), _SUFFIXES.get(kind))
        case Kind.TABLE:
            return _table(Path(word))
        case Kind.TENSOR:
            return _tensors(Path(word), [raw_inputs[0].name])
        case Kind.TEXT:
            return _texts(word)
        case _:
            assert_never(kind)


def _several(raw_inputs: Sequence[RawInput], path: Path) -> Iterator[Given]:
    names = [raw.name for raw in raw_inputs]
    if path.suffix.lower() == ".npz" and all(raw.kind is Kind.TENSOR for raw in raw_inputs):
        return _tensors(path, names)
    if path.suffix.lower() in _JSON_LINES:
        return _json_lines(path)
    raise InputError(
        f"{path}: the bundle takes the raw inputs {names} at once; expected a .jsonl file with "
        "one object of them a line"
    )


def _files(path: Path, suffixes: frozenset[str] | None) -> Iterator[Given]:
    if not path.is_dir():
        yield Given(str(path), path)
        return
    found = sorted(
        file
        for file in path.rglob("*")
        if file.is_file()
        and not file.name.startswith(".")
        and (suffixes is None or file.suffix.lower() in suffixes)
    )
    if not found:
        wanted = "files" if suffixes is None else f"files of {', '.join(sorted(suffixes))}"
        raise InputError(f"{path}: expected {wanted} in this folder, found none")
    yield from (Given(str(file), file) for file in found)


def _table(path: Path) -> Iterator[Given]:
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return _delimited(path, "," if suffix == ".csv" else "\t")
    if suffix in _JSON_LINES:
        return _json_lines(path)
    raise InputError(f"{path}: expected a table as .csv, .tsv or .jsonl, got '{suffix}'")


def _delimited(path: Path, delimiter: str) -> Iterator[Given]:
    return delimited_rows(_text(path), str(path), delimiter)


def delimited_rows(text: str, where: str, delimiter: str = ",") -> Iterator[Given]:
    """The rows of a table as text, each ``{column: cell}``; one that is none is in its place.

    Args:
        text: A header, then rows.
        where: Of what it is the text, for the names of the rows.
        delimiter: Between cells.

    Raises:
        InputError: There is no header, or one with a name twice.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = _rows(reader)
    header = _header(where, next(rows, None))
    for cells in rows:
        name = f"{where}:{reader.line_num}"
        if isinstance(cells, InputError):
            yield Given(name, cells)
        elif len(cells) == len(header):
            yield Given(name, dict(zip(header, cells, strict=True)))
        else:
            yield Given(
                name,
                InputError(f"expected {len(header)} cells as in the header, got {len(cells)}"),
            )


def _header(where: str, cells: list[str] | InputError | None) -> list[str]:
    """The names of the columns without outer blanks, as the build reads them."""
    if cells is None:
        raise InputError(f"{where}: expected a header and rows, the file is empty")
    if isinstance(cells, InputError):
        raise InputError(f"{where}: {cells}")
    header = [name.strip() for name in cells]
    name, n_times = Counter(header).most_common(1)[0]
    if n_times > 1:
        raise InputError(f"{where}: the header has '{name}' twice; rename one")
    return header


def _rows(reader: Any) -> Iterator[list[str] | InputError]:
    """Rows without the blank ones; one that is none is an error in its place."""
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield InputError(f"not a row of a table: {error}")
        else:
            if cells:
                yield cells


def _json_lines(path: Path) -> Iterator[Given]:
    for number, line in enumerate(_lines(_text(path)), start=1):
        if line.strip():
            yield Given(f"{path}:{number}", _json_object(line))


def _json_object(line: str) -> object:
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        return InputError(f"expected one JSON object a line: {error}")
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    return InputError(f"expected one JSON object a line, got {type(value).__name__}")


def _tensors(path: Path, names: list[str]) -> Iterator[Given]:
    arrays = read_arrays(path, names)
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"{path}: expected as many rows in each array, got {lengths}")
    for row in range(lengths[names[0]]):
        by_name = {name: array[row] for name, array in arrays.items()}
        yield Given(f"{path}[{row}]", by_name if len(names) > 1 else by_name[names[0]])


def read_arrays(path: Path, names: list[str]) -> dict[str, NDArray[Any]]:
    """The arrays of a .npy or .npz by name; each has a first axis.

    Raises:
        InputError: Not such a file, damaged, or without one of the names.
        OSError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            arrays = (
                {names[0]: cast("NDArray[Any]", loaded)}
                if isinstance(loaded, np.ndarray)
                else {str(name): cast("NDArray[Any]", loaded[name]) for name in loaded.files}
            )
    except _DAMAGE as error:
        raise InputError(f"{path}: expected a .npy or .npz of numbers: {error}") from error
    if len(names) == 1 and len(arrays) == 1:
        arrays = {names[0]: next(iter(arrays.values()))}
    if set(arrays) != set(names):
        raise InputError(f"{path}: expected the arrays {names}, got {sorted(arrays)}")
    for name, array in arrays.items():
        if array.ndim == 0:
            raise InputError(f"{path}: '{name}': expected one row a sample, got one number")
    return arrays


def _texts(word: str) -> Iterator[Given]:
    if word == "-":
        if sys.stdin is None:  # closed
            raise InputError("standard input: expected a text a line, it is closed; use @FILE")
        text = _decoded(sys.stdin.buffer.read(), "standard input")
    elif word.startswith("@"):
        text = _text(Path(word[1:]))
    else:
        yield Given(word, word)
        return
    yield from (Given(line, line) for line in _lines(text))


def _text(path: Path) -> str:
    return _decoded(path.read_bytes(), str(path))


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: expected text in UTF-8: {error}") from error


def _lines(text: str) -> list[str]:
    # str.splitlines cuts at form feeds and at U+0085 and U+2028, which JSON has within strings.
    return [line.removesuffix("\n") for line in io.StringIO(text, newline=None)]
