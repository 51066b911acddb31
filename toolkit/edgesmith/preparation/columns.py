"""The columns of a table as training sees them: numbers or categories, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from edgesmith_runtime.errors import DataError, InputError
from edgesmith_runtime.transforms.dates import Dates
from edgesmith_runtime.transforms.table import Categories, Numbers
from edgesmith_runtime.transforms.table_texts import ColumnTexts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith.config import TableConfig
    from edgesmith.core import Samples

__all__ = ["Column", "TableReader"]

CHUNK_ROWS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of some rows.

    Args:
        name: As in the table.
        holds: "values": numbers or categories. "dates": numbers, of seconds since 1970. "words":
            free texts, each in ``texts``.
        numbers: float64 ``(row,)`` with NaN where missing; None of a category.
        codes: Of a category int32 ``(row,)``, the index into ``texts``, -1 where missing.
        texts: The categories in order of appearance.
    """

    name: str
    holds: Literal["values", "dates", "words"] = "values"
    numbers: NDArray[np.float64] | None = None
    codes: NDArray[np.int32] | None = None
    texts: tuple[str, ...] = ()

    def missing(self) -> NDArray[np.bool_]:
        """Which rows have nothing here."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        return np.asarray(self.codes) < 0

    def among(self, chosen: NDArray[np.bool_]) -> Column:
        """The same column of some of the rows; categories that are not among them are forgotten."""
        if self.numbers is not None:
            return replace(self, numbers=self.numbers[chosen])
        codes = np.asarray(self.codes)[chosen]
        seen = np.unique(codes[codes >= 0])
        places = np.full(len(self.texts) + 1, -1, np.int32)
        places[seen] = np.arange(len(seen))
        kept = set(seen.tolist())
        texts = tuple(text for code, text in enumerate(self.texts) if code in kept)
        return replace(self, codes=places[codes], texts=texts)

    def as_codes(self) -> NDArray[np.intp]:
        """Each distinct value as a small number, -1 where missing."""
        if self.numbers is None:
            return np.asarray(self.codes, np.intp)
        present = ~np.isnan(self.numbers)
        codes = np.full(len(self.numbers), -1, np.intp)
        codes[present] = np.unique(self.numbers[present], return_inverse=True)[1]
        return codes


class TableReader:
    """Reads columns with the very ops that the transform will have.

    Args:
        samples: The rows.
        markers: Missing markers by column; its keys are the columns, in order.
        forced: Columns that are categories although they look like numbers.
        options: Which columns hold dates or texts.
    """

    def __init__(
        self,
        samples: Samples,
        markers: Mapping[str, tuple[str, ...]],
        forced: Sequence[str],
        options: TableConfig,
    ) -> None:
        self._samples = samples
        self._markers = markers
        self._forced = forced
        self._options = options

    def _chunks(self, rows: NDArray[np.intp]) -> Iterator[Mapping[str, Any]]:
        for start in range(0, len(rows), CHUNK_ROWS):
            yield self._samples.read(rows[start : start + CHUNK_ROWS])["row"]

    def number_columns(self, rows: NDArray[np.intp]) -> frozenset[str]:
        """The columns whose cells in these rows are all numbers or missing; booleans are not."""
        named = {*self._forced, *self._options.dates, *self._options.texts}
        numeric = set(self._markers) - named
        for table in self._chunks(rows):
            numeric = {name for name in numeric if self._is_numeric(name, table)}
        return frozenset(numeric)

    def _is_numeric(self, name: str, table: Mapping[str, Any]) -> bool:
        if any(isinstance(cell, bool) for cell in table[name]):
            return False
        try:
            self._numbers(name)(table)
        except InputError:
            return False
        return True

    def read(self, rows: NDArray[np.intp], numeric: frozenset[str]) -> dict[str, Column]:
        """All columns of some rows.

        Raises:
            DataError: A cell is not what its column holds; names the row.
        """
        parts: dict[str, list[NDArray[Any]]] = {name: [] for name in self._markers}
        codes: dict[str, dict[str, int]] = {name: {} for name in self._markers}
        for index, table in enumerate(self._chunks(rows)):
            for name in self._markers:
                try:
                    cells = self._cells(name, numeric, table)
                except InputError as error:
                    place = self._fault_place(name, numeric, rows[index * CHUNK_ROWS :])
                    raise DataError(f"{place}: {error}") from error
                is_coded = cells.dtype == object
                parts[name].append(_coded(cells, codes[name]) if is_coded else cells)
        return {
            name: self._column(name, np.concatenate(cells), tuple(codes[name]))
            for name, cells in parts.items()
        }

    def _column(self, name: str, cells: NDArray[Any], texts: tuple[str, ...]) -> Column:
        is_number = cells.dtype == np.float64
        return Column(
            name=name,
            holds=self._holds(name),
            numbers=cells if is_number else None,
            codes=None if is_number else cells,
            texts=texts,
        )

    def _holds(self, name: str) -> Literal["values", "dates", "words"]:
        if name in self._options.dates:
            return "dates"
        return "words" if name in self._options.texts else "values"

    def _cells(
        self, name: str, numeric: frozenset[str], table: Mapping[str, Any]
    ) -> NDArray[Any]:
        """Of one column: float64 with NaN where missing, or texts and None."""
        match self._holds(name):
            case "dates":
                options = self._options
                dates = Dates(
                    (name,), (self._markers[name],), options.date_parts, options.date_format
                )
                (moments,) = dates.moments(table)
                seconds = moments.astype(np.int64).astype(np.float64)
                return np.where(np.isnat(moments), np.nan, seconds)
            case "words":
                texts = ColumnTexts(name, self._markers[name])(table)
                decoded = np.empty(len(texts), object)
                decoded[:] = [text.decode() if text else None for text in texts.tolist()]
                return decoded
            case "values":
                if name in numeric:
                    return self._numbers(name)(table)[:, 0]
                return Categories((name,), (self._markers[name],))(table)[:, 0]

    def _fault_place(self, name: str, numeric: frozenset[str], rows: NDArray[np.intp]) -> str:
        for row in rows:
            try:
                self._cells(name, numeric, self._samples.read(np.array([row]))["row"])
            except InputError:
                return self._samples.place(int(row))
        return self._samples.place(int(rows[0]))

    def _numbers(self, name: str) -> Numbers:
        return Numbers((name,), (self._markers[name],))


def _coded(texts: NDArray[np.object_], codes: dict[str, int]) -> NDArray[np.int32]:
    return np.array(
        [-1 if text is None else codes.setdefault(text, len(codes)) for text in texts.tolist()],
        np.int32,
    )
