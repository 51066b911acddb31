from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edgesmith import signing
from edgesmith.cli import run
from edgesmith_runtime.bundle import read_bundle, unpack_bundle


@pytest.fixture
def signed(small_bundle: Path, tmp_path: Path) -> Path:
    """A bundle that ``release.key`` beside it signed as version 3."""
    pair = signing.make_keys(tmp_path / "release")
    path = shutil.copy(small_bundle, tmp_path / "signed.edge")
    signing.sign(path, pair.private, version=3)
    return tmp_path / "signed.edge"


def test_a_whole_bundle_says_that_it_is_unsigned(
    small_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["verify", str(small_bundle)])

    bundle = read_bundle(small_bundle)
    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        f"identity   {bundle.identity}",
        f"files      {len(bundle.files)}, all as SHA256SUMS says",
        "signature  none: anyone may have made it",
    ]


def test_a_signature_is_checked_with_a_key_and_told_without(
    signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = signed.parent / "release.pub"

    assert run(["verify", str(signed)]) == 0
    told = capsys.readouterr().out.splitlines()[2:]
    assert run(["verify", str(signed), "--public-key", str(key), "--min-version", "3"]) == 0
    checked = capsys.readouterr().out.splitlines()[2:]

    assert told[0].endswith(": not checked, give --public-key")
    assert checked[0].endswith(": holds")
    assert told[1] == checked[1] == "version    3"


def test_json_is_one_object(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = signed.parent / "release.pub"

    code = run(["verify", str(signed), "--public-key", str(key), "--json"])

    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert said == {
        "bundle": str(signed),
        "holds": True,
        "identity": read_bundle(signed).identity,
        "n_files": len(read_bundle(signed).files),
        "signed": True,
        "signature_checked": True,
        "key": said["key"],
        "version": 3,
    }


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_what_does_not_hold_ends_with_1_and_a_reason(
    *, as_json: bool, small_bundle: Path, signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = ["--public-key", str(signed.parent / "release.pub")]
    damaged = Path(shutil.copy(small_bundle, signed.parent / "damaged.edge"))
    _flip(damaged)
    cases = [
        ([str(damaged)], f"{damaged}: "),
        ([str(small_bundle), *key], f"{small_bundle}: not signed: "),
        ([str(signed), *key, "--min-version", "4"], f"{signed}: SIGNATURE: expected version 4"),
    ]

    for words, reason in cases:
        code = run(["verify", *words, *(["--json"] if as_json else [])])

        shown = capsys.readouterr()
        assert code == 1
        if as_json:
            said = json.loads(shown.out)
            assert said["holds"] is False
            assert said["problem"].startswith(reason)
        else:
            assert shown.out == ""
            assert shown.err.startswith(f"error: {reason}")
            assert shown.err.count("\n") == 1


def test_wrong_use_ends_with_2(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [
        (["absent.edge"], "absent.edge: no such file; expected a bundle"),
        (["x" * 300], "x: cannot be read: File name too long; see that this user may read it"),
        ([str(signed), "--min-version", "1"], "--min-version needs --public-key"),
        ([str(signed), "--public-key", "absent.pub"], "absent.pub: cannot be read: No such"),
        ([str(signed), "--public-key", str(signed)], "expected an Ed25519 public key, as PEM"),
    ]

    for words, message in cases:
        assert run(["verify", *words]) == 2
        assert message in capsys.readouterr().err


def test_a_folder_without_its_sums_does_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", str(tmp_path)]) == 1
    assert "not a bundle: the directory has no SHA256SUMS" in capsys.readouterr().err


def test_a_signature_of_another_form_is_named_without_a_key(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unpack_bundle(read_bundle(small_bundle), tmp_path / "small")
    (tmp_path / "small" / "SIGNATURE").write_bytes(b"minisign")

    assert run(["verify", str(tmp_path / "small")]) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}/small: SIGNATURE: expected")
