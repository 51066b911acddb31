"""SHA256SUMS has one form, and what it does not fit is named."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.checksums import (
    check_digests,
    check_listed,
    checksums,
    read_checksums,
    write_checksums,
)
from edgesmith_runtime.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {"b": b"two", "a/c": b"three", "B.txt": b"one"}
SUMS = b"".join(
    b"%s  %s\n" % (hashlib.sha256(FILES[name]).hexdigest().encode(), name.encode())
    for name in ["B.txt", "a/c", "b"]
)


def test_the_form_is_sorted_lower_case_hex_two_spaces_name() -> None:
    assert write_checksums(checksums(FILES)) == SUMS


def test_sha256sum_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "SHA256SUMS").write_bytes(write_checksums(checksums(FILES)))

    result = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )

    assert result.stdout.decode().splitlines() == ["B.txt: OK", "a/c: OK", "b: OK"]


def test_what_is_written_is_read_back() -> None:
    assert read_checksums(memoryview(SUMS)) == checksums(FILES)


@pytest.mark.parametrize(
    "edit",
    [
        lambda sums: b"",
        lambda sums: b"\n",
        lambda sums: sums.replace(b"\n", b"\r\n"),
        lambda sums: sums.rstrip(b"\n"),
        lambda sums: sums.replace(b"  ", b" *"),
        lambda sums: sums.upper(),
        lambda sums: sums[1:],
        lambda sums: sums + sums,
        lambda sums: sums + sums.splitlines(keepends=True)[-1],
        lambda sums: b"".join(reversed(sums.splitlines(keepends=True))),
        lambda sums: sums + b"# a comment\n",
        lambda sums: b"\xef\xbb\xbf" + sums,
        lambda sums: sums.replace(b"a/c", "ä/c".encode()),
    ],
)
def test_another_form_is_refused(edit: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BundleError, match=r"^SHA256SUMS: expected lines of 64 lower-case hex"):
        read_checksums(edit(SUMS))


@pytest.mark.parametrize("name", ["../a", "/etc/hostname", "a\\b", "nul", ".a"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(BundleError, match=r"^SHA256SUMS: .*: not a name that a bundle takes"):
        read_checksums(f"{'0' * 64}  {name}\n".encode())


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (["a"], r"^b: listed in SHA256SUMS and missing; copy the bundle again$"),
        (
            ["a", "b", "c"],
            r"^c: not listed in SHA256SUMS; remove it, or copy the bundle again$",
        ),
        (
            ["a", "c"],
            r"^b: listed in SHA256SUMS and missing, c is there and not listed; one of ",
        ),
        (["a", "b", "c\nd"], r"^c\\nd: not listed in SHA256SUMS"),
    ],
)
def test_a_missing_or_surplus_file_is_named(there: list[str], reason: str) -> None:
    with pytest.raises(BundleError, match=reason):
        check_listed(["a", "b"], there)

    assert list(FILES) == ["b", "a/c", "B.txt"]


def test_a_changed_file_is_named_with_the_cure() -> None:
    with pytest.raises(BundleError) as caught:
        check_digests(checksums(FILES), {**FILES, "a/c": b"thrEe"})

    assert str(caught.value) == (
        "a/c: its sha256 is not the one in SHA256SUMS; the file or SHA256SUMS was changed; "
        "copy the bundle again"
    )
