"""A bundle is read whole and checked to the last bit, or refused by name."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.archive import archive_bytes
from edgesmith_runtime.bundle import (
    Bundle,
    make_bundle,
    read_bundle,
    unpack_bundle,
    write_bundle,
)
from edgesmith_runtime.errors import BundleError, WriteError
from edgesmith_runtime.manifest import Manifest, Output, Step
from edgesmith_runtime.manifest_json import write_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    EndsBefore = Callable[[int, Callable[[], object]], bool]

MODEL = bytes(range(256)) * 4
FILES = {
    "model.onnx": MODEL,
    "assets/bank.txt": b"a filter bank\n",
    "golden/0.jpg": b"\xff\xd8\xff not looked at here",
    "golden/samples.json": b"{}\n",
}
N_FLIPS = 500


@pytest.fixture(scope="module")
def manifest(tiny_manifest: Manifest) -> Manifest:
    step = Step(op="fill", inputs=("x",), outputs=("y",), asset="assets/bank.txt")
    return replace(tiny_manifest, transform=(*tiny_manifest.transform, step))


@pytest.fixture(scope="module")
def bundle(manifest: Manifest) -> Bundle:
    return make_bundle(manifest, FILES)


@pytest.fixture
def edge(bundle: Bundle, tmp_path: Path) -> Path:
    path = tmp_path / "small.edge"
    write_bundle(bundle, path)
    return path


@pytest.fixture
def unpacked(bundle: Bundle, tmp_path: Path) -> Path:
    directory = tmp_path / "small"
    unpack_bundle(bundle, directory)
    return directory


def refusal(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        read_bundle(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def with_sums(files: dict[str, bytes]) -> dict[str, bytes]:
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return {**files, "SHA256SUMS": "".join(lines).encode()}


def packed(path: Path, files: dict[str, bytes]) -> Path:
    path.write_bytes(b"".join(archive_bytes(files)))
    return path


def reseal(directory: Path) -> None:
    """Make SHA256SUMS fit what is there, so that only the check behind it is left."""
    files = {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    (directory / "SHA256SUMS").write_bytes(with_sums(files)["SHA256SUMS"])


def owners(path: Path) -> list[str]:
    """By byte of an archive, the member whose record or content it is in."""
    owner = ["archive directory"] * path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        entry = archive.start_dir
        for info in archive.infolist():
            size = 30 + len(info.filename) + info.file_size
            owner[info.header_offset : info.header_offset + size] = [info.filename] * size
            size = 46 + len(info.filename)
            owner[entry : entry + size] = [info.filename] * size
            entry += size
    return owner


def test_one_file_and_its_directory_are_the_same_bundle(
    bundle: Bundle, edge: Path, unpacked: Path
) -> None:
    from_file, from_directory = read_bundle(edge), read_bundle(unpacked)

    assert from_file.files == from_directory.files == bundle.files
    assert from_file.identity == from_directory.identity == bundle.identity
    assert from_file.manifest == from_directory.manifest == bundle.manifest


def test_the_identity_is_the_digest_of_the_sums(bundle: Bundle, unpacked: Path) -> None:
    sums = (unpacked / "SHA256SUMS").read_bytes()

    assert bundle.identity == hashlib.sha256(sums).hexdigest()


def test_the_same_files_give_the_same_bytes(
    manifest: Manifest, edge: Path, tmp_path: Path
) -> None:
    write_bundle(make_bundle(manifest, dict(reversed(FILES.items()))), tmp_path / "again.edge")

    assert (tmp_path / "again.edge").read_bytes() == edge.read_bytes()


def test_zipfile_reads_the_file(edge: Path, bundle: Bundle) -> None:
    with zipfile.ZipFile(edge) as archive:
        assert archive.namelist()[:2] == ["SHA256SUMS", "manifest.json"]
        assert {name: archive.read(name) for name in archive.namelist()[1:]} == bundle.files


def test_the_labels_stand_one_a_line(unpacked: Path) -> None:
    assert (unpacked / "labels.txt").read_text() == "ant\nbee\ncat\n"


def test_a_bundle_without_labels_has_no_labels_file(manifest: Manifest) -> None:
    unlabelled = replace(manifest, outputs=(Output(name="y", shape=()),))

    assert "labels.txt" not in make_bundle(unlabelled, FILES).files


def test_the_size_is_the_size_of_the_file(bundle: Bundle, edge: Path) -> None:
    assert bundle.size_bytes == edge.stat().st_size


@pytest.mark.parametrize("form", ["edge", "unpacked"])
def test_an_artifact_is_the_bytes_that_were_hashed(
    form: str, manifest: Manifest, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(form)
    read = read_bundle(path)
    shutil.rmtree(path) if path.is_dir() else path.write_bytes(b"gone")

    artifact = read.artifact("model.onnx")

    assert artifact.content == MODEL
    assert artifact.sha256 == hashlib.sha256(MODEL).hexdigest()
    assert artifact.size_bytes == len(MODEL)
    assert artifact.signature == manifest.artifact("model.onnx").signature


def test_an_unknown_artifact_lists_the_known(bundle: Bundle) -> None:
    with pytest.raises(BundleError, match=r"no artifact 'a\.tflite'; it has model\.onnx"):
        bundle.artifact("a.tflite")


def test_any_flipped_bit_of_the_file_is_refused_by_name(edge: Path) -> None:
    content, owner = edge.read_bytes(), owners(edge)
    bits = np.random.default_rng(3).choice(8 * len(content), N_FLIPS, replace=False).tolist()
    edges = [*range(32), *range(8 * len(content) - 8 * 22, 8 * len(content))]

    for bit in [*bits, *edges]:
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        edge.write_bytes(flipped)

        assert owner[bit // 8] in refusal(edge)


def test_any_flipped_bit_of_the_directory_is_refused_by_name(unpacked: Path) -> None:
    files = sorted(path for path in unpacked.rglob("*") if path.is_file())
    rng = np.random.default_rng(4)
    bits = [
        (path, bit)
        for path in files
        for bit in rng.permutation(8 * path.stat().st_size)[: N_FLIPS // 4].tolist()
    ]

    assert len(bits) >= N_FLIPS
    for path, bit in bits:
        content = path.read_bytes()
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)

        message = refusal(unpacked)
        path.write_bytes(content)

        assert path.relative_to(unpacked).as_posix() in message


def test_a_changed_file_says_what_to_do(unpacked: Path) -> None:
    (unpacked / "model.onnx").write_bytes(MODEL[::-1])

    assert refusal(unpacked) == (
        f"{unpacked}: model.onnx: its sha256 is not the one in SHA256SUMS; "
        "the file or SHA256SUMS was changed; copy the bundle again"
    )


def test_every_cut_of_the_file_is_refused(edge: Path) -> None:
    content = edge.read_bytes()

    for size in range(0, len(content), 7):
        edge.write_bytes(content[:size])

        assert "archive directory" in refusal(edge) or "not a bundle" in refusal(edge)


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    assert "no such file; expected a bundle: NAME.edge" in refusal(tmp_path / "none.edge")


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"\x89HDF\r\n\x1a\n" * 9], ids=["0", "2", "h5"]
)
def test_what_is_not_a_bundle_is_called_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.edge").write_bytes(content)

    assert "not a bundle: expected a canonical zip archive" in refusal(tmp_path / "x.edge")


@pytest.mark.parametrize("name", ["SHA256SUMS", "model.onnx"])
def test_a_symbolic_link_in_a_directory_is_refused(unpacked: Path, name: str) -> None:
    (unpacked / name).rename(unpacked.parent / "elsewhere")
    (unpacked / name).symlink_to(unpacked.parent / "elsewhere")

    assert name in refusal(unpacked)


def test_an_archive_that_is_not_a_bundle_is_called_so(tmp_path: Path) -> None:
    assert "not a bundle: it has no SHA256SUMS" in refusal(packed(tmp_path / "x", {"a": b""}))
    without = with_sums({"a": b""})
    assert "not a bundle: it has no manifest.json" in refusal(packed(tmp_path / "y", without))


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_refused_before_anything_is_read(device: str) -> None:
    assert "expected a regular file, got a folder, device or pipe" in refusal(Path(device))


def test_a_link_to_a_bundle_is_followed(edge: Path, bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "latest.edge").symlink_to(edge)

    assert read_bundle(tmp_path / "latest.edge").identity == bundle.identity


def test_a_surplus_file_is_refused_by_name(unpacked: Path) -> None:
    (unpacked / "assets/.DS_Store").write_bytes(b"")

    assert "assets/.DS_Store: not listed in SHA256SUMS; remove it" in refusal(unpacked)


def test_a_missing_file_is_refused_by_name(unpacked: Path) -> None:
    (unpacked / "assets/bank.txt").unlink()

    assert "assets/bank.txt: listed in SHA256SUMS and missing; copy the" in refusal(unpacked)


def test_a_file_that_the_manifest_does_not_name_is_refused(unpacked: Path) -> None:
    (unpacked / "notes.txt").write_bytes(b"")
    reseal(unpacked)

    assert "notes.txt: manifest.json does not name it; remove it" in refusal(unpacked)


@pytest.mark.parametrize("name", ["model.onnx", "assets/bank.txt", "labels.txt"])
def test_a_file_that_the_manifest_names_must_be_there(unpacked: Path, name: str) -> None:
    (unpacked / name).unlink()
    shutil.rmtree(unpacked / "assets", ignore_errors=name.startswith("assets"))
    reseal(unpacked)

    assert "manifest.json names it, and the bundle has no such file" in refusal(unpacked)


def test_labels_must_be_those_of_the_manifest(unpacked: Path) -> None:
    (unpacked / "labels.txt").write_text("ant\ncat\nbee\n")
    reseal(unpacked)

    assert "labels.txt: not the labels of manifest.json" in refusal(unpacked)


def test_a_fault_in_the_manifest_names_the_bundle_too(unpacked: Path) -> None:
    (unpacked / "manifest.json").write_bytes(b"{}")
    reseal(unpacked)

    assert refusal(unpacked) == f"{unpacked}: manifest.json: format: missing"


def test_a_newer_minor_format_may_have_files_that_are_unknown(
    unpacked: Path, manifest: Manifest
) -> None:
    (unpacked / "manifest.json").write_bytes(write_manifest(replace(manifest, format=(1, 7))))
    (unpacked / "plan.bin").write_bytes(b"new")
    reseal(unpacked)

    assert read_bundle(unpacked).files["plan.bin"] == b"new"


def test_a_newer_major_format_is_refused_with_both_numbers(
    unpacked: Path, manifest: Manifest
) -> None:
    (unpacked / "manifest.json").write_bytes(write_manifest(replace(manifest, format=(2, 0))))
    reseal(unpacked)

    assert "the bundle has format 2.0, this runtime reads 1.x" in refusal(unpacked)


def test_a_seal_is_kept_in_both_forms(bundle: Bundle, tmp_path: Path) -> None:
    sealed = replace(bundle, seal=b"key and signature")

    write_bundle(sealed, tmp_path / "a.edge")
    unpack_bundle(read_bundle(tmp_path / "a.edge"), tmp_path / "a")

    assert read_bundle(tmp_path / "a").seal == b"key and signature"
    assert "SIGNATURE" not in read_bundle(tmp_path / "a").files
    assert read_bundle(tmp_path / "a").identity == bundle.identity
    assert sealed.size_bytes == (tmp_path / "a.edge").stat().st_size


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"surplus.bin": b""}, "surplus.bin: manifest.json does not name it"),
        ({"manifest.json": b"{}"}, "manifest.json: made from the manifest; leave it out"),
        ({"labels.txt": b""}, "labels.txt: made from the manifest; leave it out"),
        ({"golden/a b": b""}, "golden/a b: not a name that a bundle takes"),
    ],
)
def test_a_bundle_that_could_not_be_read_is_not_made(
    manifest: Manifest, files: dict[str, bytes], reason: str
) -> None:
    with pytest.raises(BundleError) as caught:
        make_bundle(manifest, {**FILES, **files})

    assert str(caught.value).startswith(reason)


def test_a_bundle_without_its_model_is_not_made(manifest: Manifest) -> None:
    with pytest.raises(
        BundleError, match=r"^model\.onnx: manifest\.json names it, and the bundle"
    ):
        make_bundle(manifest, {"assets/bank.txt": b""})


def test_a_bundle_whose_files_changed_is_not_written(bundle: Bundle, tmp_path: Path) -> None:
    changed = replace(bundle, files={**bundle.files, "model.onnx": b"other"})

    with pytest.raises(BundleError, match="the files of this bundle changed since it was made"):
        write_bundle(changed, tmp_path / "a.edge")

    assert list(tmp_path.iterdir()) == []


def test_unpacking_into_a_directory_with_files_is_refused(
    bundle: Bundle, unpacked: Path
) -> None:
    with pytest.raises(WriteError, match="expected a new directory, it has files"):
        unpack_bundle(bundle, unpacked)

    assert read_bundle(unpacked).identity == bundle.identity


def test_a_writer_killed_before_any_operation_leaves_the_old_or_the_new_bundle(
    bundle: Bundle, edge: Path, manifest: Manifest, ends_before_operation: EndsBefore
) -> None:
    old = edge.read_bytes()
    new = make_bundle(manifest, {**FILES, "model.onnx": MODEL * 300})
    seen: set[str] = set()
    number = 1
    while ends_before_operation(number, partial(write_bundle, new, edge)):
        seen.add(read_bundle(edge).identity)
        edge.write_bytes(old)
        number += 1

    assert number > 20
    assert seen == {bundle.identity, new.identity}
    assert read_bundle(edge).identity == new.identity
