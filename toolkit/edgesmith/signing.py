"""Sign a bundle, and make the keys for it: Ed25519, in the form that the runtime checks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.bundle import read_bundle, write_bundle
from edgesmith_runtime.errors import BackendError, ConfigError, SealError, WriteError
from edgesmith_runtime.files import replacing, write_new
from edgesmith_runtime.seal import (
    MAX_VERSION,
    Seal,
    key_id,
    read_seal,
    signed_message,
    write_seal,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Bundle

__all__ = ["KeyPair", "make_keys", "sign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """The files of a new key.

    Args:
        private: PKCS #8 in PEM, without a password; its owner alone can read it.
        public: SubjectPublicKeyInfo in PEM.
    """

    private: Path
    public: Path


def make_keys(stem: str | os.PathLike[str]) -> KeyPair:
    """Make a key: ``STEM.key``, for its owner alone, and ``STEM.pub``, for every device.

    The public half is there before the private one is.

    Raises:
        WriteError: One of the files is there already, or cannot be written.
        BackendError: The extra ``[sign]`` is not installed.
    """
    ed25519, serialization = _cryptography()
    place = Path(stem)
    pair = KeyPair(
        private=place.with_name(f"{place.name}.key"),
        public=place.with_name(f"{place.name}.pub"),
    )
    for path in (pair.private, pair.public):
        if path.exists() or path.is_symlink():
            raise _taken(path)
    key: Any = ed25519.Ed25519PrivateKey.generate()
    private: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write_new(pair.public, public, mode=0o666)
    try:
        _write_new(pair.private, private, mode=0o600)
    except BaseException:
        pair.public.unlink(missing_ok=True)
        raise
    return pair


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    try:
        write_new(path, content, mode=mode)
    except FileExistsError as error:
        raise _taken(path) from error


def _taken(path: Path) -> WriteError:
    return WriteError(f"{path}: exists already, and a key is never replaced; take another name")


def sign(
    path: str | os.PathLike[str],
    key: str | os.PathLike[str],
    *,
    version: int | None = None,
    ask_password: Callable[[], str] | None = None,
) -> Seal:
    """Put SIGNATURE into a bundle, its one file or its directory; one that it had is replaced.

    The bundle is checked first. Afterwards it is the old one or the signed one, never half.

    Args:
        path: ``NAME.edge``, or its unpacked directory.
        key: PEM file of an Ed25519 private key, PKCS #8.
        version: The number that the bundle gets, for devices that take none with a lower one;
            None gives 0, where the bundle has not got a higher one already.
        ask_password: Gives the password of a key that has one.

    Returns:
        What SIGNATURE says.

    Raises:
        BundleError: The bundle does not hold.
        ConfigError: The key cannot be read, or a version must be given.
        WriteError: The bundle cannot be written; of a directory, the folder that it is in.
        BackendError: The extra ``[sign]`` is not installed.
    """
    place = Path(path)
    private = _private_key(Path(key), ask_password)
    bundle = read_bundle(place)
    number = _version(bundle, place) if version is None else version
    if not 0 <= number <= MAX_VERSION:
        raise ConfigError(f"version: expected 0 to {MAX_VERSION}, got {number}")
    seal = Seal(
        key_id=key_id(private.public_key().public_bytes_raw()),
        version=number,
        signature=private.sign(signed_message(bundle.sums, version=number)),
    )
    content = write_seal(seal)
    if place.is_dir():
        folder = place.resolve()  # which must not hold a draft for one moment
        with replacing(folder / "SIGNATURE", aside=folder.parent) as draft:
            draft.write_bytes(content)
    else:
        write_bundle(replace(bundle, seal=content), place)
    return seal


def _version(bundle: Bundle, place: Path) -> int:
    """The version of a bundle that was given none: never below one that it had."""
    if bundle.seal is None:
        return 0
    try:
        known = read_seal(bundle.seal).version
    except SealError as error:
        raise ConfigError(
            f"{place}: its SIGNATURE cannot be read; say which version it is now"
        ) from error
    if known:
        raise ConfigError(
            f"{place}: it was signed as version {known}; say which version it is now"
        )
    return 0


def _private_key(path: Path, ask_password: Callable[[], str] | None) -> Any:
    ed25519, serialization = _cryptography()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    is_encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in content
    if is_encrypted and ask_password is None:
        raise ConfigError(
            f"{path}: has a password, and there is nobody to ask for it; sign in a terminal, or "
            "give ask_password"
        )
    password = ask_password().encode() if is_encrypted and ask_password is not None else None
    try:
        key: Any = serialization.load_pem_private_key(content, password)
    except Exception as error:  # its parser has many of its own
        reason = "the password is not its own" if is_encrypted else "it is another file"
        raise ConfigError(
            f"{path}: expected a PEM file with an Ed25519 private key, {reason}; make one with "
            "'edgesmith sign --new-key NAME'"
        ) from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise ConfigError(
            f"{path}: expected an Ed25519 private key, got {type(key).__name__}; make one with "
            "'edgesmith sign --new-key NAME'"
        )
    return key


def _cryptography() -> tuple[Any, Any]:
    """Its modules for Ed25519 keys and for their files."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise BackendError("signing needs an extra: pip install 'edgesmith[sign]'") from error
    return ed25519, serialization
