"""A choice is written whole, privately, and in one place; forgetting leaves nothing."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.errors import WriteError
from edgesmith_runtime.files import replacing
from edgesmith_runtime.tuned import Choice, GraphCopy
from edgesmith_runtime.tuning.recording import (
    close_folder,
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


def age_by_hours(path: Path, n_hours: float) -> None:
    then = path.stat().st_mtime - n_hours * 3600
    os.utime(path, (then, then))


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
        age_by_hours(record_graph(folder, copy, content), 2)
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
    age_by_hours(folder / copy.file, 2)

    record_choice(folder, Choice(setup=make_setup(), reason="there"))

    assert (folder / copy.file).is_file()


def test_a_young_copy_may_be_of_a_tuning_that_runs_and_stays(
    make_setup: Callable[..., Setup],
) -> None:
    folder = opened_folder(IDENTITY)
    path = record_graph(folder, copy_of(b"one"), b"one")

    record_choice(folder, Choice(setup=make_setup(), reason="of another process"))

    assert path.is_file()


def test_where_a_choice_cannot_be_read_no_copy_is_removed(
    make_setup: Callable[..., Setup],
) -> None:
    folder = opened_folder(IDENTITY)
    path = record_graph(folder, copy_of(b"one"), b"one")
    age_by_hours(path, 2)
    (folder / f"{'0' * 32}.json").symlink_to("elsewhere.json")

    record_choice(folder, Choice(setup=make_setup(), reason="here"))

    assert path.is_file()


def test_a_choice_that_cannot_be_written_leaves_no_copy(
    make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_draft: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder = opened_folder(IDENTITY)
    copy = copy_of(b"one")
    record_graph(folder, copy, b"one")
    monkeypatch.setattr(os, "replace", full)

    with pytest.raises(WriteError, match="No space left on device"):
        record_choice(folder, Choice(setup=make_setup(), reason="here", graph=copy))

    assert not list(folder.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_folder_that_others_write_to_is_refused_with_the_cure() -> None:
    opened_folder(IDENTITY).chmod(0o770)

    with pytest.raises(WriteError, match=r"got mode 770; edgesmith-runtime tune --forget"):
        opened_folder(IDENTITY)

    forget_choices(IDENTITY)
    assert opened_folder(IDENTITY).is_dir()


def test_closing_removes_an_empty_folder_alone(make_setup: Callable[..., Setup]) -> None:
    folder = opened_folder(IDENTITY)
    close_folder(folder)
    assert not folder.exists()

    path = record_choice(opened_folder(IDENTITY), Choice(setup=make_setup(), reason="here"))
    close_folder(folder)
    assert path.is_file()


def test_forgetting_leaves_what_another_process_writes(
    make_setup: Callable[..., Setup],
) -> None:
    folder = opened_folder(IDENTITY)
    record_choice(folder, Choice(setup=make_setup(), reason="here"))

    with replacing(folder / f"{'0' * 32}.json") as draft:
        draft.write_bytes(b"{}")
        assert forget_choices(IDENTITY) == 1
        assert list(folder.iterdir()) == [draft]


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
