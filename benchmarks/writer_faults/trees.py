"""What a folder holds at a moment, kept by digest, and whether a writer may leave it so."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith_runtime.files import is_draft

if TYPE_CHECKING:
    from collections.abc import Iterable

Tree = dict[str, str]  # the sha256 of a file by its path in the folder, "" of a directory

DIGEST_CHARS = 64
LOCK = "build/.lock"
RECORD = "build/record.json"
CACHE = "build/cache/"


class Depot:
    """Contents of files by digest; each is read once as long as its file does not change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._known: dict[tuple[int, int, int], str] = {}

    def tree_of(self, folder: Path) -> Tree:
        """All below a folder now; what vanishes meanwhile is left out."""
        tree: Tree = {}
        for place, folders, names in os.walk(folder):
            for name in folders:
                tree[Path(place, name).relative_to(folder).as_posix()] = ""
            for name in names:
                path = Path(place, name)
                try:
                    tree[path.relative_to(folder).as_posix()] = self._digest(path)
                except FileNotFoundError:
                    continue
        return tree

    def restore(self, tree: Tree, folder: Path) -> None:
        """Make a folder hold a tree and nothing else."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, digest in sorted(tree.items()):
            if digest:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self._folder / digest, folder / name)
            else:
                (folder / name).mkdir(parents=True, exist_ok=True)

    def content(self, digest: str) -> bytes:
        return (self._folder / digest).read_bytes()

    def _digest(self, path: Path) -> str:
        state = path.stat()
        key = state.st_ino, state.st_mtime_ns, state.st_size
        if key not in self._known:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            if not (self._folder / digest).exists():
                (self._folder / digest).write_bytes(content)
            self._known[key] = digest
        return self._known[key]


def is_aside(path: str) -> bool:
    """Whether a path is, or is below, a draft or a scratch folder."""
    return any(is_draft(part) for part in Path(path).parts)


def strays(tree: Iterable[str]) -> list[str]:
    """Drafts and scratch folders, without what is below them."""
    return [
        path
        for path in tree
        if is_draft(Path(path).name) and not is_aside(str(Path(path).parent))
    ]


def broken(
    tree: Tree, depot: Depot, *, old: Tree, new: Tree, units: Iterable[str] = ()
) -> list[str]:
    """What no writer may leave: files that are neither the old nor the new ones, nor whole.

    Args:
        tree: What is there.
        depot: That has its files.
        old: What was there before the command.
        new: What is there after it.
        units: Directories that are whole or not there; those of the cache are.
    """
    cached = {name for path in tree if (name := _cached(path)) is not None}
    faults = [
        f"{path}: neither old nor new"
        for path, digest in tree.items()
        if digest
        and path != LOCK
        and not is_aside(path)
        and digest not in (old.get(path), new.get(path))
        and not _is_whole_checkpoint(path, digest, depot)
        and not (path == RECORD and record_state(tree, depot) == "whole")
    ]
    faults += [
        f"{name}: not whole"
        for name in {*units, *cached}
        if not any(_below(tree, name) == _below(side, name) for side in (old, new))
    ]
    whole = [f"{name}/" for name in {*units, *cached}]
    faults += [
        f"{path}: gone"
        for path in old
        if path not in tree and _stays(path, new) and not path.startswith(tuple(whole))
    ]
    return sorted(faults)


def _stays(path: str, new: Tree) -> bool:
    """Whether a file of before is there all the time; a record is taken away while it changes."""
    if "/" not in path:
        return True
    return path in new and path not in (LOCK, RECORD) and not path.endswith(".checkpoint")


def record_state(tree: Tree, depot: Depot) -> str:
    """``none``, ``whole``, or ``detected``: a file is not what the record says, which is checked."""
    if RECORD not in tree:
        return "none"
    files = json.loads(depot.content(tree[RECORD]))["files"]
    wrong = [name for name, digest in files.items() if tree.get(f"build/{name}") != digest]
    return "detected" if wrong else "whole"


def canonical(tree: Tree) -> Tree:
    """The same without what a name or content is drawn for anew by each run."""
    return {
        path: digest for path, digest in tree.items() if path != LOCK and not is_aside(path)
    }


def _is_whole_checkpoint(path: str, digest: str, depot: Depot) -> bool:
    if not path.endswith(".checkpoint"):
        return False
    content = depot.content(digest)
    return content[:DIGEST_CHARS].decode() == hashlib.sha256(content[DIGEST_CHARS:]).hexdigest()


def _cached(path: str) -> str | None:
    rest = path.removeprefix(CACHE)
    if rest == path or is_aside(path):
        return None
    return CACHE + rest.split("/")[0]


def _below(tree: Tree, name: str) -> Tree:
    return {path: digest for path, digest in tree.items() if path.startswith(f"{name}/")}
