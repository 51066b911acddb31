"""Delimited text and Parquet files as one polars frame: text cells stay text, as the device gets them."""

from __future__ import annotations

import csv
from difflib import get_close_matches
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from edgesmith.sources.opening import check_file, opened, plain_suffix
from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

__all__ = ["is_missing", "read_frame", "require_column"]

SEPARATORS = {".csv": ",", ".tsv": "\t"}
PARQUET_MAGIC = b"PAR1"  # Apache Parquet format, "File format"


def read_frame(
    path: Path,
    *,
    separator: str | None = None,
    unused: Container[str] = (),
    quote: str | None = '"',
) -> pl.DataFrame:
    """All of a table, in the file's order.

    Args:
        path: A ``.csv``, ``.tsv`` or ``.parquet`` file; the first two also with ``.gz``.
        separator: Between the cells of a text table; by the suffix if None.
        unused: Columns that may hold what no sample can.
        quote: What holds the cells of a text table together; None where nothing does.

    Returns:
        Text columns of a CSV or TSV; of a Parquet file also numbers and booleans, with dates as
        text. A blank cell is null.

    Raises:
        DataError: Missing, empty, or not what its name says; the message names the file.
    """
    suffix = plain_suffix(path)
    if suffix == ".parquet":
        return _read_parquet(path, unused)
    if suffix in SEPARATORS:
        return _read_text(path, separator or SEPARATORS[suffix], quote)
    raise DataError(
        f"{path}: expected a table named .csv, .tsv or .parquet (the first two also .gz)"
    )


def _read_text(path: Path, separator: str, quote: str | None) -> pl.DataFrame:
    with opened(path) as stream:
        content = stream.read()
    if b"\0" in content:
        raise DataError(f"{path}: not a text table: it holds zero bytes")
    if not content.strip():
        raise DataError(f"{path}: nothing but blanks")
    try:
        frame = pl.read_csv(
            BytesIO(content),
            separator=separator,
            quote_char=quote,
            infer_schema=False,
            has_header=False,
        )
    except PolarsError as error:
        reason = _long_row(content, separator, quote) or str(error).split("\n")[0]
        raise DataError(f"{path}: not readable as a table of UTF-8 text: {reason}") from error
    names = [str(name or "").strip() for name in frame.row(0)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise DataError(f"{path}: the header has '{min(twice)}' twice; rename one")
    frame = frame.slice(1).rename(dict(zip(frame.columns, names, strict=True)))
    if frame.is_empty():
        raise DataError(f"{path}: a header and no rows")
    return frame


def _long_row(content: bytes, separator: str, quote: str | None) -> str:
    """Which row has more cells than the header; empty where none has or the text is no UTF-8."""
    try:
        lines = csv.reader(
            StringIO(content.decode("utf-8-sig"), newline=""),
            delimiter=separator,
            quotechar=quote,
            quoting=csv.QUOTE_NONE if quote is None else csv.QUOTE_MINIMAL,
        )
        n_columns = len(next(lines))
        for row, cells in enumerate(lines):
            if len(cells) > n_columns:
                return f"row {row} has {len(cells)} cells, the header has {n_columns}"
    except (UnicodeDecodeError, csv.Error):
        pass
    return ""


def _read_parquet(path: Path, unused: Container[str]) -> pl.DataFrame:
    check_file(path)
    with path.open("rb") as stream:
        if stream.read(len(PARQUET_MAGIC)) != PARQUET_MAGIC:
            raise DataError(f"{path}: named .parquet, but its content is not Parquet")
    try:
        frame = pl.read_parquet(path)
    except PolarsError as error:
        reason = str(error).split("\n")[0]
        raise DataError(f"{path}: not readable as Parquet: {reason}") from error
    if frame.is_empty():
        raise DataError(f"{path}: no rows")
    return frame.select(
        column if column.name in unused else _plain(column, path) for column in frame
    )


def _plain(column: pl.Series, path: Path) -> pl.Series:
    """A column whose cells are numbers, booleans or texts."""
    dtype = column.dtype
    if dtype.is_integer() or dtype.is_float() or isinstance(dtype, pl.Boolean | pl.String):
        return column
    if dtype.is_decimal():
        return column.cast(pl.Float64)
    if dtype.is_temporal() or isinstance(dtype, pl.Categorical | pl.Enum | pl.Null):
        return column.cast(pl.String)
    raise DataError(
        f"{path}: column '{column.name}': expected numbers, texts, booleans or dates, got {dtype}; "
        "add it to source.drop"
    )


def require_column(frame: pl.DataFrame, name: str, *, where: str) -> pl.Series:
    """One column by name.

    Raises:
        DataError: There is none; names the closest, and the separator where that may be the cause.
    """
    if name in frame.columns:
        return frame[name]
    close = get_close_matches(name, frame.columns, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(frame.columns)}"
    if frame.width == 1 and any(mark in frame.columns[0] for mark in ";\t|"):
        hint = f"; the header is the one column '{frame.columns[0]}': set source.separator"
    raise DataError(f"{where}: there is no column '{name}'{hint}")


def is_missing(cell: object, markers: Iterable[str]) -> bool:
    """Whether a cell holds nothing: null, blank, NaN or a marker."""
    if cell is None or cell != cell:  # NaN is what differs from itself
        return True
    return isinstance(cell, str) and (not cell.strip() or cell.strip() in markers)
