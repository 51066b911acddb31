"""What is sent to a device: files under names, as one archive in chunks behind their lengths."""

from __future__ import annotations

import io
import struct
import tarfile
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import edgesmith_runtime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgesmith.devices.wheels import Wheels

__all__ = ["Parcel", "bundle_parts", "runtime_parts", "send_archive"]

CHUNK_BYTES = 1 << 16
# Beside the files: the modules' compiled form, and the tensors of a comparison.
SPARE_BYTES = 16_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Files to send.

    Args:
        parts: Where each goes below the folder of the session, and the file or its content.
    """

    parts: dict[str, Path | bytes] = field(default_factory=dict[str, "Path | bytes"])

    @property
    def size_bytes(self) -> int:
        """Room that they take on the device, and the work beside them."""
        return SPARE_BYTES + sum(
            part.stat().st_size if isinstance(part, Path) else len(part)
            for part in self.parts.values()
        )


def runtime_parts() -> dict[str, Path | bytes]:
    """The runtime that is installed here, with the version that its metadata tells."""
    package = Path(edgesmith_runtime.__file__).parent
    parts: dict[str, Path | bytes] = {
        f"runtime/{package.name}/{path.relative_to(package).as_posix()}": path
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    # Core metadata specifications: name and version are all that must be there. tune's record
    # and the description of a host look for it.
    number = version("edgesmith-runtime")
    text = f"Metadata-Version: 2.1\nName: edgesmith-runtime\nVersion: {number}\n"
    parts[f"runtime/edgesmith_runtime-{number}.dist-info/METADATA"] = text.encode()
    return parts


def bundle_parts(bundle: Path) -> tuple[str, dict[str, Path | bytes]]:
    """The bundle's path as work there sees it, and its files."""
    name = bundle.resolve().name
    if not bundle.is_dir():
        return f"../bundle/{name}", {f"bundle/{name}": bundle}
    return f"../bundle/{name}", {
        f"bundle/{name}/{path.relative_to(bundle).as_posix()}": path
        for path in sorted(bundle.rglob("*"))
        if path.is_file()
    }


def send_archive(stream: IO[bytes], parcel: Parcel, wheels: Wheels | None) -> None:
    """Write the archive to a stream, the wheels first.

    Args:
        stream: Standard input of our program on the device.
        parcel: What is sent every time.
        wheels: None where the device has kept them.
    """
    chunks = _Chunks(stream)
    with tarfile.open(fileobj=cast("IO[bytes]", chunks), mode="w|") as archive:
        packed = () if wheels is None else wheels.paths
        _add(archive, ((f"wheels/{path.name}", path) for path in packed))
        _add(archive, parcel.parts.items())
    stream.write(struct.pack(">I", 0))


def _add(archive: tarfile.TarFile, parts: Iterable[tuple[str, Path | bytes]]) -> None:
    for name, part in parts:
        entry = tarfile.TarInfo(name)
        if isinstance(part, bytes):
            entry.size = len(part)
            archive.addfile(entry, io.BytesIO(part))
            continue
        with part.open("rb") as file:
            entry.size = part.stat().st_size
            archive.addfile(entry, file)


class _Chunks:
    """What tarfile takes for a file to write to."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, content: bytes) -> int:
        for start in range(0, len(content), CHUNK_BYTES):
            chunk = content[start : start + CHUNK_BYTES]
            self._stream.write(struct.pack(">I", len(chunk)) + chunk)
        return len(content)
