"""A directory gives the files that it lists, and nothing but regular files."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.checksums import checksums, write_checksums
from edgesmith_runtime.errors import BundleError, SealError
from edgesmith_runtime.unpacked import read_regular, read_unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILES = {"model.onnx": b"model", "assets/a.txt": b"asset", "assets/inner/b.txt": b"inner"}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    place = tmp_path / "digits"
    for name, content in {**FILES, "SHA256SUMS": write_checksums(checksums(FILES))}.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place


def read(directory: Path) -> dict[str, bytes]:
    return read_unpacked(directory, unlisted={"SIGNATURE": 1024}, check=len)


def refusal(directory: Path) -> str:
    with pytest.raises(BundleError) as caught:
        read(directory)
    message = str(caught.value)
    assert message.startswith(str(directory))
    assert "\n" not in message
    return message.removeprefix(str(directory)).lstrip(":/ ")


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def test_all_files_are_read(directory: Path) -> None:
    assert read(directory) == {**FILES, "SHA256SUMS": write_checksums(checksums(FILES))}


def test_a_file_that_needs_no_listing_is_read(directory: Path) -> None:
    (directory / "SIGNATURE").write_bytes(b"seal")

    assert read(directory)["SIGNATURE"] == b"seal"


def test_a_file_that_needs_no_listing_has_a_limit_of_its_own(directory: Path) -> None:
    (directory / "SIGNATURE").write_bytes(bytes(1025))

    assert refusal(directory) == "SIGNATURE: expected at most 1024 bytes, got 1025"


def test_what_is_listed_is_read_after_the_check(directory: Path) -> None:
    (directory / "SIGNATURE").write_bytes(b"seal")

    def check(files: Mapping[str, bytes]) -> None:
        assert sorted(files) == ["SHA256SUMS", "SIGNATURE"]
        raise SealError("not signed by us")

    with pytest.raises(SealError) as caught:
        read_unpacked(directory, unlisted={"SIGNATURE": 1024}, check=check)
    assert str(caught.value) == f"{directory}: not signed by us"


def test_a_directory_without_sums_is_not_a_bundle(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        "not a bundle: the directory has no SHA256SUMS; give NAME.edge, or what "
        "`edgesmith unpack` made of it"
    )


@pytest.mark.parametrize("make", [make_fifo, make_socket])
@pytest.mark.parametrize("name", ["surplus", "model.onnx"])
def test_a_pipe_or_socket_is_refused(
    directory: Path, name: str, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / name).unlink(missing_ok=True)
    monkeypatch.chdir(directory)  # the path of a socket has at most 107 bytes
    make(Path(name))

    assert refusal(directory) == f"{name}: expected a regular file, got a device or a pipe"


def test_sums_that_are_a_pipe_are_refused_without_waiting(directory: Path) -> None:
    (directory / "SHA256SUMS").unlink()
    os.mkfifo(directory / "SHA256SUMS")

    assert refusal(directory) == (
        "SHA256SUMS: expected a regular file, got a folder, device or pipe"
    )


@pytest.mark.parametrize("name", ["model.onnx", "assets", "assets/inner", "surplus"])
def test_a_symbolic_link_is_refused(directory: Path, name: str) -> None:
    elsewhere = directory.parent / "elsewhere"
    if (directory / name).exists():
        (directory / name).rename(elsewhere)
    (directory / name).symlink_to(elsewhere)

    assert refusal(directory) == f"{name}: a bundle holds no symbolic links; unpack it again"


def test_sums_behind_a_symbolic_link_are_not_read(directory: Path) -> None:
    (directory / "SHA256SUMS").rename(directory.parent / "elsewhere")
    (directory / "SHA256SUMS").symlink_to(directory.parent / "elsewhere")

    with pytest.raises(OSError, match="SHA256SUMS"):
        read(directory)


@pytest.mark.parametrize("name", ["cache", "assets/cache", "assets/inner/b.txt"])
def test_a_folder_that_is_not_listed_is_refused(directory: Path, name: str) -> None:
    (directory / name).unlink(missing_ok=True)
    (directory / name).mkdir()

    assert refusal(directory) == f"{name}: a folder that SHA256SUMS does not list; remove it"


@pytest.mark.parametrize("name", ["assets/.DS_Store", "model.tflite", "ä\n.txt"])
def test_a_surplus_file_is_refused(directory: Path, name: str) -> None:
    (directory / name).write_bytes(b"")

    assert "not listed in SHA256SUMS; remove it, or copy the bundle again" in refusal(directory)


def test_a_missing_file_is_refused(directory: Path) -> None:
    (directory / "assets/a.txt").unlink()

    assert refusal(directory).startswith("assets/a.txt: listed in SHA256SUMS and missing")


def test_a_renamed_file_is_refused_with_both_names(directory: Path) -> None:
    (directory / "model.onnx").rename(directory / "model2.onnx")

    assert refusal(directory).startswith(
        "model.onnx: listed in SHA256SUMS and missing, model2.onnx is there and not listed"
    )


@pytest.mark.parametrize(
    ("name", "n_bytes", "limit"),
    [("SHA256SUMS", 1 << 40, 267_000), ("model.onnx", 1 << 31, (1 << 31) - 1)],
)
def test_a_file_above_its_limit_is_not_read(
    directory: Path, name: str, n_bytes: int, limit: int
) -> None:
    os.truncate(directory / name, n_bytes)

    assert refusal(directory) == f"{name}: expected at most {limit} bytes, got {n_bytes}"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_refused_before_anything_is_read(device: str) -> None:
    with pytest.raises(BundleError, match=rf"^{device}: expected a regular file, got a folder"):
        read_regular(Path(device), max_bytes=10, follow_links=True)


def test_a_link_is_followed_where_that_is_asked(directory: Path) -> None:
    (directory.parent / "link").symlink_to(directory / "model.onnx")

    assert read_regular(directory.parent / "link", max_bytes=9, follow_links=True) == b"model"


def test_a_file_of_several_names_is_read(directory: Path) -> None:
    (directory.parent / "other").hardlink_to(directory / "model.onnx")

    assert read(directory)["model.onnx"] == b"model"


def test_as_many_bytes_are_read_as_a_file_had_when_it_was_opened() -> None:
    growing = Path("/proc/self/status")  # its size is 0, and there is more to read
    if not growing.exists():
        pytest.skip("the system has no such file")

    with pytest.raises(
        BundleError, match=r"^/proc/self/status: its length changed while it was"
    ):
        read_regular(growing, max_bytes=1 << 20, follow_links=False)


def test_both_forms_have_the_same_limit(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgesmith_runtime.unpacked.MAX_ARCHIVE_BYTES", 12)

    assert refusal(directory) == "model.onnx: expected at most 2 bytes, got 5"


def test_a_folder_of_too_many_files_is_not_listed_to_its_end(directory: Path) -> None:
    for number in range(1100):
        (directory / f"{number}.txt").touch()

    assert "not listed in SHA256SUMS; remove it" in refusal(directory)
