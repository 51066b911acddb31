"""A choice is written whole, privately, and in one place; forgetting leaves nothing."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.errors import WriteError
from edgesmith_runtime.tuned import Choice, GraphCopy
from edgesmith_runtime.tuning.recording import (
    forget_choices,
    opened_folder,
    record_choice,
    record_graph,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.tuned import Setup

IDENTITY = "1f" * 32


def copy_of(content: bytes) -> GraphCopy:
    return GraphCopy(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_the_folder_is_private_to_its_user_whatever_the_mask(cache: Path) -> None:
    before = os.umask(0)
    try:
        folder = opened_folder(IDENTITY)
    finally:
        os.umask(before)

    assert folder == cache / "tuned" / IDENTITY
    modes = {stat.S_IMODE(made.stat().st_mode) for made in (cache, folder.parent, folder)}
    assert modes == {0o700}


def test_the_last_choice_stands_alone_with_its_copy(make_setup: Callable[..., Setup]) -> None:
    folder = opened_folder(IDENTITY)
    for content in (b"one", b"two"):
        copy = copy_of(content)
        record_graph(folder, copy, content)
        path = record_choice(
            folder, Choice(setup=make_setup(), reason=content.decode(), graph=copy)
        )

    assert {file.name for file in folder.iterdir()} == {path.name, copy_of(b"two").file}
    assert (folder / copy_of(b"two").file).read_bytes() == b"two"


def test_the_copy_of_another_hosts_choice_stays(make_setup: Callable[..., Setup]) -> None:
    folder = opened_folder(IDENTITY)
    copy = copy_of(b"one")
    record_graph(folder, copy, b"one")
    path = record_choice(folder, Choice(setup=make_setup(), reason="here", graph=copy))
    path.rename(path.with_stem("0" * 32))

    record_choice(folder, Choice(setup=make_setup(), reason="there"))

    assert (folder / copy.file).is_file()


def test_forgetting_counts_the_choices_and_leaves_nothing(
    make_setup: Callable[..., Setup],
) -> None:
    folder = opened_folder(IDENTITY)
    copy = copy_of(b"one")
    record_graph(folder, copy, b"one")
    record_choice(folder, Choice(setup=make_setup(), reason="here", graph=copy))

    assert forget_choices(IDENTITY) == 1
    assert not folder.exists()
    assert forget_choices(IDENTITY) == 0


def test_a_cache_that_cannot_be_made_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    with pytest.raises(WriteError, match=r"cannot be made: .*; set XDG_CACHE_HOME to a place"):
        opened_folder(IDENTITY)


def test_a_user_without_a_cache_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "nowhere")

    with pytest.raises(WriteError, match="this user has no cache folder; set XDG_CACHE_HOME"):
        opened_folder(IDENTITY)
