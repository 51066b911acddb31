"""A table's features as columns: their kinds, the rows that missing cells drop, the screening."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgesmith.config import TableConfig, TableSource
from edgesmith.core import Split
from edgesmith.preparation.columns import TableReader
from edgesmith.preparation.filling import dropping_columns, require_columns
from edgesmith.preparation.screening import misread_numbers, screen
from edgesmith.preparation.table_program import table_plan
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.config import Config
    from edgesmith.core import Dataset
    from edgesmith.preparation.columns import Column
    from edgesmith.preparation.plan import Plan
    from edgesmith.preparation.selection import Selection

__all__ = ["TableRows"]


class TableRows:
    """The features of the selected rows; kinds are inferred from the training split.

    Args:
        dataset: Of a table.
        config: The whole configuration.
        selection: The rows, with their splits.

    Raises:
        ConfigError: A setting names a column that is not there, or one column twice.
        DataError: A cell is not what its column holds; names the row.
    """

    def __init__(self, dataset: Dataset, config: Config, selection: Selection) -> None:
        self._config = config
        names = list(dataset.samples.read(selection.rows[:1])["row"])
        self._options = config.table or TableConfig()
        require_columns("cleaning.fill_by_column", config.cleaning.fill_by_column, names)
        require_columns("table.dates", self._options.dates, names)
        require_columns("table.texts", self._options.texts, names)
        require_columns("table.power_by_column", self._options.power_by_column, names)
        source = config.source
        if isinstance(source, TableSource):
            self._markers = {
                name: source.missing_by_column.get(name, source.missing) for name in names
            }
            self._forced, self._target = source.categories, source.target
        else:
            self._markers = dict.fromkeys(names, ())
            self._forced, self._target = (), "target"
        _require_one_role(self._options, self._forced)
        reader = TableReader(dataset.samples, self._markers, self._forced, self._options)
        numeric = reader.number_columns(selection.of(Split.TRAIN))
        self._rows = selection.rows
        self._columns = reader.read(selection.rows, numeric)

    def drop_missing(self, selection: Selection) -> None:
        """Leave out rows with a missing cell where that is the way to fill."""
        for name in dropping_columns(self._config.cleaning, self._columns.values()):
            missing = self._columns[name].missing()[np.isin(self._rows, selection.rows)]
            selection.drop(missing, f"no '{name}'")

    def plan(self, selection: Selection, raw_input: str) -> Plan:
        """The fitted program."""
        return table_plan(
            self._config,
            self._among(selection.rows),
            selection.splits == Split.TRAIN,
            markers=self._markers,
            raw_input=raw_input,
        )

    def warnings(self, selection: Selection) -> tuple[str, ...]:
        """What the training rows show about the columns."""
        training = selection.splits == Split.TRAIN
        columns = [
            column
            for column in self._among(selection.of(Split.TRAIN)).values()
            if column.holds == "values"
        ]
        return (
            *misread_numbers(one for one in columns if one.name not in self._forced),
            *screen(
                columns,
                selection.targets[training],
                task=self._config.task,
                target=self._target,
            ),
        )

    def _among(self, rows: NDArray[np.intp]) -> dict[str, Column]:
        chosen = np.isin(self._rows, rows)
        return {name: column.among(chosen) for name, column in self._columns.items()}


def _require_one_role(options: TableConfig, categories: tuple[str, ...]) -> None:
    named = (
        *(("table.dates", name) for name in options.dates),
        *(("table.texts", name) for name in options.texts),
        *(("source.categories", name) for name in categories),
    )
    roles: dict[str, str] = {}
    for key, name in named:
        if roles.setdefault(name, key) != key:
            raise ConfigError(f"{key}: '{name}' stands in {roles[name]} too; keep it in one")
