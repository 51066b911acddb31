"""What an app ships: read whole and checked to the last bit, or written whole."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from edgesmith_runtime.archive import (
    MAX_ARCHIVE_BYTES,
    archive_bytes,
    archive_size,
    check_names,
    read_archive,
)
from edgesmith_runtime.checksums import (
    SUMS,
    check_digests,
    check_listed,
    checksums,
    read_checksums,
    write_checksums,
)
from edgesmith_runtime.digests import sha256_hex
from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.manifest import FORMAT_VERSION
from edgesmith_runtime.manifest_json import read_manifest, write_manifest
from edgesmith_runtime.records import record
from edgesmith_runtime.unpacked import read_regular, read_unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edgesmith_runtime.manifest import Manifest
    from edgesmith_runtime.spec import Format, Precision, Signature

__all__ = [
    "Artifact",
    "Bundle",
    "make_bundle",
    "read_bundle",
    "unpack_bundle",
    "write_bundle",
]

_SEAL = "SIGNATURE"
_MAX_SEAL_BYTES = 1024
_MANIFEST = "manifest.json"
_LABELS = "labels.txt"
_GOLDEN = "golden/"


@record(kw_only=True)
class Artifact:
    """One model file, in memory: the very bytes that an engine gets.

    Args:
        file: Name in the bundle, e.g. ``model.onnx``.
        format: File format.
        precision: What its numbers are.
        version: The opset (ONNX) or the schema version (TFLite).
        signature: Its own inputs and outputs.
        content: The file.
    """

    file: str
    format: Format
    precision: Precision
    version: int
    signature: Signature
    content: bytes | memoryview

    @property
    def size_bytes(self) -> int:
        """Size of the file."""
        return len(self.content)

    @property
    def sha256(self) -> str:
        """Digest of the file, 64 lower-case hex digits; each access hashes."""
        return sha256_hex(self.content)


@record()
class Bundle:
    """A checked bundle, in memory.

    Args:
        manifest: What it says of itself.
        files: Content by name: all but SHA256SUMS and SIGNATURE.
        sums: The content of SHA256SUMS: the digest of each of the files, and what is signed.
        seal: The content of SIGNATURE, None where there is none; it was checked where
            ``read_bundle`` got a public key.
    """

    manifest: Manifest
    files: Mapping[str, bytes | memoryview]
    sums: bytes
    seal: bytes | None = None

    @property
    def identity(self) -> str:
        """SHA-256 of SHA256SUMS, 64 lower-case hex digits: same identity, same files."""
        return sha256_hex(self.sums)

    @property
    def size_bytes(self) -> int:
        """Size of the one-file form."""
        sizes = {name: len(content) for name, content in self.files.items()}
        sizes[SUMS] = len(self.sums)
        if self.seal is not None:
            sizes[_SEAL] = len(self.seal)
        return archive_size(sizes)

    def artifact(self, file: str) -> Artifact:
        """One model file; BundleError when the manifest has none of that name."""
        entry = self.manifest.artifact(file)
        return Artifact(
            file=entry.file,
            format=entry.format,
            precision=entry.precision,
            version=entry.version,
            signature=entry.signature,
            content=self.files[entry.file],
        )


def read_bundle(
    path: str | os.PathLike[str],
    *,
    public_key: str | bytes | Sequence[str | bytes] | None = None,
    min_version: int | None = None,
) -> Bundle:
    """Read a bundle, from its one file or its unpacked directory, and check every byte.

    Each file is read once; the bytes that were hashed are the ones in the result, so nothing
    that happens to the files afterwards can change them.

    Args:
        path: ``NAME.edge``, or its unpacked directory.
        public_key: Who may have signed it: 32 bytes of Ed25519, or the text of a PEM file, or
            several of these. None takes a bundle from anyone, signed or not.
        min_version: The lowest version, as its signer numbered it, that is taken.

    Raises:
        BundleError: Not a bundle, damaged, incomplete, with a surplus file, or of another major
            format. The message names the path and the file in it.
        SealError: With a public key: not signed, signed by another key, altered since, or older
            than ``min_version``. It is a BundleError too.
        ValueError: ``public_key`` is none, or ``min_version`` stands without one.
    """
    place = os.fspath(path)
    check = _seal_check(public_key, min_version)
    try:
        if os.path.isdir(place):  # noqa: PTH112 - pathlib takes 5 ms to import

            def first(few: Mapping[str, bytes]) -> None:
                if check is not None:
                    check(few.get(_SEAL), few[SUMS])

            try:
                files = read_unpacked(place, unlisted={_SEAL: _MAX_SEAL_BYTES}, check=first)
            except BundleError:
                from edgesmith_runtime.mistaken import refuse_other_folder  # it names the cure

                refuse_other_folder(place)
                raise
            return _checked(files, place, None)
        content = read_regular(place, max_bytes=MAX_ARCHIVE_BYTES, follow_links=True)
        try:
            members = read_archive(content, place)
        except BundleError:
            from edgesmith_runtime.mistaken import refuse_model_file  # it names the cure

            refuse_model_file(place, content)
            raise
        return _checked(members, place, check)
    except FileNotFoundError as error:
        raise BundleError(
            f"{place}: no such file; expected a bundle: NAME.edge, or its unpacked directory"
        ) from error
    except OSError as error:
        at = error.filename or place
        raise BundleError(
            f"{at}: cannot be read: {error.strerror or error}; see that this user may read it"
        ) from error


def _seal_check(
    public_key: str | bytes | Sequence[str | bytes] | None, min_version: int | None
) -> Callable[[bytes | None, bytes], object] | None:
    """What refuses the content of SIGNATURE and SHA256SUMS; None where nobody is asked for."""
    if public_key is None:
        if min_version is not None:
            raise ValueError(
                "min_version: anyone can write a number; give the public_key that vouches for it"
            )
        return None
    from edgesmith_runtime.seal import check_seal, public_keys  # most bundles need neither

    return partial(check_seal, keys=public_keys(public_key), min_version=min_version)


def _checked(
    files: Mapping[str, bytes | memoryview],
    path: str,
    check: Callable[[bytes | None, bytes], object] | None,
) -> Bundle:
    """A bundle from all its files, SHA256SUMS among them."""
    try:
        for name in (SUMS, _MANIFEST):
            _require(files, name)
        sums = bytes(files[SUMS])
        seal = _seal(files)
        if check is not None:  # before anything that the bundle says is looked at
            check(seal, sums)
        rest = {name: files[name] for name in files if name not in (SUMS, _SEAL)}
        listed = read_checksums(sums)
        check_listed(listed, rest)
        check_digests(listed, rest)
        manifest = read_manifest(rest[_MANIFEST])
        _check_files(manifest, rest)
    except BundleError as error:
        raise type(error)(f"{path}: {error}") from error
    return Bundle(manifest, rest, sums, seal)


def _seal(files: Mapping[str, bytes | memoryview]) -> bytes | None:
    content = files.get(_SEAL)
    if content is not None and len(content) > _MAX_SEAL_BYTES:
        raise BundleError(
            f"{_SEAL}: expected at most {_MAX_SEAL_BYTES} bytes, got {len(content)}; "
            "copy the bundle again"
        )
    return None if content is None else bytes(content)


def _require(files: Mapping[str, bytes | memoryview], name: str) -> None:
    if name not in files:
        raise BundleError(f"not a bundle: it has no {name}")


def _check_files(manifest: Manifest, files: Mapping[str, bytes | memoryview]) -> None:
    """Refuse a file that the manifest does not name, and a name without a file."""
    labels = _labels(manifest)
    named = {_MANIFEST, *(entry.file for entry in manifest.artifacts)}
    named |= {step.asset for step in manifest.transform if step.asset is not None}
    named |= set() if labels is None else {_LABELS}
    missing = sorted(named - set(files))
    if missing:
        raise BundleError(
            f"{missing[0]}: {_MANIFEST} names it, and the bundle has no such file"
        )
    surplus = sorted(name for name in set(files) - named if not name.startswith(_GOLDEN))
    if surplus and manifest.format[1] <= FORMAT_VERSION[1]:  # a newer minor may name more
        raise BundleError(f"{surplus[0]}: {_MANIFEST} does not name it; remove it")
    if labels is not None and files[_LABELS] != labels:
        raise BundleError(f"{_LABELS}: not the labels of {_MANIFEST}")


def _labels(manifest: Manifest) -> bytes | None:
    """The content of labels.txt: the labels of all outputs in order, None without any."""
    lines = [label for output in manifest.outputs for label in output.labels or ()]
    return "".join(f"{line}\n" for line in lines).encode() if lines else None


def make_bundle(manifest: Manifest, files: Mapping[str, bytes]) -> Bundle:
    """Put a bundle together in memory; manifest.json and labels.txt are made here.

    Args:
        manifest: What the bundle says of itself.
        files: The model files, assets and golden samples by name.

    Raises:
        BundleError: A file that the manifest does not name, a name without a file, or a name
            that a bundle does not take.
    """
    made: dict[str, bytes] = {_MANIFEST: write_manifest(manifest)}
    labels = _labels(manifest)
    if labels is not None:
        made[_LABELS] = labels
    for name in (SUMS, _SEAL, _MANIFEST, _LABELS):
        if name in files:
            raise BundleError(f"{name}: made from the manifest; leave it out of the files")
    whole: dict[str, bytes | memoryview] = {**made, **files}
    check_names([SUMS, *whole])
    _check_files(manifest, whole)
    return Bundle(manifest, whole, write_checksums(checksums(whole)))


def _all_files(bundle: Bundle) -> dict[str, bytes | memoryview]:
    sums = write_checksums(checksums(bundle.files))
    if sums != bundle.sums:
        raise BundleError("the files of this bundle changed since it was made; make it again")
    seal = {} if bundle.seal is None else {_SEAL: bundle.seal}
    return {SUMS: sums, **seal, **bundle.files}


def write_bundle(bundle: Bundle, path: str | os.PathLike[str]) -> None:
    """Write the one-file form: afterwards ``path`` is the old file or the new one, never half.

    The same bundle gives the same bytes.

    Raises:
        WriteError: No room, no right, or no directory; what was there before still is.
    """
    from edgesmith_runtime.files import replacing  # readers do without

    pieces = archive_bytes(_all_files(bundle))
    with replacing(path, size_bytes=bundle.size_bytes) as draft, draft.open("wb") as file:
        for piece in pieces:
            file.write(piece)


def unpack_bundle(bundle: Bundle, directory: str | os.PathLike[str]) -> None:
    """Write the same files as a directory: absent or whole.

    Raises:
        WriteError: The directory has files already, or cannot be written.
    """
    from edgesmith_runtime.files import creating

    files = _all_files(bundle)
    with creating(directory, size_bytes=bundle.size_bytes) as draft:
        for name, content in files.items():
            file = draft / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
