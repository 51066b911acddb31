"""Write a choice, and the copy of the graph beside it, whole or not at all; and forget them."""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from edgesmith_runtime.cache import choices_folder
from edgesmith_runtime.errors import BundleError, WriteError
from edgesmith_runtime.files import is_draft, replacing, sweep
from edgesmith_runtime.tuned import MAX_CHOICE_BYTES, check_owner, choice_json, host_key
from edgesmith_runtime.unpacked import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from edgesmith_runtime.tuned import Choice, GraphCopy

__all__ = ["close_folder", "forget_choices", "opened_folder", "record_choice", "record_graph"]

_PRIVATE = 0o700
_CHOICE = re.compile(r"[0-9a-f]{32}\.json")
_YOUNG_S = 3600.0  # a copy of that age may be of a tuning that has yet to write its choice


def opened_folder(identity: str) -> Path:
    """The folder of the choices for a bundle, made where it is not there; private to this user.

    Raises:
        WriteError: This user has no cache, it cannot be made, or others may have written to it.
    """
    folder = choices_folder(identity)
    if folder is None:
        raise WriteError(
            "the choice cannot be recorded: this user has no cache folder; set XDG_CACHE_HOME"
        )
    try:
        folder.parent.parent.parent.mkdir(parents=True, exist_ok=True)
        for made in (folder.parent.parent, folder.parent, folder):
            made.mkdir(mode=_PRIVATE, exist_ok=True)
        check_owner(folder)
    except BundleError as error:
        raise WriteError(
            f"{error}; edgesmith-runtime tune --forget removes what is in it"
        ) from error
    except OSError as error:
        raise WriteError(
            f"{error.filename or folder}: cannot be made: {error.strerror}; set XDG_CACHE_HOME to "
            "a place that you may write to"
        ) from error
    return folder


def close_folder(folder: Path) -> None:
    """Remove the folder of a tuning that recorded nothing; one with anything in it stays."""
    with suppress(OSError):
        folder.rmdir()


def record_graph(folder: Path, copy: GraphCopy, content: bytes) -> Path:
    """Write the copy of a graph; where it is.

    Raises:
        WriteError: There is no room, or no right.
    """
    path = folder / copy.file
    with replacing(path, size_bytes=len(content)) as draft:
        draft.write_bytes(content)
    return path


def record_choice(folder: Path, choice: Choice) -> Path:
    """Write a choice in the place of what was recorded for this host; where it is.

    Older copies of graphs that no choice in the folder names any more are removed.

    Raises:
        WriteError: There is no room, or no right; what was recorded before still is, and the
            copy of this choice is removed.
    """
    path = folder / f"{host_key()}.json"
    try:
        with replacing(path) as draft:
            draft.write_bytes(choice_json(choice))
    except BaseException:
        if choice.graph is not None:
            _remove_unnamed(folder, [folder / choice.graph.file])
        raise
    with suppress(OSError):
        before = path.stat().st_mtime - _YOUNG_S
        _remove_unnamed(
            folder, [one for one in folder.glob("*.onnx") if one.stat().st_mtime < before]
        )
    return path


def _remove_unnamed(folder: Path, copies: Iterable[Path]) -> None:
    """Remove those that no choice names; none where a choice cannot be read."""
    with suppress(BundleError, OSError):
        choices = b"".join(
            read_regular(path, max_bytes=MAX_CHOICE_BYTES, follow_links=False)
            for path in folder.glob("*.json")
        )
        for copy in copies:
            if copy.stem.encode() not in choices:
                copy.unlink()


def forget_choices(identity: str) -> int:
    """Remove all that is recorded for a bundle, of every host that shares the cache.

    The drafts of a tuning that runs meanwhile stay; what it finds is recorded.

    Args:
        identity: Of the bundle.

    Returns:
        How many choices there were.

    Raises:
        WriteError: A file cannot be removed.
    """
    folder = choices_folder(identity)
    if folder is None or not folder.is_dir():
        return 0
    n_choices = 0
    sweep(folder)
    try:
        for path in [one for one in folder.iterdir() if not is_draft(one.name)]:
            path.unlink(missing_ok=True)
            n_choices += _CHOICE.fullmatch(path.name) is not None
        folder.rmdir()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
            return n_choices
        raise WriteError(
            f"{os.fspath(error.filename or folder)}: cannot be removed: {error.strerror}; remove "
            f"{folder} by hand"
        ) from error
    return n_choices
