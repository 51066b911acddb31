from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest

from edgesmith.cli import run
from edgesmith.cli.outputs import check_outputs, write_text
from edgesmith_runtime.errors import WriteError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "t.edge"
    path.write_bytes(b"a bundle")
    return path


def test_places_of_their_own_are_taken(tmp_path: Path, bundle: Path) -> None:
    check_outputs({"--html": tmp_path / "a", "--json": tmp_path / "b", "--x": None}, [bundle])


def test_the_bundle_is_not_overwritten_by_any_of_its_names(
    tmp_path: Path, bundle: Path
) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "link").symlink_to(bundle)
    (tmp_path / "twin").hardlink_to(bundle)
    for place in (bundle, tmp_path / "inner/../t.edge", tmp_path / "link", tmp_path / "twin"):
        with pytest.raises(click.UsageError) as caught:
            check_outputs({"--json": place}, [bundle])
        assert caught.value.message == (
            f"--json {place}: would overwrite what is read from {bundle}; name another file"
        )


def test_nothing_is_written_within_a_folder_that_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "t.edge"
    (folder / "golden").mkdir(parents=True)
    (tmp_path / "link").symlink_to(folder / "new.json")
    (folder / "away").symlink_to(tmp_path / "elsewhere.json")
    for place in (folder / "golden/new.json", tmp_path / "link", folder / "away"):
        with pytest.raises(click.UsageError, match="would overwrite what is read from"):
            check_outputs({"--json": place}, [folder])


def test_two_options_do_not_name_one_file(tmp_path: Path, bundle: Path) -> None:
    place = tmp_path / "same"
    told = re.escape(f"--markdown {place}: --html names the same file; give each its own")

    with pytest.raises(click.UsageError, match=told):
        check_outputs({"--html": place, "--markdown": tmp_path / "." / "same"}, [bundle])


def test_a_place_without_a_folder_is_refused(tmp_path: Path, bundle: Path) -> None:
    with pytest.raises(WriteError, match="make its directory first"):
        check_outputs({"--html": tmp_path / "no" / "a.html"}, [bundle])


def test_a_name_that_is_no_text_does_not_lose_the_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a.md", "model\udcff.onnx")

    assert (tmp_path / "a.md").read_text() == "model?.onnx"


@pytest.mark.parametrize("command", ["bench", "profile"])
def test_an_option_is_no_file_name(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = run([command, "mine.edge", "--json", "--html", "a.html"])

    assert code == 2
    assert capsys.readouterr().err.startswith(
        "error: Invalid value for '--json': expected the name of a file to write, got '--html'; "
        "for a file of that name say ./--html"
    )
