from __future__ import annotations

import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from edgesmith.cli import run
from edgesmith_runtime.bundle import read_bundle

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """What the names of a new key start with."""
    assert run(["sign", "--new-key", str(tmp_path / "release")]) == 0
    capsys.readouterr()
    return tmp_path / "release"


def test_a_new_key_is_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["sign", "--new-key", str(tmp_path / "release")])

    out = capsys.readouterr().out
    assert code == 0
    assert f"{tmp_path}/release.key: keep it to yourself; who has it can sign as you\n" in out
    assert f"{tmp_path}/release.pub: give it to devices" in out
    assert stat.S_IMODE((tmp_path / "release.key").stat().st_mode) == 0o600


def test_a_bundle_is_signed(
    stem: Path, small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = shutil.copy(small_bundle, tmp_path / "a.edge")

    code = run(["sign", str(bundle), "--key", f"{stem}.key", "--version", "3"])

    assert code == 0
    assert capsys.readouterr().out.startswith(f"{bundle}: signed by key ")
    public_key = stem.with_suffix(".pub").read_text()
    assert read_bundle(bundle, public_key=public_key, min_version=3).seal is not None


def test_unpacking_keeps_the_signature(stem: Path, small_bundle: Path, tmp_path: Path) -> None:
    bundle = shutil.copy(small_bundle, tmp_path / "a.edge")
    run(["sign", str(bundle), "--key", f"{stem}.key"])

    assert run(["unpack", str(bundle), str(tmp_path / "a")]) == 0

    public_key = stem.with_suffix(".pub").read_text()
    assert read_bundle(tmp_path / "a", public_key=public_key).seal is not None


USES = {
    "nothing": ([], "expected BUNDLE and --key F.key, or --new-key NAME; see edgesmith sign"),
    "no key": (["b.edge"], "expected BUNDLE and --key F.key, or --new-key NAME"),
    "both": (["b.edge", "--new-key", "n"], "--new-key stands alone; sign with the key afterw"),
    "version": (
        ["b.edge", "--key", "k", "--version", "-1"],
        "Invalid value for '--version': -1 is not in the range 0<=x<=",
    ),
}


@pytest.mark.parametrize(("words", "message"), USES.values(), ids=USES)
def test_wrong_use_ends_with_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sign", *words]) == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")


def test_a_key_that_is_there_stays(stem: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = stem.with_suffix(".key").read_bytes()

    assert run(["sign", "--new-key", str(stem)]) == 1
    assert "exists already, and a key is never replaced" in capsys.readouterr().err
    assert stem.with_suffix(".key").read_bytes() == before
