"""The rows that are still in, with their splits, and the account of those that went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.core import Split
from edgesmith.preparation.dropping import dropped_rows
from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.core import Dataset, Dropped

__all__ = ["Selection"]


class Selection:
    """Rows of a dataset; dropping some of them is noted with its reason.

    Args:
        dataset: All rows are in at first, with their given splits.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self.rows: NDArray[np.intp] = np.arange(len(dataset.samples))
        self.splits: NDArray[np.str_] = dataset.splits
        self.dropped: list[Dropped] = []
        self.warnings: list[str] = list(dataset.notes)

    @property
    def targets(self) -> NDArray[Any]:
        """Of the rows that are in."""
        return self._dataset.targets[self.rows]

    def of(self, split: Split) -> NDArray[np.intp]:
        """The rows of one split."""
        return self.rows[self.splits == split]

    def by_split(self) -> dict[Split, NDArray[np.intp]]:
        """The rows of each split that has some."""
        return {split: self.of(split) for split in Split if split in self.splits}

    def drop(self, which: NDArray[np.bool_], reason: str, *, is_asked: bool = False) -> None:
        """Leave rows out; test rows also give a warning, since the score then says less.

        Args:
            which: ``(n,)``, of the rows that are in.
            reason: For the account.
            is_asked: The configuration names these rows: nothing to warn of.

        Raises:
            DataError: No row is left to train on; the message lists every reason so far.
        """
        if not which.any():
            return
        rows = self.rows[which]
        n_test = int((self.splits[which] == Split.TEST).sum())
        self.dropped.append(dropped_rows(reason, rows, self._dataset.samples))
        if n_test and not is_asked:
            self.warnings.append(
                f"{n_test} of the dropped rows ({reason}) are test rows: the score is of the rest"
            )
        self.rows, self.splits = self.rows[~which], self.splits[~which]
        if not np.isin(self.splits, ["", Split.TRAIN]).any():
            reasons = ", ".join(f"{each.n_rows} {each.reason}" for each in self.dropped)
            raise DataError(
                f"no training row is left of {len(self._dataset.samples)} rows read; "
                f"dropped: {reasons}"
            )
