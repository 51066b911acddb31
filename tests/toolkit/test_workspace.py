from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith.workspace import make_room, workspace
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_folder_is_made_with_its_places(tmp_path: Path) -> None:
    with workspace(tmp_path / "a" / "out", "digits") as work:
        assert work.build.is_dir()

    assert work.bundle == tmp_path / "a" / "out" / "digits.edge"


def test_a_second_build_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    message = "another build is writing here; wait for it, or take another --out"

    with (
        workspace(tmp_path, "digits"),
        pytest.raises(ConfigError, match=message),
        workspace(tmp_path, "digits"),
    ):
        pass


def test_the_folder_is_free_again_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), workspace(tmp_path, "digits"):
        raise RuntimeError

    with workspace(tmp_path, "digits") as work:
        assert work.name == "digits"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")

    with pytest.raises(ConfigError, match=r"out: cannot be written to: .*take another --out"):
        workspace(tmp_path / "out", "digits").__enter__()

    assert (tmp_path / "out").read_text() == "mine"


def test_what_killed_builds_left_is_swept(tmp_path: Path) -> None:
    scratch = tmp_path / "build" / f".edgesmith.{'0' * 16}.draft"
    draft = tmp_path / "build" / "candidates" / f".model.{'0' * 16}.draft.onnx"
    report = tmp_path / f".report.{'0' * 16}.draft.html"
    for path in (scratch / "graph.pb", draft, report, tmp_path / "build" / "original.keras"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left")

    with workspace(tmp_path, "digits"):
        left = {path.name for path in tmp_path.rglob("*") if path.is_file()}

    assert left == {"original.keras", ".lock"}


def test_room_for_a_file_is_its_folder(tmp_path: Path) -> None:
    make_room(tmp_path / "a" / "out" / "model.onnx")

    assert [path.name for path in (tmp_path / "a").rglob("*")] == ["out"]


def test_room_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").touch()

    with pytest.raises(ConfigError, match=r"out: cannot be made: .*; take another path"):
        make_room(tmp_path / "out" / "model.onnx")
