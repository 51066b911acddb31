"""Prepared values on disk: one memory-mapped ``.npy`` file a name, read in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Store"]


@dataclass(frozen=True, slots=True)
class Store:
    """Arrays of equal length under one directory.

    A file is mapped for one read and unmapped after it: the pages that a long training touches
    never add up in the process's memory.

    Args:
        directory: Where ``<name>.npy`` files are.
        names: Of the arrays.
        n_samples: Length of the first axis of each.
    """

    directory: Path
    names: tuple[str, ...]
    n_samples: int

    def __len__(self) -> int:
        return self.n_samples

    def read(self, rows: NDArray[np.intp] | slice) -> dict[str, NDArray[Any]]:
        """Copies of some rows, in the order asked, by name."""
        return {
            name: np.array(np.load(self.directory / f"{name}.npy", mmap_mode="r")[rows])
            for name in self.names
        }
