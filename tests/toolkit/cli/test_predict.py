"""``edgesmith predict`` here; on a device it is in tests/toolkit/devices/test_work.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.cli import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    path = tmp_path / "x.npy"
    np.save(path, np.eye(2, 4, dtype=np.float32))
    return path


def test_it_answers_as_the_runtime_does(
    small_bundle: Path, inputs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(["predict", str(small_bundle), str(inputs), "--json", "--threads", "1"])

    answers = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert code == 0
    # The columns of the weights grow to the right, so the second class wins.
    assert [(one["input"], one["label"]) for one in answers] == [
        (f"{inputs}[0]", "right"),
        (f"{inputs}[1]", "right"),
    ]


def test_the_words_of_the_runtime_reach_it(
    small_bundle: Path, inputs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(["predict", str(small_bundle), str(inputs), "--artifact", "model.tflite"])

    assert code != 0
    assert "model.tflite" in capfd.readouterr().err


NOWHERE = ["--device", "ssh://127.0.0.1:1"]


@pytest.mark.parametrize("where", [[], NOWHERE])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_raw_input_that_is_not_here_fails_the_command_here_and_there(
    small_bundle: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    where: list[str],
    form: list[str],
) -> None:
    absent = str(tmp_path / "absent.npy")

    code = run(["predict", str(small_bundle), absent, *form, *where])

    assert code == 1
    problem = f"{absent}: cannot be read: No such file or directory"
    told = (
        json.dumps({"input": absent, "error": problem})
        if form
        else f"{absent}  error: {problem}"
    )
    assert capfd.readouterr().out == f"{told}\n"


@pytest.mark.parametrize("where", [[], NOWHERE])
def test_a_key_that_is_not_here_is_wrong_use_here_and_there(
    small_bundle: Path, inputs: Path, capfd: pytest.CaptureFixture[str], where: list[str]
) -> None:
    code = run(["predict", str(small_bundle), str(inputs), "--public-key", "no.pub", *where])

    assert code == 2
    assert capfd.readouterr().err == (
        "error: Invalid value for '--public-key': no.pub: cannot be read: No such file or "
        "directory; see edgesmith predict --help\n"
    )


def test_a_malformed_address_is_wrong_use(
    small_bundle: Path, inputs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(["predict", str(small_bundle), str(inputs), "--device", "pi@board"])

    assert code == 2
    assert capfd.readouterr().err == (
        "error: --device: expected ssh://[user@]host[:port][/folder]: got 'pi@board'\n"
    )
