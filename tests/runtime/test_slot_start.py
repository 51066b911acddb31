"""A slot of a folder starts with the update that was confirmed, or with the one before."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

import edgesmith_runtime as er
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import BundleError, RollbackWarning

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.bundle import Bundle

CURRENT, PREVIOUS, NOTE = "current.edge", "previous.edge", "unconfirmed"


@pytest.fixture(scope="module")
def bundles(updates: list[Path]) -> list[Bundle]:
    return [read_bundle(path) for path in updates]


def which(path: Path, bundles: list[Bundle]) -> int:
    return [bundle.identity for bundle in bundles].index(read_bundle(path).identity)


def serves(slot: er.Slot, bundles: list[Bundle]) -> int:
    return [bundle.identity for bundle in bundles].index(slot.model.bundle.identity)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def reopened(folder: Path) -> er.Slot:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RollbackWarning)
        return er.Slot(folder)


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_swap_keeps_the_old_bundle_beside_the_new(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    slot = er.Slot(folder)

    slot.swap(updates[1])

    assert serves(slot, bundles) == 1
    assert (folder / CURRENT).read_bytes() == updates[1].read_bytes()
    assert (folder / PREVIOUS).read_bytes() == updates[0].read_bytes()
    assert (folder / NOTE).read_text() == f"{bundles[1].identity}\n"


def test_a_confirmed_update_is_there_at_the_next_start(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    slot = er.Slot(folder)
    slot.swap(updates[1])

    slot.confirm()
    slot.confirm()
    again = er.Slot(folder)

    assert serves(again, bundles) == 1
    assert not again.rolled_back
    assert names(folder) == [CURRENT, PREVIOUS]


def test_an_update_that_nobody_confirmed_is_taken_back_at_the_next_start(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    er.Slot(folder).swap(updates[1])

    with pytest.warns(RollbackWarning) as caught:
        slot = er.Slot(folder)

    assert [str(one.message) for one in caught] == [
        f"{folder}/current.edge: an update that nobody confirmed, identity "
        f"{bundles[1].identity[:12]}; back to {folder}/previous.edge"
    ]
    assert slot.rolled_back
    assert (serves(slot, bundles), which(folder / CURRENT, bundles)) == (0, 0)
    assert not (folder / NOTE).exists()
    assert serves(er.Slot(folder), bundles) == 0


def test_a_second_update_before_the_first_is_confirmed_keeps_the_one_that_was(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    slot = er.Slot(folder)
    slot.swap(updates[1])

    slot.swap(updates[2])

    assert which(folder / PREVIOUS, bundles) == 0
    assert serves(reopened(folder), bundles) == 0


def test_the_previous_one_is_the_last_that_was_confirmed(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    slot = er.Slot(folder)
    slot.swap(updates[1])
    slot.confirm()

    slot.swap(updates[2])

    assert serves(reopened(folder), bundles) == 1


def test_the_app_may_go_back_by_itself(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    slot = er.Slot(folder)
    slot.swap(updates[1])

    slot.swap(folder / PREVIOUS)
    again = er.Slot(folder)

    assert (serves(slot, bundles), serves(again, bundles)) == (0, 0)
    assert not again.rolled_back


def test_the_same_bundle_again_does_not_cost_the_previous_one(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    slot = er.Slot(folder)
    slot.swap(updates[1])
    slot.confirm()

    slot.swap(updates[1])

    assert which(folder / PREVIOUS, bundles) == 0
    assert names(folder) == [CURRENT, PREVIOUS]


def test_a_refused_bundle_changes_no_file(folder: Path, tmp_path: Path) -> None:
    slot = er.Slot(folder)
    before = (folder / CURRENT).read_bytes()

    with pytest.raises(BundleError, match=r"none\.edge: no such file"):
        slot.swap(tmp_path / "none.edge")

    assert names(folder) == [CURRENT]
    assert (folder / CURRENT).read_bytes() == before


def test_a_note_of_an_update_that_never_came_is_removed(
    folder: Path, bundles: list[Bundle]
) -> None:
    (folder / NOTE).write_text(f"{bundles[1].identity}\n")

    slot = er.Slot(folder)

    assert serves(slot, bundles) == 0
    assert names(folder) == [CURRENT]


def test_where_the_current_one_is_damaged_the_previous_serves(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    slot = er.Slot(folder)
    slot.swap(updates[1])
    slot.confirm()
    damage(folder / CURRENT)

    with pytest.warns(
        RollbackWarning, match=r"current\.edge cannot be loaded, .*previous\.edge serves: .*"
    ):
        again = er.Slot(folder)
    again.swap(updates[2])
    again.confirm()

    assert serves(er.Slot(folder), bundles) == 2
    assert which(folder / PREVIOUS, bundles) == 0


def test_a_current_one_that_cannot_be_read_stays_on_probation(
    folder: Path, updates: list[Path], bundles: list[Bundle], tmp_path: Path
) -> None:
    er.Slot(folder).swap(updates[1])
    (folder / CURRENT).rename(tmp_path / "aside")
    (folder / CURRENT).mkdir()  # of no use as a bundle for a while

    with pytest.warns(RollbackWarning, match=r"current\.edge cannot be loaded, .* serves: "):
        meanwhile = er.Slot(folder)
    (folder / CURRENT).rmdir()
    (tmp_path / "aside").rename(folder / CURRENT)
    again = reopened(folder)

    assert again.rolled_back
    assert (serves(meanwhile, bundles), serves(again, bundles)) == (0, 0)
    assert which(folder / CURRENT, bundles) == 0


def test_where_the_note_cannot_be_read_it_stays_and_the_start_says_so(
    folder: Path, bundles: list[Bundle]
) -> None:
    (folder / NOTE).mkdir()

    with pytest.warns(RollbackWarning, match="unconfirmed: cannot be read, so what is on prob"):
        slot = er.Slot(folder)

    assert serves(slot, bundles) == 0
    assert names(folder) == [CURRENT, NOTE]


def test_where_both_are_damaged_both_are_named(folder: Path, updates: list[Path]) -> None:
    er.Slot(folder).swap(updates[1])
    (folder / NOTE).unlink()
    damage(folder / CURRENT)
    damage(folder / PREVIOUS)

    with pytest.raises(
        BundleError,
        match=r"neither bundle can be loaded: .*current\.edge.*; and the one before: .*previous",
    ):
        er.Slot(folder)


def test_an_unconfirmed_update_serves_on_where_there_is_nothing_to_go_back_to(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    er.Slot(folder).swap(updates[1])
    damage(folder / PREVIOUS)

    with pytest.warns(
        RollbackWarning, match="it serves on, because there is nothing to go back"
    ):
        slot = er.Slot(folder)

    assert serves(slot, bundles) == 1
    assert not slot.rolled_back
    slot.swap(updates[2])
    assert which(folder / PREVIOUS, bundles) == 1


def test_confirming_what_another_process_took_back_is_refused(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    slot = er.Slot(folder)
    slot.swap(updates[1])
    reopened(folder)

    with pytest.raises(
        BundleError,
        match=f"identity {bundles[1].identity[:12]}, got {bundles[0].identity[:12]}; another",
    ):
        slot.confirm()


def test_a_folder_without_a_bundle_is_none(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="the directory has no SHA256SUMS"):
        er.Slot(tmp_path)
