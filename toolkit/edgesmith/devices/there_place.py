"""The folders that work has on a device: made for it alone, looked at for room, and removed.

Sent to the device as a part of ``there``: it stands alone, with the standard library.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import select
import shutil
import signal
import stat
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "LOCK",
    "SIGNALS",
    "FaultError",
    "Place",
    "check_room",
    "inside",
    "is_ours",
    "session_folder",
    "telling_place",
]

SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
LOCK = "edgesmith-session.lock"  # held by who works there, and by the job
_SESSION = "edgesmith-session-"
_NAME = re.compile(f"{_SESSION}[0-9a-f]{{32}}")
_N_TRIES = 100


class FaultError(Exception):
    """Something that the other side must be told, with its kind."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a session works.

    Args:
        base: The folder that it is in, with those of others.
        session: Its own.
        lock: The descriptor of its lock; while a process has it open, nobody sweeps the folder.
    """

    base: Path
    session: Path
    lock: int


@contextmanager
def session_folder(asked: str | None) -> Generator[Place]:
    """A private folder; what was made for it is gone after it."""
    made: list[Path] = []
    place: Place | None = None
    try:
        with telling_place(asked):
            place = _place(asked, made)
        yield place
    finally:
        for one in SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        if place is not None:
            _remove(place)
        for folder in reversed(made):
            with suppress(OSError):  # it has other things by now
                folder.rmdir()


@contextmanager
def telling_place(place: str | Path | None) -> Generator[None]:
    """Tell what the system says of files as a matter of the folder: for work on its files alone.

    Raises:
        FaultError: The system refuses something.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise FaultError("full", f"{place or error.filename}: {error.strerror}") from error
        where = error.filename or place
        raise FaultError("place", f"{where}: {error.strerror or error}") from error


def _place(asked: str | None, made: list[Path]) -> Place:
    """A session that nobody has swept, made again where its base was removed beneath it.

    The end of another visit removes a base that it made, as soon as that is empty.
    """
    for _ in range(_N_TRIES):
        with suppress(FileNotFoundError):
            return _try_place(asked, made)
    return _try_place(asked, made)


def _try_place(asked: str | None, made: list[Path]) -> Place:
    base = _base(asked, made)
    _sweep(base)
    session = base / f"{_SESSION}{secrets.token_hex(16)}"
    session.mkdir(0o700)
    lock = os.open(session / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with suppress(OSError):  # a file system without locks; there nobody sweeps
            fcntl.flock(lock, fcntl.LOCK_EX)
        (session / LOCK).stat()  # somebody may have swept before we had it
        (session / "tmp").mkdir()
    except BaseException:  # a signal, too
        os.close(lock)
        _clear(session)
        raise
    return Place(base=base, session=session, lock=lock)


def _remove(place: Place) -> None:
    # A process that was just killed may put a last file in a folder that was just emptied.
    for _ in range(50):
        _clear(place.session)
        if not place.session.exists():
            break
        select.select([], [], [], 0.1)
    os.close(place.lock)
    with suppress(OSError):  # NFS keeps the name of an open file
        place.session.rmdir()


def _clear(session: Path) -> None:
    """Remove as much as can be; the lock last, without which nobody would sweep the rest."""
    with suppress(OSError):
        for entry in list(session.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != LOCK:
                entry.unlink()
        if [entry.name for entry in session.iterdir()] in ([], [LOCK]):
            shutil.rmtree(session, ignore_errors=True)


def _base(asked: str | None, made: list[Path]) -> Path:
    """The folder for our sessions; what had to be made for it is added to ``made``."""
    if asked is not None:
        try:
            place = Path(asked).expanduser()
        except RuntimeError as error:
            raise FaultError("place", f"{asked}: {error}") from error
        _make(place, made)
        if _forbids_programs(place):
            raise FaultError("noexec", f"{place}")
        return place
    cache = os.environ.get("XDG_CACHE_HOME", "")
    place = Path(cache if cache.startswith("/") else "~/.cache") / "edgesmith"
    try:
        place = place.expanduser()
        _make(place, made)
        if not _forbids_programs(place) and os.access(place, os.W_OK):
            return place
    except FileNotFoundError:  # another session's end removed it just now
        raise
    except (OSError, RuntimeError):  # no home, or one that is not ours to write to
        pass
    return Path(tempfile.gettempdir())


def _make(place: Path, made: list[Path]) -> None:
    absent = [folder for folder in (place, *place.parents) if not folder.exists()]
    for folder in reversed(absent):
        with suppress(FileExistsError):  # made by another session just now
            folder.mkdir(0o700)
            made.append(folder)


def _forbids_programs(place: Path) -> bool:
    return bool(os.statvfs(place).f_flag & getattr(os, "ST_NOEXEC", 0))


def _sweep(base: Path) -> None:
    """Remove sessions that were cut off by a power loss: they have our lock, and nobody holds it.

    The base may be any folder of the user's: what has not both our name and our lock stays.
    """
    for stray in base.glob(f"{_SESSION}*"):
        with suppress(OSError):
            if not (_NAME.fullmatch(stray.name) and is_ours(stray)):
                continue
            lock = os.open(stray / LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _clear(stray)
            finally:
                os.close(lock)


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


def inside(folder: Path, name: str) -> Path:
    """The path of a name below a folder, out of which it must not lead."""
    if name.startswith("/") or ".." in name.split("/"):
        raise FaultError("place", f"{name}: leads out of {folder}")
    return folder / name
