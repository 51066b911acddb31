"""The folder in which an app keeps its bundle up to date: the current one and the one before.

::

    current.edge     what serves, or will at the next start
    previous.edge    the last one that was not on probation; absent until the first update
    unconfirmed      identities that are on probation, one a line; absent where none is

Each file is replaced by a rename, and in this order: previous, unconfirmed, current. So a writer
that is killed or fails between any two leaves a current bundle that either is the old one, or is
the new one and on probation with the old one beside it. A note of what never came does no harm:
the next start that can read the current bundle removes it.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING

from edgesmith_runtime.bundle import read_bundle, write_bundle
from edgesmith_runtime.errors import BundleError, WriteError
from edgesmith_runtime.files import replacing

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from edgesmith_runtime.bundle import Bundle

__all__ = ["UpdateFolder", "is_update_folder"]

_CURRENT, _PREVIOUS, _NOTE = "current.edge", "previous.edge", "unconfirmed"
_PATIENCE_S = 60.0  # others hold the lock while they write two bundles, so for seconds at most
_PAUSE_S = 0.01


def is_update_folder(place: Path) -> bool:
    """Whether a directory is one that holds updates, not an unpacked bundle."""
    try:
        return (place / _CURRENT).exists() or (place / _PREVIOUS).exists()
    except OSError:  # reading it will say what is wrong
        return False


class UpdateFolder:
    """One folder of updates; what it does to files is whole under kill and for other processes.

    Args:
        folder: Its directory, which exists.
    """

    def __init__(self, folder: Path) -> None:
        self.current = folder / _CURRENT
        self.previous = folder / _PREVIOUS
        self._folder = folder
        self._note = folder / _NOTE

    @contextmanager
    def locked(self) -> Generator[None]:
        """Keep other processes from changing the folder meanwhile (on Windows: does not).

        Raises:
            WriteError: The folder cannot be opened, or another process kept it for a minute.
        """
        if sys.platform == "win32":
            yield
            return
        try:
            descriptor = os.open(self._folder, os.O_RDONLY)
        except OSError as error:
            raise WriteError(
                f"{self._folder}: cannot be opened: {error.strerror}; see that it is a directory "
                "that you may read"
            ) from error
        try:
            self._wait_for_lock(descriptor)
            yield
        finally:
            # By name: a child that was forked meanwhile has the descriptor too.
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _wait_for_lock(self, descriptor: int) -> None:
        until = monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if monotonic() > until:
                    raise WriteError(
                        f"{self._folder}: another process has been changing it for "
                        f"{_PATIENCE_S:g} s; end it, or try again"
                    ) from error
                sleep(_PAUSE_S)
            except OSError:  # a file system without locks: each rename is whole all the same
                return
            else:
                return

    def has_note(self) -> bool:
        """Whether any identity is on probation."""
        return self._note.exists()

    def on_probation(self) -> tuple[str, ...]:
        """The identities of bundles that were installed and not confirmed.

        Raises:
            BundleError: The note is there and cannot be read.
        """
        try:
            text = self._note.read_text("ascii", errors="replace")
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise BundleError(
                f"{self._note}: cannot be read, so what is on probation is not known: "
                f"{error.strerror}; see that this user may read it"
            ) from error
        return tuple(line for line in text.splitlines() if re.fullmatch("[0-9a-f]{64}", line))

    def current_identity(self) -> str | None:
        """The identity of the current bundle as it is on the disk; None where it cannot be read."""
        try:
            return read_bundle(self.current).identity
        except BundleError:
            return None

    def install(self, new: Bundle, *, serving: Bundle) -> None:
        """Make a bundle the current one, on probation; call it locked.

        Args:
            new: What shall be current.
            serving: What is kept as the previous one, unless it is on probation itself: then
                the one that is previous already stays.

        Raises:
            BundleError: What is on probation cannot be read.
            WriteError: A file cannot be written. The current bundle is the old one; or it is the
                new one, on probation, where it was written and its directory not flushed.
        """
        before = self.on_probation()
        if serving.identity not in before:
            write_bundle(serving, self.previous)
        self._write_note(dict.fromkeys((*before, new.identity)))
        write_bundle(new, self.current)

    def restore(self, previous: Bundle) -> None:
        """Make the previous bundle the current one again, on no probation; call it locked.

        Raises:
            WriteError: A file cannot be written.
        """
        write_bundle(previous, self.current)
        self.end_probation()

    def end_probation(self) -> None:
        """Take the current bundle as good, or forget what was never installed.

        Raises:
            WriteError: The note cannot be removed.
        """
        self._write_note({})

    def _write_note(self, identities: dict[str, None]) -> None:
        if identities:
            with replacing(self._note) as draft:
                draft.write_text("".join(f"{identity}\n" for identity in identities), "ascii")
            return
        try:
            self._note.unlink(missing_ok=True)
            if sys.platform != "win32":  # else a power loss might bring it back
                descriptor = os.open(self._folder, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        except OSError as error:
            raise WriteError(
                f"{self._note}: cannot be removed: {error.strerror}; see that its directory can "
                "be written to"
            ) from error
