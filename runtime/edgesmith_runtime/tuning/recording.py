"""Write a choice, and the copy of the graph beside it, whole or not at all; and forget them."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from edgesmith_runtime.cache import choices_folder
from edgesmith_runtime.errors import BundleError, WriteError
from edgesmith_runtime.files import replacing
from edgesmith_runtime.tuned import MAX_CHOICE_BYTES, choice_json, host_key
from edgesmith_runtime.unpacked import read_regular

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.tuned import Choice, GraphCopy

__all__ = ["forget_choices", "opened_folder", "record_choice", "record_graph"]

_PRIVATE = 0o700


def opened_folder(identity: str) -> Path:
    """The folder of the choices for a bundle, made where it is not there; private to this user.

    Raises:
        WriteError: This user has no cache, or it cannot be made.
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
        folder.chmod(_PRIVATE)
    except OSError as error:
        raise WriteError(
            f"{error.filename or folder}: cannot be made: {error.strerror}; set XDG_CACHE_HOME to "
            "a place that you may write to"
        ) from error
    return folder


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

    Copies of graphs that no choice in the folder names any more are removed.

    Raises:
        WriteError: There is no room, or no right; what was recorded before still is.
    """
    path = folder / f"{host_key()}.json"
    with replacing(path) as draft:
        draft.write_bytes(choice_json(choice))
    _sweep_graphs(folder)
    return path


def _sweep_graphs(folder: Path) -> None:
    choices = b"".join(_content(path) for path in folder.glob("*.json"))
    for path in folder.glob("*.onnx"):
        if path.stem.encode() not in choices:
            with suppress(OSError):
                path.unlink()


def _content(path: Path) -> bytes:
    try:
        return read_regular(path, max_bytes=MAX_CHOICE_BYTES, follow_links=False)
    except (BundleError, OSError):
        return b""


def forget_choices(identity: str) -> int:
    """Remove all that is recorded for a bundle, of every host that shares the cache.

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
    try:
        for path in [*folder.iterdir()]:
            n_choices += path.suffix == ".json"
            path.unlink()
        folder.rmdir()
    except OSError as error:
        raise WriteError(
            f"{os.fspath(error.filename or folder)}: cannot be removed: {error.strerror}; remove "
            f"{folder} by hand"
        ) from error
    return n_choices
