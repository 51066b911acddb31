"""The canonical zip, against zipfile and against archives built by hand."""

from __future__ import annotations

import io
import mmap
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edgesmith_runtime.archive import (
    archive_bytes,
    archive_order,
    archive_size,
    read_archive,
)
from edgesmith_runtime.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = {
    "SHA256SUMS": b"sums",
    "manifest.json": b"{}",
    "assets/a.txt": b"a" * 40,
    "b.onnx": b"",
}


@dataclass
class Member:
    """One member as bytes say it; ``local`` and ``central`` overwrite fields by their place."""

    name: bytes
    content: bytes = b"content"
    local: dict[int, int] = field(default_factory=dict)
    central: dict[int, int] = field(default_factory=dict)
    local_name: bytes | None = None
    local_tail: bytes = b""
    central_tail: bytes = b""
    gap: bytes = b""
    offset: int | None = None
    is_listed: bool = True


METHOD, FLAGS, DATE, CRC, STORED, SIZE, EXTRA = 3, 2, 5, 6, 7, 8, 10
MADE_BY = 1  # a central record has this field more, so the others are one place further
COMMENT, ATTRIBUTES, OFFSET = 12, 15, 16


def by_hand(
    members: list[Member], end: dict[int, int] | None = None, tail: bytes = b""
) -> bytes:
    body, directory = bytearray(), bytearray()
    for member in members:
        body += member.gap
        offset = len(body) if member.offset is None else member.offset
        crc, size = zlib.crc32(member.content), len(member.content)
        local_name = member.name if member.local_name is None else member.local_name
        local = [b"PK\3\4", 20, 0, 0, 0, 33, crc, size, size, len(local_name), 0]
        central = [b"PK\1\2", 20, 20, 0, 0, 0, 33, crc, size, size, len(member.name), 0]
        central += [0, 0, 0, 0, offset]
        for place, value in member.local.items():
            local[place] = value
        for place, value in member.central.items():
            central[place] = value
        body += struct.pack("<4s5H3L2H", *local) + local_name + member.local_tail
        body += member.content
        if member.is_listed:
            directory += (
                struct.pack("<4s6H3L5H2L", *central) + member.name + member.central_tail
            )
    n_listed = sum(member.is_listed for member in members)
    last = [b"PK\5\6", 0, 0, n_listed, n_listed, len(directory), len(body), 0]
    for place, value in (end or {}).items():
        last[place] = value
    return bytes(body + directory) + struct.pack("<4s4H2LH", *last) + tail


def named(*names: bytes) -> bytes:
    return by_hand([Member(name) for name in names])


def both(place: int, value: int, tail: bytes = b"") -> bytes:
    local, central = {place: value}, {place + 1: value}
    return by_hand(
        [Member(b"a", local=local, central=central, local_tail=tail, central_tail=tail)]
    )


def deflated() -> bytes:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(b"a" * 99) + packer.flush()
    fields = {METHOD: 8, CRC: zlib.crc32(b"a" * 99), SIZE: 99}
    central = {place + 1: value for place, value in fields.items()}
    return by_hand([Member(b"a", packed, local=fields, central=central)])


GOOD = Member(b"a")
HOSTILE = {
    "parent": (named(b"../a"), "../a: not a name that a bundle takes"),
    "inner_parent": (named(b"a/../../b"), "a/../../b: not a name"),
    "absolute": (named(b"/etc/passwd"), "/etc/passwd: not a name"),
    "drive": (named(b"C:a"), "C:a: not a name"),
    "backslash": (named(b"a\\b"), r"a\\b: not a name"),
    "nul_byte": (named(b"a\0b"), r"a\x00b: not a name"),
    "line_break": (named(b"a\nb"), r"a\nb: not a name"),
    "not_ascii": (named("ä".encode()), "not a name"),
    "device": (named(b"assets/NUL.txt"), "assets/NUL.txt: not a name"),
    "hidden": (named(b".a"), ".a: not a name"),
    "dot_at_end": (named(b"a."), "a.: not a name"),
    "empty_name": (named(b""), "not a name"),
    "folder_entry": (named(b"assets/"), "assets/: not a name"),
    "empty_segment": (named(b"a//b"), "a//b: not a name"),
    "long_name": (named(b"a" * 201), "at most 200 bytes"),
    "duplicate": (named(b"a", b"a"), "a: stands twice"),
    "case_twins": (named(b"A.txt", b"a.txt"), "a.txt: differs from A.txt"),
    "folder_case_twins": (named(b"A/b", b"a/c"), "a: differs from A"),
    "file_and_folder": (named(b"a", b"a/b"), "a: is a file and a folder"),
    "too_many": (named(*(b"%04d" % n for n in range(1001))), "at most 1000 files"),
    "wrong_order": (named(b"b", b"a"), "archive directory: expected ['a', 'b']"),
    "sums_not_first": (named(b"a", b"SHA256SUMS"), "archive directory: expected ['SHA256SUMS'"),
    "prefix_junk": (b"#!/bin/sh\n" + named(b"a"), "archive directory: the record at the end"),
    "prefix_in_offsets": (
        by_hand([Member(b"a", gap=b"#!/bin/sh\n")]),
        "a: its record in the archive is not where",
    ),
    "suffix_junk": (named(b"a") + b"junk", "archive directory: the record at the end"),
    "second_end": (named(b"a") + named(b"b"), "archive directory: the record at the end"),
    "archive_comment": (by_hand([GOOD], end={7: 4}, tail=b"note"), "archive directory"),
    "member_comment": (
        by_hand([Member(b"a", central={COMMENT: 4}, central_tail=b"note")]),
        "a: its record in the archive has comment_size 4, not 0",
    ),
    "local_extra": (
        by_hand([Member(b"a", local={EXTRA: 4}, local_tail=b"\1\0\0\0")]),
        "a: its record in the archive has extra_size 4, not 0",
    ),
    "central_extra": (
        by_hand([Member(b"a", central={EXTRA + 1: 4}, central_tail=b"\1\0\0\0")]),
        "a: its record in the archive has extra_size 4, not 0",
    ),
    "deflated": (deflated(), "a: its record in the archive"),
    "unknown_method": (both(METHOD, 99), "a: its record in the archive has method 99"),
    "encrypted": (both(FLAGS, 1), "a: its record in the archive has flags 1, not 0"),
    "data_descriptor": (both(FLAGS, 8), "a: its record in the archive has flags 8, not 0"),
    "other_date": (both(DATE, 34), "a: its record in the archive has date 34, not 33"),
    "symbolic_link": (
        by_hand([Member(b"a", central={MADE_BY: 3 << 8 | 20, ATTRIBUTES: 0o120777 << 16})]),
        "a: its record in the archive has made_by 788, not 20",
    ),
    "size_below": (both(SIZE, 3), "a: its record in the archive has stored_size 7, not 3"),
    "size_above": (both(SIZE, 99), "a: its record in the archive speaks of more bytes"),
    "size_4_gib": (both(SIZE, 0xFFFFFFFF), "a: its record in the archive speaks of more"),
    "zip64_extra": (
        both(EXTRA, 20, tail=bytes(20)),
        "a: its record in the archive has extra_size 20, not 0",
    ),
    "bad_crc": (both(CRC, 1), "a: its content is not the one that its CRC-32"),
    "local_crc": (by_hand([Member(b"a", local={CRC: 1})]), "a: its record in the archive has crc32 1"),
    "other_local_name": (by_hand([Member(b"a", local_name=b"b")]), "a (or b): its record"),
    "overlap": (
        by_hand([GOOD, Member(b"b", b"", offset=0)]),
        "b: its record in the archive has offset 0",
    ),
    "gap": (by_hand([GOOD, Member(b"b", gap=b"junk")]), "b: its record in the archive is not where"),
    "unlisted_member": (
        by_hand([GOOD, Member(b"b", is_listed=False)]),
        "archive directory: 38 bytes belong to no file",
    ),
    "count_below": (
        by_hand([GOOD, Member(b"b")], end={3: 1, 4: 1}),
        "archive directory: 85 bytes belong to no file",
    ),
    "count_above": (by_hand([GOOD], end={3: 2, 4: 2}), "archive directory: it ends before"),
    "counts_differ": (by_hand([GOOD], end={3: 2}), "archive directory: the record at the end"),
    "two_disks": (by_hand([GOOD], end={1: 1}), "archive directory: the record at the end"),
    "empty_file": (b"", "not a bundle: expected a canonical zip archive, got 0 other bytes"),
    "not_a_zip": (b"\x89HDF\r\n" * 20, "not a bundle: expected a canonical zip archive"),
}  # fmt: skip


def as_bytes(files: dict[str, bytes]) -> bytes:
    return b"".join(archive_bytes(files))


def test_zipfile_reads_what_is_written() -> None:
    written = zipfile.ZipFile(io.BytesIO(as_bytes(FILES)))

    assert {name: written.read(name) for name in written.namelist()} == FILES
    assert written.testzip() is None
    assert {info.date_time for info in written.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_bytes_are_the_ones_built_by_hand() -> None:
    members = [Member(name.encode(), FILES[name]) for name in archive_order(FILES)]

    assert as_bytes(FILES) == by_hand(members)


def test_the_order_of_the_members_is_fixed() -> None:
    names = ["z", "a/b", "manifest.json", "SIGNATURE", "SHA256SUMS", "B"]

    assert archive_order(names) == ["SHA256SUMS", "SIGNATURE", "manifest.json", "B", "a/b", "z"]


def test_the_order_of_the_mapping_does_not_matter() -> None:
    assert as_bytes(FILES) == as_bytes(dict(reversed(FILES.items())))


def test_members_are_views_into_the_archive() -> None:
    content = as_bytes(FILES)

    members = read_archive(content, "x.edge")

    assert {member.obj for member in members.values()} == {content}


def test_content_is_passed_on_uncopied() -> None:
    content = memoryview(b"big")

    assert any(piece is content for piece in archive_bytes({"a": content}))


def test_the_size_is_known_before_the_bytes() -> None:
    sizes = {name: len(content) for name, content in FILES.items()}

    assert archive_size(sizes) == len(as_bytes(FILES))


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_not_canonical_is_refused_by_name(case: str) -> None:
    content, reason = HOSTILE[case]

    with pytest.raises(BundleError) as caught:
        read_archive(content, "x.edge")

    assert str(caught.value).startswith("x.edge: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_zipfile_writes_by_itself_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("a", b"content")

    with pytest.raises(BundleError, match=r"x: a: .* not written by edgesmith"):
        read_archive(file.getvalue(), "x")


def test_every_cut_is_refused() -> None:
    content = as_bytes(FILES)

    for size in range(len(content)):
        with pytest.raises(BundleError, match=r"archive directory|not a bundle"):
            read_archive(content[:size], "x")


def test_every_flipped_bit_is_refused() -> None:
    content = as_bytes(FILES)

    for bit in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BundleError):
            read_archive(bytes(flipped), "x")


@pytest.mark.parametrize(
    "name", ["COM1", "con.txt", "lpt0.a.b", "a b", "a:b", "~a", "a/.b", "a/b.", "a" * 201]
)
def test_a_name_that_some_system_cannot_hold_is_not_written(name: str) -> None:
    with pytest.raises(BundleError, match="not a name that a bundle takes"):
        archive_bytes({name: b""})


def test_a_name_of_200_bytes_is_taken() -> None:
    names = ["a" * 200]

    assert list(read_archive(b"".join(archive_bytes(dict.fromkeys(names, b""))), "x")) == names


@pytest.fixture
def two_gib() -> Iterator[memoryview]:
    """2 GiB of address space, of which no byte is touched."""
    with mmap.mmap(-1, 1 << 31) as space, memoryview(space) as content:
        yield content


def test_a_member_of_two_gib_is_not_written(two_gib: memoryview) -> None:
    with pytest.raises(
        BundleError, match=r"^b: expected less than 2 GiB, got 2147483648 bytes"
    ):
        archive_bytes({"a": b"", "b": two_gib})


def test_an_archive_of_four_gib_is_not_written(two_gib: memoryview) -> None:
    with (
        two_gib[: (1 << 31) - 1] as below,
        pytest.raises(BundleError, match="expected a bundle of less than 4 GiB"),
    ):
        archive_bytes({"a": below, "b": below})


SEGMENTS = st.text("abZ09_-", min_size=1, max_size=8)
NAMES = st.tuples(SEGMENTS, SEGMENTS).map("/".join)


@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=5))
def test_what_is_written_is_read_back(files: dict[str, bytes]) -> None:
    assume(len({name.lower() for name in files}) == len(files))
    assume(len({name.partition("/")[0].lower() for name in files}) == len(files))

    assert read_archive(as_bytes(files), "x") == files


@given(st.data())
def test_no_bytes_give_another_error_than_a_bundle_error(data: st.DataObject) -> None:
    content = bytearray(as_bytes(FILES))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=6))

    try:
        members = read_archive(bytes(content), "x")
    except BundleError:
        return

    assert as_bytes({name: bytes(member) for name, member in members.items()}) == bytes(content)
