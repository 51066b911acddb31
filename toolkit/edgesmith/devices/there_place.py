"""The folders that work has on a device: made for it alone, looked at for room, and removed.

Sent to the device as a part of ``there``: it stands alone, with the standard library.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import shutil
import signal
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["SIGNALS", "FaultError", "check_room", "inside", "is_ours", "session_folder"]

SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


class FaultError(Exception):
    """Something that the other side must be told, with its kind."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@contextmanager
def session_folder(asked: str | None) -> Generator[tuple[Path, Path]]:
    """A private folder, and the one that it is in; what was made for it is gone after it."""
    made: list[Path] = []
    lock = -1
    session: Path | None = None
    base = Path()
    try:
        base = _base(asked, made)
        _sweep(base)
        session = _new(base)
        while (lock := _held(session)) < 0:
            session = _new(base)
        yield base, session
    except OSError as error:
        raise _fault(error, base) from error
    finally:
        for one in SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        if session is not None:
            _remove(session)
        if lock >= 0:
            os.close(lock)
        for folder in reversed(made):
            with suppress(OSError):  # it has other things by now
                folder.rmdir()


def _new(base: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix="session-", dir=base))


def _held(session: Path) -> int:
    """A lock that tells others that somebody works here; -1 where one swept before we had it."""
    lock = -1
    try:
        lock = os.open(session, os.O_RDONLY)
        with suppress(OSError):  # a file system without locks; there nobody sweeps
            fcntl.flock(lock, fcntl.LOCK_EX)
        (session / "tmp").mkdir()
    except FileNotFoundError:
        if lock >= 0:
            os.close(lock)
        return -1
    return lock


def _remove(session: Path) -> None:
    # A process that was just killed may put a last file in a folder that was just emptied.
    for _ in range(50):
        shutil.rmtree(session, ignore_errors=True)
        if not session.exists():
            return
        select.select([], [], [], 0.1)


def _base(asked: str | None, made: list[Path]) -> Path:
    """The folder for our sessions; what had to be made for it is added to ``made``."""
    if asked is not None:
        place = Path(asked).expanduser()
        _make(place, made)
        if _forbids_programs(place):
            raise FaultError("noexec", f"{place}")
        return place
    cache = os.environ.get("XDG_CACHE_HOME", "")
    place = Path(cache if cache.startswith("/") else "~/.cache") / "edgesmith"
    with suppress(FaultError, RuntimeError):  # no home, or one that is not ours to write to
        place = place.expanduser()
        _make(place, made)
        if os.access(place, os.W_OK) and not _forbids_programs(place):
            return place
    return Path(tempfile.gettempdir())


def _make(place: Path, made: list[Path]) -> None:
    absent = [folder for folder in (place, *place.parents) if not folder.exists()]
    for folder in reversed(absent):
        try:
            folder.mkdir(0o700)
        except FileExistsError:  # made by another session just now
            continue
        except OSError as error:
            raise _fault(error, place) from error
        made.append(folder)


def _forbids_programs(place: Path) -> bool:
    return bool(os.statvfs(place).f_flag & getattr(os, "ST_NOEXEC", 0))


def _sweep(base: Path) -> None:
    """Remove sessions that were cut off by a power loss: theirs is a folder that nobody holds."""
    for stray in base.glob("session-*"):
        with suppress(OSError):
            if not is_ours(stray):
                continue
            held = os.open(stray, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(stray, ignore_errors=True)
            finally:
                os.close(held)


def is_ours(folder: Path) -> bool:
    """Whether something is a folder of this user that nobody else can write to."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.getuid()
        and not status.st_mode & 0o022
    )


def check_room(folder: Path, size_bytes: int) -> None:
    """Refuse what a session's folder has no room for."""
    free = shutil.disk_usage(folder).free
    if free < size_bytes:
        raise FaultError(
            "full", f"{folder.parent}: {_mb(size_bytes)} are needed, {_mb(free)} are free"
        )


def _mb(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.0f} MB"


def _fault(error: OSError, place: Path) -> FaultError:
    where = error.filename or place
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FaultError("full", f"{place}: {error.strerror}")
    return FaultError("place", f"{where}: {error.strerror or error}")


def inside(folder: Path, name: str) -> Path:
    """The path of a name below a folder, out of which it must not lead."""
    if name.startswith("/") or ".." in name.split("/"):
        raise FaultError("place", f"{name}: leads out of {folder}")
    return folder / name
