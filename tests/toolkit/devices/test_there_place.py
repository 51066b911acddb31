"""The folders of a session, made here as on a device."""

from __future__ import annotations

import errno
import fcntl
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from edgesmith.devices.there_place import (
    LOCK,
    SIGNALS,
    FaultError,
    session_folder,
    telling_place,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEFT = f"edgesmith-session-{'0123456789abcdef' * 2}"


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    handlers = {one: signal.getsignal(one) for one in SIGNALS}
    yield
    for one, handler in handlers.items():
        signal.signal(one, handler)


def _left(base: Path) -> Path:
    folder = base / LEFT
    (folder / "runtime").mkdir(0o700, parents=True)
    folder.chmod(0o700)
    (folder / LOCK).touch()
    return folder


def test_a_session_has_a_folder_of_its_own_and_leaves_none(tmp_path: Path) -> None:
    base = tmp_path / "deep" / "er"

    with session_folder(str(base)) as place:
        assert place.session.parent == place.base == base
        assert place.session.stat().st_mode & 0o777 == 0o700

    assert list(tmp_path.iterdir()) == []


def test_what_a_power_loss_left_is_swept(tmp_path: Path) -> None:
    left = _left(tmp_path)

    with session_folder(str(tmp_path)):
        assert not left.exists()


def test_what_somebody_works_in_is_not_swept(tmp_path: Path) -> None:
    held = _left(tmp_path)

    with (held / LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with session_folder(str(tmp_path)):
            pass

    assert (held / "runtime").is_dir()


def test_folders_of_the_user_are_never_swept(tmp_path: Path) -> None:
    by_name_alone = tmp_path / LEFT
    by_lock_alone = tmp_path / "edgesmith-session-notes"
    for folder in (tmp_path / "session-notes", by_name_alone, by_lock_alone):
        folder.mkdir(0o700)
        (folder / "thesis.txt").touch()
    (by_lock_alone / LOCK).touch()

    with session_folder(str(tmp_path)):
        pass

    assert len(list(tmp_path.glob("*/thesis.txt"))) == 3


def test_visits_at_once_do_not_fail_each_other(tmp_path: Path, alone: list[str]) -> None:
    code = f"for _ in range(150):\n with session_folder({str(tmp_path / 'base')!r}): pass\n"

    visits = [
        subprocess.Popen([*alone, code], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]

    assert [visit.communicate()[1] for visit in visits] == ["", ""]
    assert list(tmp_path.glob("base/*")) == []


def test_what_the_system_says_of_files_alone_is_a_matter_of_the_folder(tmp_path: Path) -> None:
    absent = tmp_path / "absent"

    with pytest.raises(FaultError, match=f"{absent}: No such file"), telling_place(tmp_path):
        absent.stat()
    with pytest.raises(OSError, match="Cannot allocate"), session_folder(str(tmp_path)):
        raise OSError(errno.ENOMEM, "Cannot allocate memory")


def test_a_home_that_cannot_be_found_is_told() -> None:
    with pytest.raises(
        FaultError, match=r"^~nobody-here/x: Could not determine home"
    ) as caught:
        session_folder("~nobody-here/x").__enter__()

    assert caught.value.kind == "place"
