"""A hook before every operation on the files of a folder: it keeps the folder's state, or kills.

What ``kill -9`` before an operation leaves is what the folder holds at that moment. So one run
that keeps this state before every operation stands for as many runs that are killed. Between two
operations only the content of files changes that are open for writing, and these are noted: all
must be drafts.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from writer_faults.trees import LOCK, is_aside

if TYPE_CHECKING:
    from collections.abc import Callable

    from writer_faults.trees import Depot, Tree

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {
    "os.rename": 2,
    "os.link": 2,
    "os.symlink": 2,
    "os.remove": 1,
    "os.rmdir": 1,
    "os.mkdir": 1,
    "os.truncate": 1,
    "os.chmod": 1,
    "os.chown": 1,
    "os.utime": 1,
}  # how many of their first arguments are paths


class Recorder:
    """The operations of this process on one folder, numbered from 1.

    Args:
        folder: Whose files count.
        depot: Keeps their states; None keeps none.
        signal_at: The number of the operation before which this process gets a signal; 0 none.
        signal_number: Which.
    """

    def __init__(
        self,
        folder: Path,
        depot: Depot | None,
        *,
        signal_at: int = 0,
        signal_number: int = 0,
    ) -> None:
        self._folder = folder.resolve()
        self._depot = depot
        self._signal_at, self._signal_number = signal_at, signal_number
        self._lock = threading.RLock()
        self._busy = False
        self.operations: list[str] = []
        self.trees: list[Tree] = []
        self.in_place: list[str] = []

    def install(self) -> None:
        """For the rest of the process: a hook cannot be taken away."""
        sys.addaudithook(self._audit)
        os.fsync = self._before_flush(os.fsync)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & WRITES:
                self._on(event, [path], None)
        elif event in CHANGES:
            folder = arguments[-1] if event in ("os.remove", "os.rmdir", "os.mkdir") else None
            self._on(event, list(arguments[: CHANGES[event]]), folder)

    def _before_flush(self, fsync: Callable[[int], None]) -> Callable[[int], None]:
        def flush(descriptor: int) -> None:
            self._on("fsync", [_path_of(descriptor)], None)
            fsync(descriptor)

        return flush

    def _on(self, event: str, paths: list[Any], folder: Any) -> None:
        with self._lock:
            if self._busy:
                return
            self._busy = True
            try:
                inside = [name for path in paths if (name := self._inside(path, folder))]
                if inside:
                    self._count(event, inside)
            finally:
                self._busy = False

    def _count(self, event: str, inside: list[str]) -> None:
        self.operations.append(f"{event} {' '.join(inside)}")
        if event == "open" and not (is_aside(inside[0]) or inside[0] == LOCK):
            self.in_place.append(inside[0])
        if self._depot is not None:
            self.trees.append(self._depot.tree_of(self._folder))
        if len(self.operations) == self._signal_at:
            os.kill(os.getpid(), self._signal_number)

    def _inside(self, path: Any, folder: Any) -> str | None:
        """The path in the folder; None of another place."""
        if isinstance(path, int):
            return None
        start = _path_of(folder) if isinstance(folder, int) and folder >= 0 else Path.cwd()
        whole = Path(os.path.normpath(Path(start, os.fsdecode(path))))
        if not whole.is_relative_to(self._folder):
            return None
        return whole.relative_to(self._folder).as_posix()


def _path_of(descriptor: int) -> str:
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())
