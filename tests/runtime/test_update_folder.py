"""A folder of updates holds the old or the new bundle, whatever happens to its writer."""

from __future__ import annotations

import errno
import os
import resource
import sys
import threading
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import pytest

import edgesmith_runtime as er
from edgesmith_runtime import update_folder
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import BundleError, RollbackWarning, WriteError
from edgesmith_runtime.update_folder import UpdateFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.bundle import Bundle

    Fork = Callable[[Callable[[], object]], int]
    EndsBefore = Callable[[int, Callable[[], object]], bool]

CURRENT, PREVIOUS, NOTE = "current.edge", "previous.edge", "unconfirmed"
FAILED = 78


@pytest.fixture(scope="module")
def bundles(updates: list[Path]) -> list[Bundle]:
    return [read_bundle(path) for path in updates]


def which(path: Path, bundles: list[Bundle]) -> int:
    return [bundle.identity for bundle in bundles].index(read_bundle(path).identity)


def serves(slot: er.Slot, bundles: list[Bundle]) -> int:
    return [bundle.identity for bundle in bundles].index(slot.model.bundle.identity)


def names(folder: Path, *, drafts: bool = True) -> list[str]:
    every = sorted(path.name for path in folder.iterdir())
    return [name for name in every if drafts or not name.startswith(".")]


def reopened(folder: Path) -> er.Slot:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RollbackWarning)
        return er.Slot(folder)


def exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_each_file_is_renamed_in_the_order_that_any_kill_survives(
    folder: Path, updates: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    slot, renamed, replace = er.Slot(folder), list[str](), os.replace

    def noting_replace(source: Path, target: Path) -> None:
        replace(source, target)
        renamed.append(target.name)

    monkeypatch.setattr(os, "replace", noting_replace)

    slot.swap(updates[1])

    assert renamed == [PREVIOUS, NOTE, CURRENT]


def installs(folder: UpdateFolder, bundles: list[Bundle]) -> None:
    with folder.locked():
        folder.install(bundles[2], serving=bundles[1])


def goes_back(folder: UpdateFolder, bundles: list[Bundle]) -> None:
    with folder.locked():
        folder.restore(bundles[0])


def confirms(folder: UpdateFolder, bundles: list[Bundle]) -> None:
    with folder.locked():
        folder.end_probation()


def lay_out(folder: Path, updates: list[Path], on_probation: list[Bundle]) -> None:
    """Update 1 is current and 0 the one before."""
    (folder / CURRENT).write_bytes(updates[1].read_bytes())
    (folder / PREVIOUS).write_bytes(updates[0].read_bytes())
    (folder / NOTE).unlink(missing_ok=True)
    for bundle in on_probation:
        (folder / NOTE).write_text(f"{bundle.identity}\n")


def state(folder: Path) -> dict[str, bytes]:
    """All but drafts."""
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if not path.name.startswith(".")
    }


@dataclass(frozen=True, kw_only=True)
class Kill:
    """What is killed, over a folder whose current bundle is on probation or not."""

    act: Callable[[UpdateFolder, list[Bundle]], None]
    probation: list[int]
    may_start: set[int]
    n_states: int


@pytest.mark.parametrize(
    "kill",
    [
        Kill(act=installs, probation=[], may_start={1}, n_states=4),
        Kill(act=installs, probation=[1], may_start={0}, n_states=3),
        Kill(act=goes_back, probation=[1], may_start={0}, n_states=3),
        Kill(act=confirms, probation=[1], may_start={0, 1}, n_states=2),
    ],
    ids=["update", "update before the confirmation", "going back", "confirming"],
)
def test_killed_before_any_operation_the_folder_starts_with_what_was_good(
    kill: Kill,
    folder: Path,
    updates: list[Path],
    bundles: list[Bundle],
    ends_before_operation: EndsBefore,
) -> None:
    def lay() -> None:
        lay_out(folder, updates, [bundles[index] for index in kill.probation])

    acts = partial(kill.act, UpdateFolder(folder), bundles)
    states = states_left(folder, lay, lambda number: ends_before_operation(number, acts))

    assert len(states) == kill.n_states
    assert starts_of(states, folder, bundles) == kill.may_start


@pytest.mark.parametrize(("probation", "good", "n_states"), [([], 1, 4), ([1], 0, 3)])
@pytest.mark.parametrize(
    ("event", "error"),
    [("c_call", OSError(errno.EIO, "Input/output error")), ("c_return", KeyboardInterrupt())],
    ids=["a call fails", "interrupted after a call"],
)
def test_whatever_fails_in_an_update_the_folder_starts_with_what_was_good(  # noqa: PLR0913
    event: str,
    error: BaseException,
    probation: list[int],
    good: int,
    n_states: int,
    folder: Path,
    updates: list[Path],
    bundles: list[Bundle],
    fork: Fork,
) -> None:
    def lay() -> None:
        lay_out(folder, updates, [bundles[index] for index in probation])

    acts = partial(installs, UpdateFolder(folder), bundles)
    lay()
    acts()  # what is imported on the way is imported from now on, and no call of the children

    def fails(number: int) -> bool:
        return exit_code(fork(lambda: fail_at(number, event, error, acts))) == FAILED

    states = states_left(folder, lay, fails)

    assert len(states) == n_states
    assert starts_of(states, folder, bundles) == {good}


def states_left(
    folder: Path, lay: Callable[[], None], ends: Callable[[int], bool]
) -> list[dict[str, bytes]]:
    """The different states that a folder is left in by ends at the first operation, the second..."""
    lay()
    states, number = [state(folder)], 1
    while ends(number):
        if state(folder) not in states:
            states.append(state(folder))
        lay()
        number += 1
    assert number > 4
    return states


def starts_of(states: list[dict[str, bytes]], folder: Path, bundles: list[Bundle]) -> set[int]:
    """Which bundles serve after a start from each state, and after one more."""
    started: set[int] = set()
    for left in states:
        (folder / NOTE).unlink(missing_ok=True)
        for name, content in left.items():
            (folder / name).write_bytes(content)
        started.add(serves(reopened(folder), bundles))
        assert names(folder, drafts=False) == [CURRENT, PREVIOUS]
        started.add(serves(er.Slot(folder), bundles))
    return started


def fail_at(
    number: int, event: str, error: BaseException, act: Callable[[], object]
) -> NoReturn:
    """Act with an error before or after the k-th call into the system, and end the process."""
    n_calls = 0

    def count(frame: object, seen: str, function: object) -> None:
        nonlocal n_calls
        if seen == event and getattr(function, "__module__", None) in ("posix", "fcntl"):
            n_calls += 1
            if n_calls == number:
                raise error

    sys.setprofile(count)
    with suppress(OSError, er.EdgesmithError, KeyboardInterrupt):
        act()
    sys.setprofile(None)
    os._exit(FAILED if n_calls >= number else 0)


def test_drafts_of_a_killed_swap_are_swept_by_the_next(
    folder: Path, updates: list[Path], bundles: list[Bundle], ends_before_operation: EndsBefore
) -> None:
    acts = partial(installs, UpdateFolder(folder), bundles)
    while names(folder, drafts=False) == names(folder):
        assert ends_before_operation(12, acts)

    slot = reopened(folder)
    slot.swap(updates[3])

    assert names(folder) == [CURRENT, PREVIOUS, NOTE]


@pytest.mark.parametrize("limit", [0, 1, 64, 65, 500, 1000, 1500])
def test_under_a_file_size_limit_the_old_one_serves_on_and_starts_again(
    limit: int, folder: Path, updates: list[Path], bundles: list[Bundle], fork: Fork
) -> None:
    slot = er.Slot(folder)
    out, into = os.pipe()

    def swap_limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            slot.swap(updates[1])
        except WriteError as error:
            os.write(into, f"{serves(slot, bundles)} {error}".encode())

    assert exit_code(fork(swap_limited)) == 0
    message = os.read(out, 1000).decode()
    os.close(out)
    os.close(into)

    assert message.startswith(f"0 {folder}/previous.edge: cannot be written: File too large")
    assert names(folder) == [CURRENT]
    assert serves(er.Slot(folder), bundles) == 0


def test_where_only_the_new_one_has_no_room_its_note_does_no_harm(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    slot = er.Slot(folder)
    (folder / CURRENT).unlink()
    (folder / CURRENT).mkdir()  # no file can be renamed over it

    with pytest.raises(WriteError, match=r"current\.edge: cannot be written: Is a directory"):
        slot.swap(updates[1])

    assert serves(slot, bundles) == 0
    (folder / CURRENT).rmdir()
    slot.swap(updates[2])
    assert which(folder / PREVIOUS, bundles) == 0
    assert serves(reopened(folder), bundles) == 0
    assert names(folder) == [CURRENT, PREVIOUS]


def test_what_is_on_probation_is_not_guessed_where_the_note_cannot_be_read(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    slot = er.Slot(folder)
    (folder / NOTE).mkdir()

    with pytest.raises(
        BundleError, match=r"unconfirmed: cannot be read, so what is on probation is not known"
    ):
        slot.swap(updates[1])

    assert (serves(slot, bundles), which(folder / CURRENT, bundles)) == (0, 0)
    assert names(folder) == [CURRENT, NOTE]


def test_processes_that_swap_at_once_leave_a_whole_folder(
    folder: Path, updates: list[Path], bundles: list[Bundle], fork: Fork
) -> None:
    def swap_often(update: Path) -> None:
        slot = er.Slot(folder, load=partial(er.load, n_threads=1))
        for _ in range(5):
            slot.swap(update)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RollbackWarning)
        children = [fork(partial(swap_often, update)) for update in updates[1:3]]
        assert [exit_code(child) for child in children] == [0, 0]

    assert names(folder) == [CURRENT, PREVIOUS, NOTE]
    assert which(folder / CURRENT, bundles) in {1, 2}
    assert reopened(folder).rolled_back


def test_a_process_that_keeps_the_folder_to_itself_is_not_waited_for_for_ever(
    folder: Path, updates: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = er.Slot(folder)
    monkeypatch.setattr(update_folder, "_PATIENCE_S", 0.05)

    with (
        UpdateFolder(folder).locked(),
        pytest.raises(
            WriteError, match=r"app: another process has been changing it for 0\.05 s"
        ),
    ):
        slot.swap(updates[1])


def test_a_swap_waits_for_another_process_to_end_its_own(
    folder: Path, updates: list[Path], bundles: list[Bundle]
) -> None:
    slot, is_locked, may_go = er.Slot(folder), threading.Event(), threading.Event()

    def hold() -> None:
        with UpdateFolder(folder).locked():
            is_locked.set()
            assert may_go.wait(60)

    holder = threading.Thread(target=hold)
    swapper = threading.Thread(target=slot.swap, args=[updates[1]])
    holder.start()
    assert is_locked.wait(60)
    swapper.start()
    before = serves(slot, bundles)
    may_go.set()
    for thread in (holder, swapper):
        thread.join()

    assert (before, serves(slot, bundles)) == (0, 1)


def test_a_folder_that_cannot_be_written_to_goes_back_in_memory_at_each_start(
    folder: Path, updates: list[Path], bundles: list[Bundle], fork: Fork
) -> None:
    er.Slot(folder).swap(updates[1])
    out, into = os.pipe()

    def start_limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            slot = er.Slot(folder, load=partial(er.load, n_threads=1))
        last = [str(one.message) for one in caught][-1]
        os.write(into, f"{serves(slot, bundles)} {slot.rolled_back} {last}".encode())

    assert exit_code(fork(start_limited)) == 0
    message = os.read(out, 1000).decode()
    os.close(out)
    os.close(into)

    assert message.startswith(
        f"0 True the next start has the same to do: {folder}/current.edge: cannot be written"
    )
    assert which(folder / CURRENT, bundles) == 1
