"""The canonical zip: one sequence of bytes for one set of files, and no other is read.

Stored members without gaps, fixed dates, no extra fields, no comments, no zip64; the format is
PKWARE's APPNOTE 6.3.10, whose sections the three records below cite.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "MAX_ARCHIVE_BYTES",
    "MAX_MEMBERS",
    "MAX_MEMBER_BYTES",
    "MAX_NAME_BYTES",
    "archive_bytes",
    "archive_order",
    "archive_size",
    "check_names",
    "folders_of",
    "one_line",
    "read_archive",
]

MAX_MEMBERS = 1000
MAX_NAME_BYTES = 200
MAX_MEMBER_BYTES = (1 << 31) - 1
MAX_ARCHIVE_BYTES = (1 << 32) - 1  # offsets have 32 bits without zip64

_FIRST = ("SHA256SUMS", "SIGNATURE", "manifest.json")

_SEGMENT = r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?"  # Windows drops a dot at the end
_NAME = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(10)
}

_VERSION = 20
_DATE = 1 << 5 | 1  # 1980-01-01, the first that a zip can say


@record()
class _Layout:
    """The fixed part of a record: its fields in order, and the magic number it starts with."""

    fields: tuple[str, ...]
    packing: struct.Struct
    magic: bytes

    def pack(self, **values: int) -> bytes:
        """The bytes of a record; a field that is not given is 0."""
        return self.magic + self.packing.pack(*(values.get(name, 0) for name in self.fields))

    def unpack(self, content: bytes | memoryview) -> dict[str, int]:
        """The fields of a record, whatever its magic number."""
        values = self.packing.unpack(content[4 : self.size])
        return dict(zip(self.fields, values, strict=True))

    @property
    def size(self) -> int:
        return 4 + self.packing.size


_COMMON = ("version", "flags", "method", "time", "date", "crc32", "stored_size", "size")
_LOCAL = _Layout(  # 4.3.7
    (*_COMMON, "name_size", "extra_size"),
    struct.Struct("<5H3L2H"),
    b"PK\x03\x04",
)
_CENTRAL = _Layout(  # 4.3.12
    ("made_by", *_COMMON, "name_size", "extra_size", "comment_size", "disk", "internal",
     "external", "offset"),
    struct.Struct("<6H3L5H2L"),
    b"PK\x01\x02",
)  # fmt: skip
_END = _Layout(  # 4.3.16
    ("disk", "directory_disk", "n_here", "n_members", "size", "offset", "comment_size"),
    struct.Struct("<4H2LH"),
    b"PK\x05\x06",
)


def check_names(names: Iterable[str]) -> None:
    """Refuse names that some system would take for another file, or for another place.

    Raises:
        BundleError: A name is not relative segments of ``A-Z a-z 0-9 . _ -``, is too long, stands
            twice, differs from another in case alone, or is a file and a folder.
    """
    files = list(names)
    if len(files) > MAX_MEMBERS:
        raise BundleError(f"expected at most {MAX_MEMBERS} files, got {len(files)}")
    spellings: dict[str, str] = {}
    for name in files:
        _check_name(name)
        for path in (*folders_of(name), name):
            spelling = spellings.setdefault(path.lower(), path)
            if spelling != path:
                raise BundleError(
                    f"{path}: differs from {spelling} in upper and lower case alone"
                )
    folders = {folder for name in files for folder in folders_of(name)}
    seen: set[str] = set()
    for name in files:
        if name in seen:
            raise BundleError(f"{name}: stands twice")
        if name in folders:
            raise BundleError(f"{name}: is a file and a folder")
        seen.add(name)


def folders_of(name: str) -> list[str]:
    """The folders that a file is in, the outermost first: of ``a/b/c`` it is ``a`` and ``a/b``."""
    return [name[:at] for at, letter in enumerate(name) if letter == "/"]


def _check_name(name: str) -> None:
    devices = {segment.split(".", 1)[0].lower() for segment in name.split("/")} & _DEVICES
    if len(name) > MAX_NAME_BYTES or devices or not _NAME.fullmatch(name):
        raise BundleError(
            f"{one_line(name)}: not a name that a bundle takes; "
            f"expected at most {MAX_NAME_BYTES} bytes of relative segments of A-Z a-z 0-9 . _ - "
            "without a dot at either end and without device names such as 'nul'"
        )


def one_line(name: str) -> str:
    """A name for a message: printable and on one line, whatever it holds."""
    cut = name[:MAX_NAME_BYTES]
    if cut.isascii() and cut.isprintable() and "\\" not in cut:
        return cut  # nearly always, and it spares the import of a codec
    return cut.encode("unicode_escape").decode("ascii")


def _shown(name: bytes) -> str:
    return one_line(name[:MAX_NAME_BYTES].decode("latin-1"))


def archive_order(names: Iterable[str]) -> list[str]:
    """The one order of the members: SHA256SUMS, SIGNATURE, manifest.json, the rest sorted."""
    return sorted(names, key=lambda name: (name not in _FIRST, name))


def archive_size(sizes: Mapping[str, int]) -> int:
    """Bytes of the archive that holds members of these sizes."""
    records = sum(_LOCAL.size + _CENTRAL.size + 2 * len(name) for name in sizes)
    return records + sum(sizes.values()) + _END.size


def archive_bytes(files: Mapping[str, bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """The archive piece by piece, the members themselves uncopied.

    Args:
        files: Content by name.

    Raises:
        BundleError: Before the first piece: a name that a bundle does not take, or a size that
            its records cannot say.
    """
    check_names(files)
    for name, content in files.items():
        if len(content) > MAX_MEMBER_BYTES:
            raise BundleError(
                f"{name}: expected less than 2 GiB, got {len(content)} bytes; "
                "make the model smaller, or split it"
            )
    size = archive_size({name: len(content) for name, content in files.items()})
    if size > MAX_ARCHIVE_BYTES:
        raise BundleError(f"expected a bundle of less than 4 GiB, got {size} bytes; split it")
    return _pieces(files)


def _pieces(files: Mapping[str, bytes | memoryview]) -> Iterator[bytes | memoryview]:
    offset = 0
    directory: list[bytes] = []
    for name in archive_order(files):
        content, encoded = files[name], name.encode("ascii")
        crc32 = zlib.crc32(content)
        local = _local(encoded, crc32, len(content))
        directory.append(_central(encoded, crc32, len(content), offset))
        offset += len(local) + len(content)
        yield local
        yield content
    yield from directory
    yield _end(len(directory), sum(map(len, directory)), offset)


def _local(name: bytes, crc32: int, size: int) -> bytes:
    return _LOCAL.pack(
        version=_VERSION,
        date=_DATE,
        crc32=crc32,
        stored_size=size,
        size=size,
        name_size=len(name),
    ) + name  # fmt: skip


def _central(name: bytes, crc32: int, size: int, offset: int) -> bytes:
    return _CENTRAL.pack(
        made_by=_VERSION,
        version=_VERSION,
        date=_DATE,
        crc32=crc32,
        stored_size=size,
        size=size,
        name_size=len(name),
        offset=offset,
    ) + name  # fmt: skip


def _end(n_members: int, size: int, offset: int) -> bytes:
    return _END.pack(n_here=n_members, n_members=n_members, size=size, offset=offset)


def read_archive(content: bytes | memoryview, name: str) -> dict[str, memoryview]:
    """Take a canonical archive apart without copying.

    The names and sizes in the archive directory say what the whole archive must look like; it is
    compared with what is there, record by record, and whatever differs is refused.

    Args:
        content: The whole archive.
        name: What messages call it.

    Returns:
        Views into ``content`` by name, in the order of the archive.

    Raises:
        BundleError: Not an archive, or not a canonical one. The message names the member whose
            record or content differs, or ``archive directory``.
    """
    try:
        return _members(memoryview(content))
    except BundleError as error:
        raise BundleError(f"{name}: {error}") from error


def _members(content: memoryview) -> dict[str, memoryview]:
    n_members, start = _directory(content)
    end = len(content) - _END.size
    names: list[str] = []
    contents: list[memoryview] = []
    at, entry = 0, start
    for _ in range(n_members):
        name, member = _member(content[:start], content[entry:end], at)
        names.append(name.decode("latin-1"))
        contents.append(member)
        at += _LOCAL.size + len(name) + len(member)
        entry += _CENTRAL.size + len(name)
    if (at, entry) != (start, end):
        raise _damage(
            "archive directory", f"{start - at + end - entry} bytes belong to no file"
        )
    check_names(names)
    if names != archive_order(names):
        raise _damage("archive directory", f"expected {archive_order(names)}, got {names}")
    return dict(zip(names, contents, strict=True))


def _member(members: memoryview, directory: memoryview, at: int) -> tuple[bytes, memoryview]:
    """The name and content of the member at ``at``, whose record ``directory`` starts with."""
    if len(directory) < _CENTRAL.size:
        raise _damage("archive directory", "it ends before its last record")
    said = _CENTRAL.unpack(directory)
    name = bytes(directory[_CENTRAL.size :][: said["name_size"]])
    content = members[at + _LOCAL.size + len(name) :][: said["size"]]
    who = _both_names(name, members[at:])
    if len(name) < said["name_size"] or len(content) < said["size"]:
        raise _damage(who, "its record in the archive speaks of more bytes than there are")
    local = _local(name, said["crc32"], said["size"])
    central = _central(name, said["crc32"], said["size"], at)
    _compare(who, _LOCAL, local, members[at:])
    _compare(who, _CENTRAL, central, directory)
    if zlib.crc32(content) != said["crc32"]:
        raise _damage(who, "its content is not the one that its CRC-32 was taken of")
    return name, content


def _both_names(name: bytes, members: memoryview) -> str:
    """The name in the archive directory, with the one in the member's own record if it differs."""
    is_record = len(members) >= _LOCAL.size and bytes(members[:4]) == _LOCAL.magic
    size = _LOCAL.unpack(members)["name_size"] if is_record else 0
    own = bytes(members[_LOCAL.size :][:size]) if is_record else name
    return _shown(name) if own == name else f"{_shown(name)} (or {_shown(own)})"


def _compare(who: str, layout: _Layout, expected: bytes, content: memoryview) -> None:
    """Refuse a record that is not the canonical one; the message names the field."""
    found = bytes(content[: len(expected)])
    if found == expected:
        return
    if len(found) == len(expected) and found[:4] == layout.magic:
        wanted, there = layout.unpack(expected), layout.unpack(found)
        for field in layout.fields:
            if wanted[field] != there[field]:
                what = (
                    f"its record in the archive has {field} {there[field]}, not {wanted[field]}"
                )
                raise _damage(who, what)
    raise _damage(who, "its record in the archive is not where and as it must be")


def _directory(content: memoryview) -> tuple[int, int]:
    """How many members the archive has, and where its directory starts."""
    end = bytes(content[max(0, len(content) - _END.size) :])
    if len(end) < _END.size or (bytes(content[:4]) != _LOCAL.magic and end[:4] != _END.magic):
        raise BundleError(
            f"not a bundle: expected a canonical zip archive, got {len(content)} other bytes; "
            "a bundle is written by edgesmith"
        )
    fields = _END.unpack(end)
    n_members, size, offset = fields["n_members"], fields["size"], fields["offset"]
    if end != _end(n_members, size, offset) or offset + size + _END.size != len(content):
        raise _damage("archive directory", "the record at the end does not fit the file")
    if n_members > MAX_MEMBERS:
        raise BundleError(f"archive directory: expected at most {MAX_MEMBERS} files")
    return n_members, offset


def _damage(where: str, what: str) -> BundleError:
    return BundleError(
        f"{where}: {what}; the file was changed or not written by edgesmith: copy the bundle again"
    )
