"""SHA256SUMS: which files a bundle has, and the digest of each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgesmith_runtime.archive import MAX_MEMBERS, MAX_NAME_BYTES, check_names, one_line
from edgesmith_runtime.digests import digest_for, sha256_hex
from edgesmith_runtime.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "MAX_SUMS_BYTES",
    "SUMS",
    "check_digests",
    "check_listed",
    "checksums",
    "read_checksums",
    "write_checksums",
]

SUMS = "SHA256SUMS"

_LINE = re.compile(r"([0-9a-f]{64})  ([^\r\n]+)\n")
MAX_SUMS_BYTES = MAX_MEMBERS * (64 + 2 + MAX_NAME_BYTES + 1)


def checksums(files: Mapping[str, bytes | memoryview]) -> dict[str, str]:
    """The SHA-256 of each file, 64 lower-case hex digits, by name."""
    return {name: sha256_hex(content) for name, content in files.items()}


def write_checksums(digests: Mapping[str, str]) -> bytes:
    """The content of SHA256SUMS: the form that ``sha256sum -c`` reads, sorted by name."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()


def read_checksums(content: bytes | memoryview) -> dict[str, str]:
    """Digest by name, from the one form of SHA256SUMS.

    Raises:
        BundleError: Another form, or a name that a bundle does not take.
    """
    pairs = {name: digest for digest, name in _LINE.findall(str(content, "latin-1"))}
    if not pairs or content != write_checksums(pairs):
        raise BundleError(
            f"{SUMS}: expected lines of 64 lower-case hex digits, two spaces and a name, sorted by "
            "name; the file was changed: copy the bundle again"
        )
    try:
        check_names(pairs)
    except BundleError as error:
        raise BundleError(f"{SUMS}: {error}") from error
    return pairs


def check_listed(listed: Iterable[str], there: Iterable[str]) -> None:
    """Refuse a file that is missing or surplus, by name."""
    missing = sorted(set(listed) - set(there))
    surplus = [one_line(name) for name in sorted(set(there) - set(listed))]
    if missing and surplus:
        raise BundleError(
            f"{missing[0]}: listed in {SUMS} and missing, {surplus[0]} is there and not listed; "
            f"one of them or {SUMS} was changed; copy the bundle again"
        )
    if missing:
        raise BundleError(f"{missing[0]}: listed in {SUMS} and missing; copy the bundle again")
    if surplus:
        raise BundleError(
            f"{surplus[0]}: not listed in {SUMS}; remove it, or copy the bundle again"
        )


def check_digests(listed: Mapping[str, str], files: Mapping[str, bytes | memoryview]) -> None:
    """Hash each listed file, and refuse one whose digest differs, by name."""
    digest_of = digest_for(sum(len(files[name]) for name in listed))
    for name, digest in listed.items():
        if digest_of(files[name]) != digest:
            raise BundleError(
                f"{name}: its sha256 is not the one in {SUMS}; the file or {SUMS} was changed; "
                "copy the bundle again"
            )
