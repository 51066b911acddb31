from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgesmith_runtime.bundle import make_bundle, read_bundle, write_bundle
from edgesmith_runtime.commands import main
from edgesmith_runtime.seal import Seal, key_id, signed_message, write_seal

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.bundle import Bundle

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()


@pytest.fixture
def signed(tiny_bundle: Bundle, tmp_path: Path) -> Path:
    """The tiny bundle, signed as version 5."""
    signature = PRIVATE.sign(signed_message(tiny_bundle.sums, version=5))
    seal = Seal(key_id=key_id(PUBLIC), version=5, signature=signature)
    write_bundle(replace(tiny_bundle, seal=write_seal(seal)), tmp_path / "signed.edge")
    return tmp_path / "signed.edge"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Its public key, as openssl writes it."""
    path = tmp_path / "release.pub"
    path.write_bytes(
        PRIVATE.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return path


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The 32 bytes of another key."""
    path = tmp_path / "other.pub"
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    path.write_bytes(private.public_key().public_bytes_raw())
    return path


def words(command: str, bundle: Path, tmp_path: Path) -> list[str]:
    tensor = tmp_path / "x.npy"
    np.save(tensor, np.zeros((1, 4), np.float32))
    further = {
        "predict": [str(tensor)],
        "doctor": ["--tensor", str(tensor), "--raw", str(tensor)],
    }
    return [command, str(bundle), *further.get(command, [])]


COMMANDS = ["predict", "selftest", "inspect", "doctor"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bundle_by_one_of_the_keys_is_taken(
    command: str, signed: Path, key: Path, other: Path, tmp_path: Path
) -> None:
    keys = ["--public-key", str(other), "--public-key", str(key)]

    code = main([*words(command, signed, tmp_path), *keys, "--min-version", "5"])

    assert code == 0


@pytest.mark.parametrize("command", [*COMMANDS, "bench", "tune", "serve"])
def test_a_bundle_by_nobody_or_another_or_too_old_is_refused(
    command: str,
    signed: Path,
    tiny_bundle_path: Path,
    key: Path,
    other: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cases = [
        (tiny_bundle_path, ["--public-key", str(key)], "not signed"),
        (signed, ["--public-key", str(other)], "expected a signature by key"),
        (signed, ["--public-key", str(key), "--min-version", "6"], "expected version 6"),
    ]

    for bundle, trust, reason in cases:
        code = main([*words(command, bundle, signed.parent), *trust])

        error = capsys.readouterr().err
        assert code == 1
        assert error.startswith(f"error: {bundle}: ")
        assert reason in error


@pytest.mark.parametrize(
    ("trust", "message"),
    [
        (["--min-version", "1"], "--min-version needs --public-key: anyone can write a number"),
        (["--public-key", "absent.pub"], "absent.pub: cannot be read: No such file or direct"),
        (["--public-key", __file__], "expected an Ed25519 public key, as PEM or 32 bytes"),
        (["--min-version", "-1"], "expected a whole number from 0, got '-1'"),
    ],
)
def test_a_wrong_word_ends_with_2(
    trust: list[str], message: str, signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["inspect", str(signed), *trust])

    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_inspect_says_who_signed(
    signed: Path, tiny_bundle_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["inspect", str(signed)])
    shown = capsys.readouterr().out
    main(["inspect", str(signed), "--json"])
    said = json.loads(capsys.readouterr().out)
    main(["inspect", str(tiny_bundle_path), "--json"])
    unsigned = json.loads(capsys.readouterr().out)

    assert (
        f"by key {key_id(PUBLIC)} as version 5 (checked where a public key is given)" in shown
    )
    assert said["signature"] == {"key": key_id(PUBLIC), "version": 5}
    assert unsigned["signature"] is None


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_the_engine_is_chosen_by_name(
    engine: str, tiny_bundle_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["selftest", str(tiny_bundle_path), "--engine", engine])
    refused = main(["selftest", str(tiny_bundle_path), "--engine", "litert"])

    assert (code, refused) == (0, 1)
    assert (
        "expected an engine that runs onnx (onnxruntime, openvino), got 'litert'"
        in capsys.readouterr().err
    )


def test_a_bundle_of_unknown_making_is_tried_in_a_child_first(
    tiny_bundle_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = read_bundle(tiny_bundle_path)
    files = {
        name: bytes(content)
        for name, content in bundle.files.items()
        if name.startswith("golden/")
    }
    broken = tmp_path / "broken.edge"
    write_bundle(make_bundle(bundle.manifest, {**files, "model.onnx": b"no model"}), broken)

    taken = main(["selftest", str(tiny_bundle_path), "--untrusted"])
    refused = main(["selftest", str(broken), "--untrusted"])

    assert (taken, refused) == (0, 1)
    assert f"error: {broken}: the trial of model.onnx failed: " in capsys.readouterr().err


def test_an_engine_that_nobody_knows_is_wrong_use(
    tiny_bundle_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["selftest", str(tiny_bundle_path), "--engine", "torch"])

    assert stop.value.code == 2
    assert capsys.readouterr().err == (
        "error: argument --engine: expected one of onnxruntime, litert, openvino, got 'torch'; "
        "see edgesmith-runtime selftest --help\n"
    )
