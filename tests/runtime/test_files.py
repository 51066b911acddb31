"""Files are absent, old or new, whatever happens to their writer."""

from __future__ import annotations

import os
import resource
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.errors import WriteError
from edgesmith_runtime.files import creating, replacing, scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Fork = Callable[[Callable[[], object]], int]
    EndsBefore = Callable[[int, Callable[[], object]], bool]

OLD, NEW = b"old" * 1000, b"new" * 3000
KILLED = 77


def write_new(path: Path) -> None:
    with replacing(path) as draft, draft.open("wb") as file:
        file.write(NEW[:5000])
        file.flush()
        file.write(NEW[5000:])


def create_new(directory: Path) -> None:
    with creating(directory) as draft:
        (draft / "a").write_bytes(NEW)
        (draft / "inner").mkdir()
        (draft / "inner/b").write_bytes(NEW)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_file_appears_with_what_was_written(tmp_path: Path) -> None:
    write_new(tmp_path / "a.edge")

    assert (tmp_path / "a.edge").read_bytes() == NEW
    assert names(tmp_path) == ["a.edge"]


def test_a_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.edge").write_bytes(OLD)

    write_new(tmp_path / "a.edge")

    assert (tmp_path / "a.edge").read_bytes() == NEW


def test_the_old_file_is_there_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.edge").write_bytes(OLD)

    with replacing(tmp_path / "a.edge") as draft:
        draft.write_bytes(NEW)
        meanwhile = (tmp_path / "a.edge").read_bytes()

    assert meanwhile == OLD


def test_the_draft_has_the_suffix_of_its_target(tmp_path: Path) -> None:
    with replacing(tmp_path / "model.keras") as draft:
        draft.write_bytes(NEW)

        assert draft.suffix == ".keras"


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 250 + ".edge")

    write_new(path)

    assert path.read_bytes() == NEW


def test_a_new_file_has_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")

    write_new(tmp_path / "a.edge")

    assert (tmp_path / "a.edge").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt(), SystemExit(143)])
def test_an_error_of_the_caller_leaves_the_old_file_and_no_draft(
    tmp_path: Path, error: BaseException
) -> None:
    (tmp_path / "a.edge").write_bytes(OLD)

    with pytest.raises(type(error)), replacing(tmp_path / "a.edge") as draft:
        draft.write_bytes(NEW)
        raise error

    assert (tmp_path / "a.edge").read_bytes() == OLD
    assert names(tmp_path) == ["a.edge"]


def test_a_file_that_the_caller_cannot_read_is_not_a_write_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a.edge"):
        (tmp_path / "source").read_bytes()

    assert names(tmp_path) == []


def test_a_missing_directory_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(WriteError) as caught:
        write_new(tmp_path / "out" / "a.edge")

    assert str(caught.value) == (
        f"{tmp_path}/out/a.edge: cannot be written: No such file or directory; "
        "make its directory first"
    )


def test_a_directory_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.edge").mkdir()

    with pytest.raises(
        WriteError, match=r"a\.edge: cannot be written: Is a directory; .* another"
    ):
        write_new(tmp_path / "a.edge")

    assert names(tmp_path) == ["a.edge"]


def test_everything_is_on_the_disk_before_and_after_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noting_fsync(descriptor: int) -> None:
        fsync(descriptor)
        calls.append(f"fsync {Path(f'/proc/self/fd/{descriptor}').readlink()}")

    def noting_replace(source: Path, target: Path) -> None:
        replace(source, target)
        calls.append(f"rename {source}")

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "replace", noting_replace)

    with replacing(tmp_path / "a.edge") as draft:
        draft.write_bytes(NEW)

    assert calls == [f"fsync {draft}", f"rename {draft}", f"fsync {tmp_path}"]


@pytest.mark.parametrize("old", [None, OLD], ids=["absent", "old"])
def test_a_writer_killed_before_any_operation_leaves_absent_old_or_new(
    tmp_path: Path, old: bytes | None, ends_before_operation: EndsBefore
) -> None:
    path = tmp_path / "a.edge"
    seen: set[bytes | None] = set()
    number = 1
    while True:
        if old is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(old)
        if not ends_before_operation(number, partial(write_new, path)):
            break
        seen.add(path.read_bytes() if path.exists() else None)
        number += 1

    assert number > 20
    assert seen == {old, NEW}
    assert names(tmp_path) == ["a.edge"]


def test_a_directory_killed_before_any_operation_is_absent_or_whole(
    tmp_path: Path, ends_before_operation: EndsBefore
) -> None:
    seen: set[tuple[bytes, ...] | None] = set()
    number = 1
    while ends_before_operation(number, partial(create_new, tmp_path / str(number))):
        made = tmp_path / str(number)
        files = [made / "a", made / "inner/b"]
        seen.add(tuple(file.read_bytes() for file in files) if made.exists() else None)
        number += 1

    assert number > 20
    assert seen == {None, (NEW, NEW)}


@pytest.mark.parametrize(("begin", "write"), [(replacing, write_new), (creating, create_new)])
def test_the_draft_of_a_killed_writer_is_swept_by_the_next(
    tmp_path: Path, fork: Fork, begin: Callable[..., Any], write: Callable[[Path], None]
) -> None:
    def die() -> None:
        with begin(tmp_path / "a"):
            os._exit(KILLED)

    assert exit_code(fork(die)) == KILLED
    assert len(names(tmp_path)) == 1

    write(tmp_path / "a")

    assert names(tmp_path) == ["a"]


def test_the_draft_of_a_live_writer_is_not_swept(tmp_path: Path, fork: Fork) -> None:
    ready, go = os.pipe(), os.pipe()

    def wait() -> None:
        with replacing(tmp_path / "a.edge") as draft:
            draft.write_bytes(OLD)
            os.write(ready[1], b"1")
            os.read(go[0], 1)

    other = fork(wait)
    os.read(ready[0], 1)
    write_new(tmp_path / "a.edge")
    between = (tmp_path / "a.edge").read_bytes()
    os.write(go[1], b"1")

    assert exit_code(other) == 0
    assert between == NEW
    assert (tmp_path / "a.edge").read_bytes() == OLD
    assert names(tmp_path) == ["a.edge"]
    for descriptor in (*ready, *go):
        os.close(descriptor)


def test_files_that_only_look_alike_are_not_swept(tmp_path: Path) -> None:
    digits = "0" * 16
    alike = [
        ".a.edge",
        f".b.{digits}.draft.edge",
        f"a.{digits}.draft.edge",
        f".a.{digits}.draft",
    ]
    alike += [".a.0.draft.edge", f".a.b.{digits}.draft.edge"]
    for name in alike:
        (tmp_path / name).write_bytes(b"")

    write_new(tmp_path / "a.edge")

    assert names(tmp_path) == sorted([*alike, "a.edge"])


def test_four_writers_and_a_reader_never_see_a_mixture(tmp_path: Path, fork: Fork) -> None:
    path = tmp_path / "a.edge"
    contents = [bytes([65 + number]) * 200_000 for number in range(4)]
    path.write_bytes(contents[0])

    def write_often(content: bytes) -> None:
        for _ in range(10):
            with replacing(path) as draft:
                draft.write_bytes(content)

    writers = [fork(partial(write_often, content)) for content in contents]
    seen = {path.read_bytes() for _ in range(300)}

    assert [exit_code(writer) for writer in writers] == [0, 0, 0, 0]
    assert seen <= set(contents)
    assert path.read_bytes() in contents
    assert names(tmp_path) == ["a.edge"]


@pytest.mark.parametrize("limit", [0, 1, 4999, 5000, 5001, len(NEW) - 1])
def test_a_file_size_limit_leaves_the_old_file_and_says_so(
    tmp_path: Path, limit: int, fork: Fork
) -> None:
    path = tmp_path / "a.edge"
    path.write_bytes(OLD)
    out, into = os.pipe()

    def write_limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            write_new(path)
        except WriteError as error:
            os.write(into, str(error).encode())

    assert exit_code(fork(write_limited)) == 0
    message = os.read(out, 1000).decode()
    os.close(out)
    os.close(into)

    assert message == (
        f"{path}: cannot be written: File too large; raise the file size limit (ulimit -f)"
    )
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["a.edge"]


@contextmanager
def mounted(place: Path, options: str) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this host does not permit mounting")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_leaves_the_old_file_and_says_what_is_needed(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=64k"):
        path = tmp_path / "small/a.edge"
        path.write_bytes(OLD)

        with pytest.raises(WriteError) as caught, replacing(path, size_bytes=99_999) as draft:
            draft.write_bytes(b"x" * 99_999)

        assert path.read_bytes() == OLD
        assert names(path.parent) == ["a.edge"]
    assert str(caught.value) == (
        f"{path}: cannot be written: No space left on device (99999 bytes are needed); "
        "free some space"
    )


def test_a_read_only_place_leaves_the_old_file_and_says_so(tmp_path: Path) -> None:
    with mounted(tmp_path / "fixed", "size=64k"):
        path = tmp_path / "fixed/a.edge"
        path.write_bytes(OLD)
        subprocess.run(["mount", "-o", "remount,ro", str(path.parent)], check=True)

        with pytest.raises(WriteError) as caught:
            write_new(path)

        assert path.read_bytes() == OLD
    assert str(caught.value) == (
        f"{path}: cannot be written: Read-only file system; choose a place that you may write to"
    )


def test_a_directory_appears_with_what_was_written(tmp_path: Path) -> None:
    create_new(tmp_path / "d")

    assert (tmp_path / "d/inner/b").read_bytes() == NEW
    assert names(tmp_path) == ["d"]


def test_an_empty_directory_is_filled(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()

    create_new(tmp_path / "d")

    assert names(tmp_path / "d") == ["a", "inner"]


def test_a_directory_with_files_is_refused(tmp_path: Path) -> None:
    create_new(tmp_path / "d")

    with pytest.raises(WriteError, match=r"/d: expected a new directory, it has files; take"):
        create_new(tmp_path / "d")


def test_a_file_where_a_directory_shall_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d").write_bytes(OLD)

    with pytest.raises(
        WriteError, match=r"/d: expected a new directory, there is a file; take"
    ):
        create_new(tmp_path / "d")

    assert (tmp_path / "d").read_bytes() == OLD


def test_an_error_of_the_caller_leaves_no_directory(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), creating(tmp_path / "d") as draft:
        (draft / "a").write_bytes(NEW)
        raise RuntimeError

    assert names(tmp_path) == []


def test_threads_that_make_scratch_folders_in_one_place_do_not_sweep_each_other(
    tmp_path: Path,
) -> None:
    def work(_number: int) -> bool:
        with scratch(tmp_path) as folder:
            (folder / "a").write_bytes(NEW)
            return (folder / "a").read_bytes() == NEW

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(400)))

    assert names(tmp_path) == []
