"""SIGNATURE: who signed a bundle, as which version, and whether that is to be trusted."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from edgesmith_runtime.ed25519 import KEY_BYTES, SIGNATURE_BYTES, is_public_key, verify
from edgesmith_runtime.errors import InputError, SealError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = [
    "MAX_VERSION",
    "Seal",
    "check_seal",
    "key_id",
    "public_key_file",
    "public_keys",
    "read_seal",
    "signed_message",
    "write_seal",
]

_FILE = "SIGNATURE"
MAX_VERSION = 2**63 - 1
_MAX_KEY_BYTES = 4096  # of a file that has a key and nothing else

_FORM = re.compile(
    rb"edgesmith-signature-v1\n"
    rb"key: ([0-9a-f]{16})\n"
    rb"version: (0|[1-9][0-9]{0,18})\n"
    rb"signature: ([A-Za-z0-9+/]{86}==)\n"
)
# SubjectPublicKeyInfo of an Ed25519 key: RFC 8410, section 4 and the example in section 10.1.
_DER_PREFIX = bytes.fromhex("302a300506032b6570032100")
_PEM = re.compile(
    r"\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]{1,200})-----END PUBLIC KEY-----\s*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What SIGNATURE says; nothing of it is checked here.

    Args:
        key_id: Of the key that signed, see ``key_id``.
        version: The number that the signer gave the bundle, 0 to 2**63 - 1; a later bundle has
            a higher one.
        signature: 64 bytes, over ``signed_message``.
    """

    key_id: str
    version: int
    signature: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.version <= MAX_VERSION:
            raise ValueError(f"version: expected 0 to {MAX_VERSION}, got {self.version}")
        if len(self.signature) != SIGNATURE_BYTES:
            raise ValueError(f"signature: expected 64 bytes, got {len(self.signature)}")


def key_id(public_key: bytes) -> str:
    """What a key is called: the first 16 hex digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def signed_message(sums: bytes | memoryview, *, version: int) -> bytes:
    """What is signed: a prefix of this format, the version, and the bytes of SHA256SUMS."""
    return b"edgesmith-bundle-v1\0" + f"version: {version}\n".encode() + bytes(sums)


def write_seal(seal: Seal) -> bytes:
    """The content of SIGNATURE, in its one form."""
    return (
        "edgesmith-signature-v1\n"
        f"key: {seal.key_id}\n"
        f"version: {seal.version}\n"
        f"signature: {base64.b64encode(seal.signature).decode()}\n"
    ).encode()


def read_seal(content: bytes) -> Seal:
    """Take SIGNATURE apart.

    Raises:
        SealError: It is not in its one form.
    """
    match = _FORM.fullmatch(content)
    if match is not None and int(match[2]) <= MAX_VERSION:
        seal = Seal(
            key_id=match[1].decode(),
            version=int(match[2]),
            signature=base64.b64decode(match[3]),
        )
        if write_seal(seal) == content:  # the last letter of base64 has four bits to spare
            return seal
    raise SealError(
        f"{_FILE}: expected the four lines of edgesmith-signature-v1, got {len(content)} bytes of "
        "another form; sign the bundle again, or copy it again"
    )


def public_keys(given: str | bytes | Sequence[str | bytes]) -> tuple[bytes, ...]:
    """The 32 bytes of each key.

    Args:
        given: A key, or several: 32 bytes, or PEM as ``openssl pkey -pubout`` writes it.

    Raises:
        ValueError: There is none, or one is no Ed25519 key; a caller's bug.
    """
    if isinstance(given, str | bytes | bytearray | memoryview):
        return (_public_key(given),)
    try:
        keys = list(given)
    except TypeError as error:
        raise _no_key(type(given).__name__) from error
    if not keys:
        raise ValueError("public_key: expected a key or several, got none")
    return tuple(_public_key(key) for key in keys)


def public_key_file(path: str | os.PathLike[str]) -> bytes:
    """The 32 bytes of the key in a file, which holds them or PEM.

    Raises:
        InputError: It cannot be read, or holds no Ed25519 public key.
    """
    from pathlib import Path  # a load with a key in hand does without

    try:
        with Path(path).open("rb") as file:
            return public_keys(file.read(_MAX_KEY_BYTES))[0]
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise InputError(
            f"{path}: expected an Ed25519 public key, as PEM or 32 bytes; "
            "'edgesmith sign --new-key NAME' makes NAME.pub"
        ) from error


def _no_key(got: str) -> ValueError:
    return ValueError(
        "public_key: expected 32 bytes, or the text of a PEM file with an Ed25519 public key, "
        f"got {got}; give the content of the .pub file, not its name"
    )


def _public_key(given: object) -> bytes:
    if isinstance(given, bytearray | memoryview):
        given = bytes(cast("bytes", given))
    if not isinstance(given, str | bytes):
        raise _no_key(type(given).__name__)
    raw = given if isinstance(given, bytes) and len(given) == KEY_BYTES else _from_pem(given)
    if raw is None:
        unit = "characters" if isinstance(given, str) else "bytes"
        raise _no_key(f"{len(given)} {unit} of something else")
    if not is_public_key(raw):
        raise ValueError("public_key: these 32 bytes are no Ed25519 public key; read it again")
    return raw


def _from_pem(given: str | bytes) -> bytes | None:
    text = given if isinstance(given, str) else given.decode("latin-1")
    match = _PEM.fullmatch(text)
    if match is None:
        return None
    try:
        der = base64.b64decode("".join(match[1].split()), validate=True)
    except binascii.Error:
        return None
    if len(der) != len(_DER_PREFIX) + KEY_BYTES or not der.startswith(_DER_PREFIX):
        return None
    return der[len(_DER_PREFIX) :]


def check_seal(
    content: bytes | None,
    sums: bytes | memoryview,
    *,
    keys: Sequence[bytes],
    min_version: int | None = None,
) -> Seal:
    """Refuse a bundle that none of the keys signed, or that is too old.

    Args:
        content: Of SIGNATURE; None where there is none.
        sums: The bytes of SHA256SUMS.
        keys: 32 bytes each, as ``public_keys`` gives them.
        min_version: The lowest version to take; None takes any.

    Raises:
        SealError: Unsigned, signed by another key, altered, or older than ``min_version``.
    """
    if content is None:
        raise SealError(
            f"not signed: it has no {_FILE}; sign it with 'edgesmith sign', or load it without a "
            "public key"
        )
    seal = read_seal(content)
    named = [key for key in keys if key_id(key) == seal.key_id]
    if not named:
        raise SealError(
            f"{_FILE}: expected a signature by {_either(keys)}, got one by {seal.key_id}; take the "
            "bundle from its publisher, or the publisher's key"
        )
    message = signed_message(sums, version=seal.version)
    if not any(verify(key, seal.signature, message) for key in named):
        raise SealError(
            f"{_FILE}: the signature does not fit: SHA256SUMS, the version or the signature was "
            f"changed after key {seal.key_id} signed; take the bundle from its publisher again"
        )
    if min_version is not None and seal.version < min_version:
        raise SealError(
            f"{_FILE}: expected version {min_version} or later, got {seal.version}; an older bundle "
            "was put in the place of a newer one, load the newer"
        )
    return seal


def _either(keys: Sequence[bytes]) -> str:
    return "key " + " or ".join(key_id(key) for key in keys)
