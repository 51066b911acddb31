"""Bundles that must be signed, through `load` and `read_bundle` alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import edgesmith_runtime as er
from edgesmith_runtime.bundle import make_bundle, read_bundle, unpack_bundle, write_bundle
from edgesmith_runtime.seal import Seal, key_id, signed_message, write_seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
PEM = PRIVATE.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()


def signed(bundle: Bundle, *, version: int) -> Bundle:
    signature = PRIVATE.sign(signed_message(bundle.sums, version=version))
    return replace(
        bundle,
        seal=write_seal(Seal(key_id=key_id(PUBLIC), version=version, signature=signature)),
    )


@pytest.fixture(params=["file", "directory"])
def place(request: pytest.FixtureRequest, tiny_bundle: Bundle, tmp_path: Path) -> Path:
    """A bundle that was signed as version 5, in either form."""
    bundle = signed(tiny_bundle, version=5)
    if request.param == "file":
        write_bundle(bundle, tmp_path / "tiny.edge")
        return tmp_path / "tiny.edge"
    unpack_bundle(bundle, tmp_path / "tiny")
    return tmp_path / "tiny"


def resealed(place: Path, change: Callable[[Bundle], Bundle]) -> Path:
    """The same form of a changed bundle."""
    bundle = change(read_bundle(place))
    if place.is_dir():
        unpack_bundle(bundle, place.parent / "changed")
        return place.parent / "changed"
    write_bundle(bundle, place.parent / "changed.edge")
    return place.parent / "changed.edge"


def refusal(place: Path, **trust: Any) -> str:
    with pytest.raises(er.SealError) as of_load:
        er.load(place, **trust)
    with pytest.raises(er.SealError) as of_reading:
        er.read_bundle(place, **trust)
    assert str(of_load.value) == str(of_reading.value)
    return str(of_load.value)


@pytest.mark.parametrize("key", [PUBLIC, PEM, PEM.decode(), [OTHER, PUBLIC]])
def test_a_bundle_by_the_key_is_loaded(
    place: Path,
    key: Any,
    tiny_features: NDArray[np.float32],
    tiny_expected: NDArray[np.float32],
) -> None:
    model = er.load(place, public_key=key, min_version=5)

    outputs = model.run({"features": tiny_features})
    np.testing.assert_allclose(outputs["probabilities"], tiny_expected, rtol=1e-5)


def test_without_a_key_a_signature_is_not_looked_at(place: Path) -> None:
    path = resealed(place, lambda bundle: replace(bundle, seal=b"of a later format"))

    assert er.load(path).bundle.seal == b"of a later format"


def test_an_unsigned_bundle_is_refused_by_name(tiny_bundle_path: Path) -> None:
    message = refusal(tiny_bundle_path, public_key=PUBLIC)

    assert message.startswith(f"{tiny_bundle_path}: not signed: it has no SIGNATURE; sign it")


def test_another_key_is_refused_by_name(place: Path) -> None:
    message = refusal(place, public_key=OTHER)

    assert message.startswith(
        f"{place}: SIGNATURE: expected a signature by key {key_id(OTHER)}, got one by "
        f"{key_id(PUBLIC)}; "
    )


def test_an_older_bundle_is_refused_by_name(place: Path) -> None:
    message = refusal(place, public_key=PUBLIC, min_version=6)

    assert message.startswith(f"{place}: SIGNATURE: expected version 6 or later, got 5; ")


def test_files_that_were_changed_with_their_sums_are_refused(place: Path) -> None:
    def renamed(bundle: Bundle) -> Bundle:
        files = {
            name: bytes(content)
            for name, content in bundle.files.items()
            if name not in ("manifest.json", "labels.txt")
        }
        manifest = replace(bundle.manifest, name="other")
        return replace(make_bundle(manifest, files), seal=bundle.seal)

    message = refusal(resealed(place, renamed), public_key=PUBLIC)

    assert "SIGNATURE: the signature does not fit: SHA256SUMS, the version or the" in message


def test_a_file_that_was_changed_is_named(tiny_bundle: Bundle, tmp_path: Path) -> None:
    unpack_bundle(signed(tiny_bundle, version=0), tmp_path / "tiny")
    content = bytearray((tmp_path / "tiny/model.onnx").read_bytes())
    content[-1] ^= 1
    (tmp_path / "tiny/model.onnx").write_bytes(content)

    with pytest.raises(er.BundleError, match=r"model\.onnx: its sha256 is not the one in SHA2"):
        er.load(tmp_path / "tiny", public_key=PUBLIC)


def test_a_long_signature_is_refused_with_or_without_a_key(place: Path) -> None:
    path = resealed(place, lambda bundle: replace(bundle, seal=bytes(1025)))

    for key in (None, PUBLIC):
        with pytest.raises(er.BundleError, match="SIGNATURE: expected at most 1024 bytes, got"):
            er.load(path, public_key=key)


def test_the_identity_is_the_same_with_a_signature(place: Path, tiny_bundle: Bundle) -> None:
    assert read_bundle(place).identity == tiny_bundle.identity


def test_a_version_without_a_key_is_refused(tiny_bundle_path: Path) -> None:
    with pytest.raises(ValueError, match="min_version: anyone can write a number; give the"):
        er.load(tiny_bundle_path, min_version=1)


def test_what_is_no_key_is_told_before_the_bundle_is_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="public_key: expected 32 bytes, or the text of a PEM"):
        er.load(tmp_path / "absent.edge", public_key="release.pub")


def test_a_refusal_is_a_bundle_error_that_ends_a_command_with_1() -> None:
    assert issubclass(er.SealError, er.BundleError)
    assert er.SealError.exit_code == 1
