from __future__ import annotations

import io
import struct
import tarfile
from typing import TYPE_CHECKING

from edgesmith.devices.parcel import Parcel, bundle_parts, runtime_parts, send_archive

if TYPE_CHECKING:
    from pathlib import Path


def _joined(stream: bytes) -> bytes:
    """The chunks behind their lengths as one; nothing follows the chunk without a length."""
    content, at = b"", 0
    while length := struct.unpack_from(">I", stream, at)[0]:
        content += stream[at + 4 : at + 4 + length]
        at += 4 + length
    assert at + 4 == len(stream)
    return content


def test_files_and_contents_arrive_under_their_names(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 200_000)
    stream = io.BytesIO()

    send_archive(stream, Parcel(parts={"bundle/a": file, "plan.json": b"{}"}), None)

    with tarfile.open(fileobj=io.BytesIO(_joined(stream.getvalue()))) as archive:
        contents = {
            entry.name: part.read()
            for entry in archive
            if (part := archive.extractfile(entry)) is not None
        }
    assert contents == {"bundle/a": b"x" * 200_000, "plan.json": b"{}"}


def test_the_runtime_goes_without_compiled_modules_and_with_its_version() -> None:
    parts = runtime_parts()

    assert "runtime/edgesmith_runtime/model.py" in parts
    assert any(name.startswith("runtime/edgesmith_runtime/serving/static/") for name in parts)
    assert not [name for name in parts if "__pycache__" in name]
    (metadata,) = [part for name, part in parts.items() if name.endswith("METADATA")]
    assert isinstance(metadata, bytes)
    assert b"\nName: edgesmith-runtime\n" in metadata


def test_a_folder_is_a_bundle_too(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    (folder / "artifacts").mkdir(parents=True)
    (folder / "artifacts" / "model.onnx").write_bytes(b"x")

    place, parts = bundle_parts(folder)

    assert place == "../bundle/tiny"
    assert list(parts) == ["bundle/tiny/artifacts/model.onnx"]
