from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgesmith.cli import run

HEAVY = "{'numpy', 'tensorflow', 'keras', 'polars', 'sklearn', 'onnx', 'onnxruntime', 'scipy', 'pydantic', 'rich'}"

NAMES = [
    *("demo", "new", "build", "convert", "optimize", "check"),
    *("bench", "profile", "compare", "predict", "tune"),
    *("inspect", "unpack", "sign", "verify"),
]


def test_help_loads_no_heavy_package() -> None:
    code = f"""
import sys
from edgesmith.cli import run
code = run(["--help"])
print(sorted({HEAVY} & set(sys.modules)), code, file=sys.stderr)
"""

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert shown.stderr.strip() == "[] 0"


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["--help"])

    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines[lines.index("Commands:") + 1 :]]
    assert code == 0
    assert names == NAMES


@pytest.mark.parametrize("command", NAMES)
def test_every_command_has_its_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert f"Usage: edgesmith {command} " in capsys.readouterr().out


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"edgesmith {version('edgesmith')}\n"


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    code = run([])

    assert code == 2
    assert "Commands:" in capsys.readouterr().err


USES = {
    "misspelt command": (
        ["covert"],
        "error: no such command 'covert'; did you mean 'convert'?; see edgesmith --help",
    ),
    "unknown command": (["xyz"], "error: No such command 'xyz'"),
    "unknown option": (["build", "c.toml", "--jsn"], "error: No such option '--jsn'"),
    "missing argument": (
        ["build"],
        "error: Missing argument 'CONFIG.toml'; see edgesmith build --help",
    ),
    "wrong choice": (
        ["new", "d", "--kind", "tabel"],
        "error: Invalid value for '--kind': 'tabel' is not one of 'image', 'table', 'audio', 'text', 'series', 'tensor'; "
        "see edgesmith new --help",
    ),
    "wrong number": (
        ["bench", "b.edge", "--rounds", "0"],
        "error: Invalid value for '--rounds': 0 is not in the range x>=1; "
        "see edgesmith bench --help",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), USES.values(), ids=USES)
def test_wrong_use_is_one_line_and_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(arguments)

    shown = capsys.readouterr()
    assert code == 2
    assert shown.out == ""
    assert shown.err.startswith(message)
    assert shown.err.count("\n") == 1


def test_a_failure_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "no.edge"

    code = run(["unpack", str(path), str(tmp_path / "out")])

    shown = capsys.readouterr()
    assert code == 2
    assert shown.err == (
        f"error: {path}: no such file; expected a bundle: NAME.edge, or its unpacked directory\n"
    )


@pytest.mark.parametrize("place", ["before", "behind"])
def test_debug_shows_the_traceback(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["unpack", str(tmp_path / "no.edge"), str(tmp_path / "out")]

    code = run(["--debug", *call] if place == "before" else [*call, "--debug"])

    error = capsys.readouterr().err
    assert code == 2
    assert error.startswith("Traceback (most recent call last):")
    assert error.splitlines()[-1].startswith("error: ")


def _start(pipe: Path) -> subprocess.Popen[str]:
    """A command that waits for the other end of a pipe."""
    os.mkfifo(pipe)
    return subprocess.Popen(
        [sys.executable, "-m", "edgesmith", "inspect", str(pipe)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [(signal.SIGINT, 130, "error: interrupted\n"), (signal.SIGTERM, 143, "")],
)
def test_a_signal_ends_a_command_in_order(
    number: signal.Signals, code: int, message: str, tmp_path: Path
) -> None:
    pipe = tmp_path / "model.onnx"
    command = _start(pipe)

    with pipe.open("wb"):  # opens when the command reads
        command.send_signal(number)
    # Closed by now: a read that the signal came just before would wait for ever.
    _, error = command.communicate(timeout=60)

    assert command.returncode == code
    assert error.strip() == message.strip()


def test_a_reader_that_went_away_is_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as gone:
        shown = subprocess.run(
            [sys.executable, "-u", "-m", "edgesmith", "--help"],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )

    assert shown.returncode == 1
    assert shown.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="of Linux")
def test_an_answer_that_finds_no_room_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        shown = subprocess.run(
            [sys.executable, "-m", "edgesmith", "--version"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert shown.returncode == 1
    assert shown.stderr == (
        "error: the answer cannot be written: No space left on device; make room where it goes\n"
    )
