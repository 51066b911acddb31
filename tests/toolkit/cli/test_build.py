from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from edgesmith.cli import run
from edgesmith.workspace import workspace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("wanted", [[], ["--json"]])
def test_a_wrong_key_is_told_before_anything_is_written(
    wanted: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "c.toml"
    config.write_text("nam = 'x'")

    code = run(["build", str(config), "--out", str(tmp_path / "out"), *wanted])

    shown = capsys.readouterr()
    assert code == 2
    assert shown.out == ""
    assert shown.err == f"error: {config}: nam: unknown key; did you mean 'name'?\n"
    assert not (tmp_path / "out").exists()


def test_a_wrong_override_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.toml"
    config.write_text("name = 'x'")

    code = run(["build", str(config), "--set", "epochs"])

    assert code == 2
    assert capsys.readouterr().err == (
        "error: --set epochs: expected key=value, e.g. training.epochs=10\n"
    )


TABLE = """
name = "t"
task = "classification"
[source]
kind = "table"
path = "t.csv"
target = "label"
[training]
architecture = "linear"
"""
ROWS = "".join(f"{row},{'yes' if row % 2 else 'no'}\n" for row in range(40))
GIVEN = "".join(f"{row},{'no' if row % 2 else 'yes'},train\n" for row in range(40))
DATA_FAULTS = {
    "missing": (None, [], "t.csv: there is no such file"),
    "empty": ("", [], "t.csv: the file is empty"),
    "not what its name says": ("\0", [], "t.csv: not a text table: it holds zero bytes"),
    "unknown column": (
        f"a,labels\n{ROWS}",
        [],
        "t.csv: there is no column 'label'; did you mean 'labels'?",
    ),
    "class with one sample": (
        f"a,label\n{ROWS}1,rare\n",
        [],
        "class 'rare' has one sample, which cannot be in two splits; add samples, leave the class "
        "out, or set split.stratify = false",
    ),
    "label missing from training": (
        f"a,label,part\n{GIVEN}1,rare,test\n2,rare,test\n",
        ["split.column=part"],
        "label 'rare' is in the test split (2 samples) and missing from training",
    ),
    "all rows dropped": (
        "a,label\n" + ",no\n,yes\n" * 20,
        ["cleaning.fill=drop_row"],
        "no training row is left of 40 rows read; dropped: 40 no 'a'",
    ),
    "NaN after cleaning": (
        f"a,label\n{ROWS},yes\n",
        ["cleaning.fill=none"],
        "column 'a': NaN after cleaning: 1 cells are missing and nothing fills them; set "
        "cleaning.fill or cleaning.fill_by_column",
    ),
    "unset name": (
        f"a,label\n{ROWS}",
        ["source.path=${T_UNSET}/t.csv"],
        "t.toml: source.path: '${T_UNSET}/t.csv' needs the environment variable T_UNSET, which is "
        "not set; set it: export T_UNSET=...",
    ),
}


@pytest.mark.parametrize(
    ("content", "overrides", "message"), DATA_FAULTS.values(), ids=DATA_FAULTS
)
def test_what_cannot_be_learned_from_is_one_line_and_2(
    content: str | None,
    overrides: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "t.toml").write_text(TABLE)
    if content is not None:
        (tmp_path / "t.csv").write_text(content)
    settings = [word for override in overrides for word in ("--set", override)]

    code = run(
        ["build", str(tmp_path / "t.toml"), "--out", str(tmp_path / "out"), "--json", *settings]
    )

    shown = capsys.readouterr()
    assert code == 2
    assert shown.out == ""
    assert shown.err.replace(f"{tmp_path}/", "") == f"error: {message}\n"
    assert not list((tmp_path / "out").glob("*.*"))


def test_an_unreadable_image_is_one_line_and_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index in range(20):
        path = tmp_path / "data" / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), index, np.uint8)).save(path)
    bad = tmp_path / "data" / "a" / "4.png"
    bad.write_text("no picture")
    (tmp_path / "i.toml").write_text(
        TABLE.replace('"table"', '"image_folder"').replace('target = "label"', "")
    )
    images = ["source.path=data", "image.height=4", "image.width=4"]

    code = run(
        ["build", str(tmp_path / "i.toml"), "--out", str(tmp_path / "out")]
        + [word for override in images for word in ("--set", override)]
    )

    message = capsys.readouterr().err.splitlines()[-1]  # behind the lines of progress
    assert code == 2
    assert message.startswith(f"error: {bad}: not readable as an image; ")
    assert message.endswith('leave such samples out with cleaning.on_error = "skip"')
    assert not list((tmp_path / "out").glob("*.*"))


def test_a_folder_that_another_build_holds_is_one_line_and_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.toml").write_text(TABLE)
    (tmp_path / "t.csv").write_text(f"a,label\n{ROWS}")

    with workspace(tmp_path / "out", "t"):
        code = run(["build", str(tmp_path / "t.toml"), "--out", str(tmp_path / "out")])

    assert code == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path / 'out'}: another build is writing here; wait for it, or take another "
        "--out\n"
    )
