"""Archives of a good bundle gone bad: names, links, sizes, overlaps, bombs, other formats around or within them."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import warnings
import zipfile
from typing import TYPE_CHECKING

from edgesmith_runtime.archive import archive_bytes, archive_order
from edgesmith_runtime.checksums import SUMS, checksums, write_checksums
from edgesmith_runtime.spec import Format
from hostile.bases import base_archive, base_files
from hostile.bundles import archive_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DATE = (1980, 1, 1, 0, 0, 0)
_END = b"PK\5\6"
_CENTRAL = b"PK\1\2"


def _members() -> dict[str, bytes]:
    files = dict(base_files(Format.ONNX))
    files[SUMS] = write_checksums(checksums(files))
    return {name: files[name] for name in archive_order(files)}


def _info(name: str, **fields: object) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system, info.create_version, info.external_attr = 0, 20, 0
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def _zipped(*more: tuple[zipfile.ZipInfo, bytes], comment: bytes = b"") -> bytes:
    """The good members, then others, as zipfile writes them."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")  # it warns of names that stand twice
        for name, content in _members().items():
            archive.writestr(_info(name), content)
        for info, content in more:
            archive.writestr(info, content)
        archive.comment = comment
    return file.getvalue()


def _named(name: str, **fields: object) -> Callable[[], bytes]:
    return lambda: _zipped((_info(name, **fields), b"content"))


def _moded(mode: int) -> Callable[[], bytes]:
    return _named("assets/link", external_attr=mode << 16, create_system=3)


def _packed(method: int, size: int = 1 << 20) -> Callable[[], bytes]:
    return lambda: _zipped((_info("assets/a.json", compress_type=method), bytes(size)))


def _edited(edit: Callable[[bytearray, int], None]) -> Callable[[], bytes]:
    """The good archive with an edit, which gets where the directory starts."""

    def build() -> bytes:
        content = bytearray(base_archive(Format.ONNX))
        edit(content, content.find(_CENTRAL))
        return bytes(content)

    return build


def _written(
    at: int, packing: str, value: int, *, of: str = "directory"
) -> Callable[[], bytes]:
    def edit(content: bytearray, directory: int) -> None:
        start = {"directory": directory, "end": content.rfind(_END), "local": 0}[of]
        struct.pack_into(packing, content, start + at, value)

    return _edited(edit)


def _overlapping(content: bytearray, directory: int) -> None:
    """The second member is at the place of the first."""
    second = content.find(_CENTRAL, directory + 4)
    struct.pack_into("<L", content, second + 42, 0)


def _zip64(content: bytearray, directory: int) -> None:
    end = content.rfind(_END)
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, end - directory, directory
    )
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    content[end:end] = record + locator


def _other_local_name(content: bytearray, directory: int) -> None:
    at = content.find(SUMS.encode(), 0, directory)
    content[at : at + len(SUMS)] = SUMS.lower().encode()


def _members_edited(
    edit: Callable[[dict[str, bytes]], object], *, digests: bool
) -> Callable[[], bytes]:
    def build() -> bytes:
        members = _members()
        edit(members)
        return archive_of(members) if digests else b"".join(archive_bytes(members))

    return build


def _sums(edit: Callable[[bytes], bytes]) -> Callable[[], bytes]:
    return _members_edited(lambda m: m.update({SUMS: edit(m[SUMS])}), digests=False)


def _many() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(50_000):
            archive.writestr(_info(f"{number}"), b"")
    return file.getvalue()


def _tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("model.onnx")
        archive.addfile(info, io.BytesIO())
    return file.getvalue()


_FRONTS = {
    "shell": b"#!/bin/sh\nexit\n",
    "elf": b"\x7fELF\2\1\1" + bytes(57),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(25),
    "gif": b"GIF89a" + bytes(7),
    "jpeg": b"\xff\xd8\xff\xe0" + bytes(16),
    "pdf": b"%PDF-1.7\n",
    "html": b"<html><script>alert(1)</script>",
    "exe": b"MZ" + bytes(62),
    "one_byte": b"\0",
}  # fmt: skip


def hostile_archives() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Names and builders."""
    good = base_archive(Format.ONNX)
    model = "model.onnx"
    yield from {
        "parent": _named("../a"),
        "inner_parent": _named("a/../../b"),
        "absolute": _named("/etc/cron.d/a"),
        "drive": _named("C:\\a"),
        "share": _named("\\\\host\\share\\a"),
        "backslash": _named("assets\\a"),
        "nul_name": lambda: _zipped((_info("assets/aXb"), b"")).replace(b"aXb", b"a\0b"),
        "line_break": _named("a\nb"),
        "other_script": _named("\u0430.json"),
        "right_to_left": _named("\u202egnp.json"),
        "device_name": _named("assets/aux.json"),
        "stream": _named("model.onnx:stream"),
        "dot_file": _named("assets/.hidden"),
        "folder": _named("assets/"),
        "long_name": _named("a" * 5000),
        "duplicate": _named(model),
        "case_twin": _named("MODEL.onnx"),
        "file_and_folder": _named("model.onnx/a"),
        "symbolic_link": _moded(stat.S_IFLNK | 0o777),
        "character_device": _moded(stat.S_IFCHR | 0o666),
        "block_device": _moded(stat.S_IFBLK | 0o666),
        "fifo": _moded(stat.S_IFIFO | 0o666),
        "socket": _moded(stat.S_IFSOCK | 0o666),
        "set_user_id": _moded(stat.S_IFREG | 0o4777),
        "deflated": _packed(zipfile.ZIP_DEFLATED),
        "bomb": _packed(zipfile.ZIP_DEFLATED, 64 << 20),
        "bzip2": _packed(zipfile.ZIP_BZIP2),
        "lzma": _packed(zipfile.ZIP_LZMA),
        "many_members": _many,
        "comment": lambda: _zipped(comment=b"note"),
        "comment_that_is_a_zip": lambda: _zipped(comment=good[:200]),
        "other_date": lambda: _zipped((_info("a.json", date_time=(2024, 1, 1, 0, 0, 0)), b"")),
        "extra_field": _named("a.json", extra=struct.pack("<2H4s", 0x5455, 4, b"abcd")),
        "unicode_path_field": _named(
            "a.json", extra=struct.pack("<2HBL6s", 0x7075, 11, 1, 0, b"../etc")
        ),
        "zip64_field": _named("a.json", extra=struct.pack("<2HQ", 1, 8, 1 << 40)),
        "zip64_end": _edited(_zip64),
        "overlap": _edited(_overlapping),
        "size_above": _written(24, "<L", 1 << 30),
        "size_below": _written(24, "<L", 3),
        "size_4_gib": _written(24, "<L", 0xFFFFFFFF),
        "stored_size_forged": _written(20, "<L", 1),
        "stored_size_zero": _written(20, "<L", 0),
        "offset_above": _written(42, "<L", 0xFFFFFFF0),
        "crc_zero": _written(16, "<L", 0),
        "encrypted": _written(8, "<H", 1),
        "data_descriptor": _written(8, "<H", 8),
        "second_disk": _written(34, "<H", 1),
        "local_size": _written(22, "<L", 1, of="local"),
        "local_name": _edited(_other_local_name),
        "count_above": _written(10, "<H", 0xFFFF, of="end"),
        "count_zero": _written(10, "<H", 0, of="end"),
        "directory_size": _written(12, "<L", 1 << 31, of="end"),
        "directory_offset": _written(16, "<L", 0, of="end"),
        "two_archives": lambda: good + good,
        "archive_within": lambda: good[:-22] + good,
        "tail": lambda: good + b"\0",
        "cut_head": lambda: good[1:],
        "cut_tail": lambda: good[:-1],
        "empty": lambda: b"",
        "empty_zip": lambda: _END + bytes(18),
        "gzip": lambda: gzip.compress(good),
        "tar": _tarred,
        "surplus_member": _members_edited(
            lambda m: m.update({"assets/a.json": b"[]"}), digests=False
        ),
        "surplus_listed": _members_edited(
            lambda m: m.update({"assets/a.json": b"[]"}), digests=True
        ),
        "missing_member": _members_edited(lambda m: m.pop(model), digests=False),
        "missing_listed": _members_edited(lambda m: m.pop(model), digests=True),
        "missing_manifest": _members_edited(lambda m: m.pop("manifest.json"), digests=True),
        "missing_sums": _members_edited(lambda m: m.pop(SUMS), digests=False),
        "other_content": _members_edited(lambda m: m.update({model: b"x"}), digests=False),
        "wrong_order": lambda: _zipped((_info("a.json"), b"")),
        "sums_empty": _sums(lambda s: s[:0]),
        "sums_crlf": _sums(lambda s: s.replace(b"\n", b"\r\n")),
        "sums_upper_case": _sums(bytes.upper),
        "sums_no_end": _sums(lambda s: s[:-1]),
        "sums_twice": _sums(lambda s: s + s),
        "sums_unsorted": _sums(lambda s: b"\n".join(s.split(b"\n")[-2::-1]) + b"\n"),
        "sums_parent": _sums(lambda s: s.replace(model.encode(), b"../m.onnx")),
        "sums_binary_mode": _sums(lambda s: s.replace(b"  ", b" *")),
        "sums_of_sums": _sums(lambda s: s.replace(model.encode(), b"SHA256SUMS")),
    }.items()
    for kind, front in _FRONTS.items():
        yield f"{kind}_and_zip", lambda front=front: front + good
        yield f"zip_and_{kind}", lambda front=front: good + front
