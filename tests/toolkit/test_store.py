from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgesmith.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def test_rows_come_in_the_order_asked(tmp_path: Path) -> None:
    array = np.arange(12).reshape(4, 3)
    np.save(tmp_path / "x.npy", array)
    store = Store(tmp_path, ("x",), 4)

    rows = store.read(np.array([3, 0]))

    np.testing.assert_array_equal(rows["x"], array[[3, 0]])


def test_what_is_read_is_a_copy_that_is_not_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(3))
    store = Store(tmp_path, ("x",), 3)

    store.read(slice(None))["x"][:] = 1

    assert not isinstance(store.read(slice(None))["x"], np.memmap)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), np.zeros(3))
