from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from edgesmith_runtime.errors import InputError, SealError
from edgesmith_runtime.seal import (
    MAX_VERSION,
    Seal,
    check_seal,
    key_id,
    public_key_file,
    public_keys,
    read_seal,
    signed_message,
    write_seal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
SUMS = b"0" * 64 + b"  manifest.json\n"
PEM = (
    PRIVATE.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def sealed(version: int = 3, sums: bytes = SUMS) -> bytes:
    """SIGNATURE as written by hand from what the format says."""
    message = b"edgesmith-bundle-v1\0" + b"version: %d\n" % version + sums
    return (
        b"edgesmith-signature-v1\n"
        b"key: " + hashlib.sha256(PUBLIC).hexdigest()[:16].encode() + b"\n"
        b"version: %d\n"
        % version
        + b"signature: "
        + base64.b64encode(PRIVATE.sign(message))
        + b"\n"
    )


def refusal(content: bytes | None, **changes: object) -> str:
    given = {"sums": SUMS, "keys": (PUBLIC,), "min_version": None, **changes}
    with pytest.raises(SealError) as caught:
        check_seal(content, **given)
    return str(caught.value)


@pytest.mark.parametrize("version", [0, 3, MAX_VERSION])
def test_a_signature_of_the_key_holds(version: int) -> None:
    seal = check_seal(sealed(version), SUMS, keys=(OTHER, PUBLIC), min_version=version)

    assert seal.version == version
    assert seal.key_id == hashlib.sha256(PUBLIC).hexdigest()[:16]


def test_what_is_written_is_read_and_has_one_form() -> None:
    signature = PRIVATE.sign(signed_message(SUMS, version=3))
    seal = Seal(key_id=key_id(PUBLIC), version=3, signature=signature)

    assert write_seal(seal) == sealed(3)
    assert read_seal(sealed(3)) == seal


def test_no_signature_is_refused() -> None:
    assert refusal(None) == (
        "not signed: it has no SIGNATURE; sign it with 'edgesmith sign', or load it without a "
        "public key"
    )


def test_another_key_is_refused_with_both_names() -> None:
    assert refusal(sealed(), keys=(OTHER,)) == (
        f"SIGNATURE: expected a signature by key {key_id(OTHER)}, got one by {key_id(PUBLIC)}; "
        "take the bundle from its publisher, or the publisher's key"
    )


def test_other_sums_are_refused() -> None:
    message = refusal(sealed(), sums=SUMS.replace(b"0", b"1", 1))

    assert message.startswith(
        "SIGNATURE: the signature does not fit: SHA256SUMS, the version or"
    )


def test_an_older_version_is_refused_with_both_numbers() -> None:
    message = refusal(sealed(3), min_version=4)

    assert message.startswith("SIGNATURE: expected version 4 or later, got 3; an older bundle")


def test_a_version_that_was_not_signed_is_refused() -> None:
    raised = sealed(3).replace(b"version: 3", b"version: 9")

    assert "the signature does not fit" in refusal(raised, min_version=4)


def test_a_key_that_only_has_the_name_of_the_signer_is_refused() -> None:
    renamed = sealed().replace(key_id(PUBLIC).encode(), key_id(OTHER).encode())

    assert "the signature does not fit" in refusal(renamed, keys=(OTHER,))


@given(bit=st.integers(0, 8 * len(sealed()) - 1))
def test_any_flipped_bit_of_the_signature_file_is_refused(bit: int) -> None:
    flipped = bytearray(sealed())
    flipped[bit // 8] ^= 1 << bit % 8

    refusal(bytes(flipped))


@given(bit=st.integers(0, 8 * len(SUMS) - 1))
def test_any_flipped_bit_of_the_sums_is_refused(bit: int) -> None:
    flipped = bytearray(SUMS)
    flipped[bit // 8] ^= 1 << bit % 8

    refusal(sealed(), sums=bytes(flipped))


@given(bit=st.integers(0, 8 * 32 - 1))
def test_any_flipped_bit_of_the_key_is_refused(bit: int) -> None:
    flipped = bytearray(PUBLIC)
    flipped[bit // 8] ^= 1 << bit % 8

    refusal(sealed(), keys=(bytes(flipped),))


LINES = st.sampled_from([*sealed().splitlines(keepends=True), b"\n", b"version: 03\n"])


@given(st.binary(max_size=300) | st.lists(LINES, max_size=6).map(b"".join))
@example(sealed())
@example(sealed(3).replace(b"version: 3", b"version: 03"))
@example(sealed(3).replace(b"version: 3", b"version: %d" % 2**63))
@example(sealed(3).replace(b"version: 3", b"version: -3"))
@example(sealed().replace(b"==\n", b"=\n"))
@example(sealed().replace(b"\n", b"\r\n"))
@example(sealed() + b"\n")
@example(sealed().replace(b"key: ", b"key:  "))
def test_what_is_read_is_the_one_form_of_itself(content: bytes) -> None:
    try:
        seal = read_seal(content)
    except SealError:
        return

    assert write_seal(seal) == content


@pytest.mark.parametrize("content", [b"", b"untrusted comment: x\n", sealed()[:-1]])
def test_another_form_is_told_by_its_size(content: bytes) -> None:
    with pytest.raises(SealError) as caught:
        read_seal(content)

    assert str(caught.value) == (
        "SIGNATURE: expected the four lines of edgesmith-signature-v1, "
        f"got {len(content)} bytes of another form; sign the bundle again, or copy it again"
    )


def test_the_spare_bits_of_base64_are_no_second_form() -> None:
    content = sealed()
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = content[-4]
    twin = letters[letters.index(last) + 1]  # 64 bytes leave the lowest four of its bits 0
    changed = content[:-4] + bytes([twin]) + content[-3:]

    assert changed != content
    with pytest.raises(SealError, match="of another form"):
        read_seal(changed)


@pytest.mark.parametrize(
    "given_key",
    [PUBLIC, PEM, PEM.encode(), PEM.replace("\n", "\r\n"), f"\n{PEM}\n", [PUBLIC], (PEM,)],
    ids=["raw", "text", "bytes", "crlf", "blank", "list", "tuple"],
)
def test_a_key_is_32_bytes_or_pem(given_key: str | bytes | list[str | bytes]) -> None:
    assert public_keys(given_key) == (PUBLIC,)


def test_several_keys_are_kept_in_order() -> None:
    assert public_keys([OTHER, PEM]) == (OTHER, PUBLIC)


X25519 = X25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
FOREIGN = X25519.public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
SECRET = PRIVATE.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)


@pytest.mark.parametrize(
    ("given_key", "message"),
    [
        ("release.pub", "got 11 characters of something else; give the content of the .pub"),
        (PUBLIC[:31], "got 31 bytes of something else"),
        (FOREIGN, "an Ed25519 public key"),
        (SECRET, "an Ed25519 public key"),
        (PEM.replace("MC", "M=", 1), "an Ed25519 public key"),
        (bytes(32), "these 32 bytes are no Ed25519 public key"),
        ([], "expected a key or several, got none"),
    ],
    ids=["name", "short", "x25519", "private", "base64", "small order", "none"],
)
def test_what_is_no_key_is_refused(given_key: str | bytes | list[bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        public_keys(given_key)


def test_a_key_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.pub").write_text(PEM)
    (tmp_path / "b.pub").write_bytes(PUBLIC)

    assert public_key_file(tmp_path / "a.pub") == public_key_file(tmp_path / "b.pub") == PUBLIC


def test_a_file_without_a_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "release.key").write_bytes(SECRET)

    with pytest.raises(
        InputError, match=r"release\.key: expected an Ed25519 public key, as PEM"
    ):
        public_key_file(tmp_path / "release.key")
    with pytest.raises(InputError, match=r"absent\.pub: cannot be read: No such file"):
        public_key_file(tmp_path / "absent.pub")


@pytest.mark.parametrize("version", [-1, MAX_VERSION + 1])
def test_a_version_out_of_range_is_none(version: int) -> None:
    with pytest.raises(ValueError, match=f"expected 0 to {MAX_VERSION}, got {version}"):
        Seal(key_id="0" * 16, version=version, signature=bytes(64))


def test_a_signature_has_64_bytes() -> None:
    with pytest.raises(ValueError, match="expected 64 bytes, got 63"):
        Seal(key_id="0" * 16, version=0, signature=bytes(63))


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_a_key_in_any_kind_of_bytes_is_taken(kind: Callable[[bytes], Any]) -> None:
    assert public_keys(kind(PUBLIC)) == public_keys([kind(PEM.encode())]) == (PUBLIC,)


@pytest.mark.parametrize(
    ("given", "got"),
    [(Path("release.pub"), "PosixPath"), (7, "int"), ([None], "NoneType"), ([[]], "list")],
)
def test_what_is_no_text_and_no_bytes_is_told_with_the_cure(given: Any, got: str) -> None:
    with pytest.raises(ValueError, match=f"got {got}; give the content of the .pub file, not"):
        public_keys(given)


def test_of_a_file_that_goes_on_and_on_little_is_read() -> None:
    with pytest.raises(InputError, match="/dev/zero: expected an Ed25519 public key, as PEM"):
        public_key_file("/dev/zero")
