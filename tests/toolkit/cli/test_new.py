from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith.cli import run
from edgesmith.config.reading import load_config

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = {
    "image": "image_folder",
    "table": "table",
    "audio": "audio_folder",
    "text": "text",
    "series": "series",
    "tensor": "arrays",
}


@pytest.mark.parametrize(("kind", "source"), SOURCES.items())
def test_what_is_written_is_a_valid_configuration(
    kind: str, source: str, tmp_path: Path
) -> None:
    code = run(["new", str(tmp_path / "mine"), "--kind", kind])

    config = load_config(tmp_path / "mine" / "mine.toml")
    assert code == 0
    assert config.name == "mine"
    assert config.source.kind == source


@pytest.mark.parametrize("kind", SOURCES)
def test_what_is_commented_out_is_valid_too(kind: str, tmp_path: Path) -> None:
    run(["new", str(tmp_path / "mine"), "--kind", kind])
    path = tmp_path / "mine" / "mine.toml"
    lines = path.read_text().splitlines()
    uncommented = [
        line.removeprefix("# ") if line.startswith("# ") and " = " in line else line
        for line in lines
    ]
    assert uncommented != lines

    path.write_text("\n".join(uncommented))

    assert load_config(path).name == "mine"


@pytest.mark.parametrize("kind", SOURCES)
def test_every_key_has_its_comment(kind: str, tmp_path: Path) -> None:
    run(["new", str(tmp_path / "mine"), "--kind", kind])

    text = (tmp_path / "mine" / "mine.toml").read_text()

    assert text.count(" # ") >= 15


def test_what_to_do_next_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["new", str(tmp_path / "mine"), "--kind", "image"])

    path = tmp_path / "mine" / "mine.toml"
    assert capsys.readouterr().out == (
        f"{path}: put your paths in, then run: "
        f"edgesmith build {path} --out {tmp_path / 'mine'}/out\n"
    )


def test_a_file_that_is_there_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    folder = tmp_path / "mine"
    folder.mkdir()
    path = folder / "mine.toml"
    path.write_text("precious")

    code = run(["new", str(folder), "--kind", "image"])

    assert code == 2
    assert path.read_text() == "precious"
    assert capsys.readouterr().err == (
        f"error: {path}: exists already; remove it or take another directory\n"
    )


@pytest.mark.parametrize(
    ("folder", "name"),
    [("my pets!", "my_pets"), ("_x_", "x"), ("\N{GREEK SMALL LETTER ALPHA}", "model")],
)
def test_the_bundle_gets_a_name_that_files_can_have(
    folder: str, name: str, tmp_path: Path
) -> None:
    run(["new", str(tmp_path / folder), "--kind", "table"])

    assert load_config(tmp_path / folder / f"{name}.toml").name == name
