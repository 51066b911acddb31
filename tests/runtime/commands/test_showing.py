"""Warnings as lines of a command, and the bytes that a command with a key measures."""

from __future__ import annotations

import argparse
import threading
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgesmith_runtime.bundle import read_bundle, write_bundle
from edgesmith_runtime.commands.showing import checked_path, warnings_told
from edgesmith_runtime.errors import RollbackWarning, SealError
from edgesmith_runtime.seal import Seal, key_id, signed_message, write_seal

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.bundle import Bundle

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()


@pytest.fixture
def signed(tiny_bundle: Bundle, tmp_path: Path) -> Path:
    """The tiny bundle, signed as version 5."""
    signature = PRIVATE.sign(signed_message(tiny_bundle.sums, version=5))
    seal = Seal(key_id=key_id(PUBLIC), version=5, signature=signature)
    write_bundle(replace(tiny_bundle, seal=write_seal(seal)), tmp_path / "signed.edge")
    return tmp_path / "signed.edge"


def named(
    bundle: Path, key: bytes | None, min_version: int | None = None
) -> argparse.Namespace:
    keys = None if key is None else [key]
    return argparse.Namespace(bundle=str(bundle), public_key=keys, min_version=min_version)


def test_a_warning_is_one_line_whichever_thread_gives_it_and_how_often(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def warn() -> None:
        warnings.warn("went\nback", RollbackWarning, stacklevel=1)

    with warnings_told():
        for _ in range(2):
            thread = threading.Thread(target=warn)
            thread.start()
            thread.join()

    assert capsys.readouterr().err == "warning: went back\n" * 2


def test_with_a_key_the_bytes_that_were_checked_are_those_that_are_read(
    signed: Path, tiny_bundle: Bundle
) -> None:
    with checked_path(named(signed, PUBLIC, 5)) as place:
        signed.write_bytes(b"put there after the check")
        identity = read_bundle(place).identity

    assert identity == tiny_bundle.identity
    assert not place.exists()


@pytest.mark.parametrize(
    ("key", "version"), [(OTHER, None), (PUBLIC, 6)], ids=["other", "older"]
)
def test_what_the_key_did_not_sign_or_is_too_old_is_never_read(
    key: bytes, version: int | None, signed: Path
) -> None:
    with pytest.raises(SealError), checked_path(named(signed, key, version)):
        pass


def test_without_a_key_a_bundle_is_read_where_it_is(signed: Path) -> None:
    with checked_path(named(signed, None)) as place:
        assert place == signed
