"""What every writer leaves when it is killed, limited, interrupted or in a race: absent, old or new."""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import os
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.errors import WriteError
from edgesmith_runtime.files import (
    check_place,
    creating,
    is_draft,
    replacing,
    scratch,
    sweep,
    write_new,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

ROOT = Path(__file__).resolve().parents[2]
SMALL = [
    "bundle",
    "unpack",
    "report",
    "record",
    "candidates",
    "checkpoint",
    "cache",
    "new",
    "sign",
    "sign unpacked",
    "export",
]
DIGITS = "0" * 16
DRAFT = f".model.{DIGITS}.draft.keras"
OURS = {contextlib.__file__, sys.modules[replacing.__module__].__file__, __file__}


@pytest.fixture(scope="session")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Counts of faults by writer; in a process of its own, for it forks and others have threads."""
    folder = tmp_path_factory.mktemp("writers")
    results = folder / "writers.json"
    command = [sys.executable, str(ROOT / "benchmarks/check_writers.py"), "--quick"]
    options = ["--step", "7", "--work", str(folder / "work"), "--results", str(results)]
    ended = subprocess.run(
        [*command, *options, "--only", *SMALL, "training"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(results.read_text())["figures"]


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def fill(write: Callable[[Path], AbstractContextManager[Path]], place: Path) -> None:
    with write(place) as draft:
        file = draft / "a" if draft.is_dir() else draft
        file.write_bytes(b"new" * 3000)


def test_a_file_that_both_sides_have_and_is_gone_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    trees: Any = importlib.import_module("writer_faults.trees")
    side = {"build": "", "build/original.pb": "a", "build/record.json": "b", "page.html": "c"}

    faults = trees.broken({"build": ""}, trees.Depot(tmp_path), old=side, new=side)

    assert faults == ["build/original.pb: gone", "page.html: gone"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_killed_writer_leaves_whole_files_and_the_next_sweeps(
    name: str, figures: dict[str, Any]
) -> None:
    kills = figures[name]["kills"]

    assert kills["kills"] > 2
    assert kills["broken"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_limit_of_file_size_leaves_whole_files_and_a_reason(
    name: str, figures: dict[str, Any]
) -> None:
    limits = figures[name]["limits"]

    assert limits["clean errors"] > 1
    assert limits["broken"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_writers_at_once_leave_the_files_of_one(name: str, figures: dict[str, Any]) -> None:
    races = figures[name]["races"]

    assert races["done"] >= 1
    assert races["broken"] == 0


@pytest.mark.slow
def test_a_training_goes_on_from_what_a_kill_left_to_the_same_weights(
    figures: dict[str, Any],
) -> None:
    training = figures["training"]

    assert (training["same"], training["same of damaged"]) == (2, 2)
    assert (training["broken"], training["strays"]) == (0, 0)


@pytest.mark.parametrize("write", [replacing, creating], ids=["replacing", "creating"])
def test_an_interrupt_at_any_step_leaves_no_stray(tmp_path: Path, write: Any) -> None:
    number, was_interrupted = 0, True
    while was_interrupted:
        number += 1
        place = tmp_path / str(number)
        place.mkdir()
        was_interrupted = _interrupted_at(number, partial(fill, write, place / "a"))
        assert [name for name in names(place) if is_draft(name)] == []

    assert number > 50


def _interrupted_at(number: int, act: Callable[[], object]) -> bool:
    """Whether a signal's exception came before the k-th call, as a handler would raise it."""
    n_calls = 0

    def count(frame: Any, event: str, _argument: object) -> None:
        nonlocal n_calls
        is_ours = frame.f_code.co_filename in OURS and frame.f_code.co_name != "_interrupted_at"
        if event != "return" and is_ours:
            n_calls += 1
            if n_calls == number:
                sys.setprofile(None)
                raise KeyboardInterrupt

    sys.setprofile(count)
    try:
        act()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


@pytest.mark.parametrize(
    ("make", "kind"),
    [(os.mkfifo, "pipe"), (lambda path: path.symlink_to(os.devnull), "device")],
    ids=["pipe", "device"],
)
def test_what_is_no_file_is_not_replaced(tmp_path: Path, make: Any, kind: str) -> None:
    make(tmp_path / "a.json")
    before = (tmp_path / "a.json").lstat()

    with pytest.raises(WriteError) as caught:
        fill(replacing, tmp_path / "a.json")

    assert str(caught.value) == (
        f"{tmp_path}/a.json: expected a file or nothing, there is a {kind}; take another name"
    )
    assert (tmp_path / "a.json").lstat() == before
    assert names(tmp_path) == ["a.json"]


def test_a_link_to_a_file_is_replaced_and_the_file_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "a").symlink_to("mine")

    fill(replacing, tmp_path / "a")

    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert stat.S_ISREG((tmp_path / "a").lstat().st_mode)


def test_a_place_that_cannot_be_written_to_is_refused_before_the_work(tmp_path: Path) -> None:
    check_place(tmp_path / "a.html")

    with pytest.raises(WriteError, match=r"out/a\.html: cannot .* make its directory first"):
        check_place(tmp_path / "out" / "a.html")
    (tmp_path / "d").mkdir()
    with pytest.raises(WriteError, match=r"/d: cannot be written: Is a directory"):
        check_place(tmp_path / "d")
    assert names(tmp_path) == ["d"]


def test_a_sweep_takes_what_nobody_holds_and_nothing_else(tmp_path: Path) -> None:
    strays = [DRAFT, f".edgesmith.{DIGITS}.draft"]
    kept = [".a.draft.keras", "notes", f"model.{DIGITS}.draft", f".x.{DIGITS}.draft.pipe"]
    (tmp_path / strays[0]).write_bytes(b"")
    (tmp_path / strays[1]).mkdir()
    for name in kept[:3]:
        (tmp_path / name).write_bytes(b"")
    os.mkfifo(tmp_path / kept[3])

    with replacing(tmp_path / "held.bin") as draft:
        sweep(tmp_path)
        meanwhile = names(tmp_path)

    assert meanwhile == sorted([*kept, draft.name])


def test_a_scratch_folder_is_private_and_gone_after_its_work(tmp_path: Path) -> None:
    stray = tmp_path / f".edgesmith.{DIGITS}.draft"
    stray.mkdir()

    with scratch(tmp_path) as folder:
        (folder / "a").write_bytes(b"1")
        mode, there = folder.stat().st_mode, names(tmp_path)

    assert stat.S_IMODE(mode) == 0o700
    assert there == [folder.name]
    assert names(tmp_path) == []


def test_a_command_says_before_its_work_that_its_page_cannot_be_written(tmp_path: Path) -> None:
    page = tmp_path / "none" / "page.html"

    ended = subprocess.run(
        [sys.executable, "-m", "edgesmith", "bench", "no.edge", "--html", str(page)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr == (
        f"error: {page}: cannot be written: No such file or directory; make its directory first\n"
    )


def _fail_on_directories(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EACCES])
def test_a_directory_that_cannot_be_flushed_is_no_error(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail_on_directories(monkeypatch, number)

    fill(replacing, tmp_path / "a")

    assert (tmp_path / "a").read_bytes() == b"new" * 3000


def test_an_error_after_the_rename_says_that_the_file_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail_on_directories(monkeypatch, errno.EIO)

    with pytest.raises(WriteError) as caught:
        fill(replacing, tmp_path / "a")

    assert str(caught.value) == (
        f"{tmp_path}/a: is written, and a power loss may undo it: Input/output error; check the "
        "disk and write it again"
    )
    assert (tmp_path / "a").read_bytes() == b"new" * 3000


def test_a_draft_can_be_aside(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()

    with replacing(tmp_path / "kept" / "a", aside=tmp_path) as draft:
        draft.write_bytes(b"new" * 3000)
        assert draft.parent == tmp_path
        assert names(tmp_path / "kept") == []

    assert (names(tmp_path), names(tmp_path / "kept")) == (["kept"], ["a"])


def test_a_missing_place_for_a_draft_aside_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(WriteError) as caught,
        replacing(tmp_path / "a", aside=tmp_path / "absent"),
    ):
        pass

    assert str(caught.value) == (
        f"{tmp_path}/a: cannot be written, with its draft in {tmp_path}/absent: No such file or "
        "directory; make its directory first"
    )


@pytest.mark.parametrize("write", [replacing, creating])
def test_on_windows_no_draft_is_open_while_it_is_renamed(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")

    with write(tmp_path / "a") as draft:
        held = [one.resolve() for one in Path("/proc/self/fd").iterdir()]

    assert draft not in held
    assert names(tmp_path) == ["a"]


def test_a_new_file_replaces_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a", b"", mode=0o600)

    assert (tmp_path / "a").read_bytes() == b"old"
