"""``tune`` on the command line: a table or JSON, what is recorded, and forgetting it."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.commands import main
from edgesmith_runtime.commands.tune import show
from edgesmith_runtime.host import this_host
from edgesmith_runtime.settings import Engine, EngineSettings, Layout
from edgesmith_runtime.tuned import Choice, Setup
from edgesmith_runtime.tuning import Doubt, Standing, Tuning
from edgesmith_runtime.tuning.recording import opened_folder, record_choice

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.bundle import Bundle


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _recorded(bundle: Bundle) -> None:
    settings = EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=1, layout=Layout.PLAIN)
    choice = Choice(setup=Setup(file="model.onnx", settings=settings), reason="quicker")
    record_choice(opened_folder(bundle.identity), choice)


@pytest.mark.slow
def test_it_measures_shows_and_records(
    tiny_bundle_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)  # one engine is enough here

    code = main(["tune", str(tiny_bundle_path), "--threads", "1", "--budget", "20"])

    shown = capsys.readouterr()
    assert code == 0
    assert "chosen" in shown.out
    assert f"recorded in {tmp_path}" in shown.out
    first, *_ = shown.err.splitlines()
    assert re.fullmatch(
        r"1 of at most 48, \d+ of 20 s  round 1: model\.onnx with onnxruntime, 1 thread, .*",
        first,
    )
    assert main(["inspect", str(tiny_bundle_path), "--json"]) == 0
    tuned = json.loads(capsys.readouterr().out)["tuned"]
    assert tuned.split(": ")[1] in shown.out


def test_inspect_says_what_is_recorded(
    tiny_bundle: Bundle, tiny_bundle_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["inspect", str(tiny_bundle_path)])
    assert "tuned" not in capsys.readouterr().out
    _recorded(tiny_bundle)

    main(["inspect", str(tiny_bundle_path)])

    said = "model.onnx with onnxruntime, 1 thread, plain layout on this host: quicker"
    assert said in capsys.readouterr().out


def test_forget_removes_it_and_measures_nothing(
    tiny_bundle: Bundle, tiny_bundle_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _recorded(tiny_bundle)

    assert main(["tune", str(tiny_bundle_path), "--forget"]) == 0
    assert capsys.readouterr().out == f"forgotten: 1 choices for {tiny_bundle_path}\n"
    assert main(["tune", str(tiny_bundle_path), "--forget", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["forgotten"] == 0


def test_nothing_is_forgotten_for_a_bundle_by_nobody(
    tiny_bundle: Bundle,
    tiny_bundle_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _recorded(tiny_bundle)
    (tmp_path / "release.pub").write_bytes(bytes(range(32)))

    code = main(
        ["tune", str(tiny_bundle_path), "--forget", "--public-key", f"{tmp_path}/release.pub"]
    )

    assert code == 1
    assert "not signed" in capsys.readouterr().err
    assert [*opened_folder(tiny_bundle.identity).glob("*.json")]


def test_a_warning_about_the_record_is_one_line_of_a_command(
    tiny_bundle: Bundle, tiny_bundle_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _recorded(tiny_bundle)
    for path in opened_folder(tiny_bundle.identity).glob("*.json"):
        path.write_text("{")

    assert main(["selftest", str(tiny_bundle_path)]) == 0

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: ")
    assert "the default artifact runs" in line


def test_what_went_wrong_with_a_copy_is_said(
    tiny_bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=1)
    setup = Setup(file="model.onnx", settings=settings)
    tuning = Tuning(
        bundle="tiny",
        identity=tiny_bundle.identity,
        host=this_host(),
        standings=(Standing(name=str(setup), setup=setup),),
        choice=Choice(setup=setup, reason="quicker"),
        copy=None,
        seconds=3.0,
        recorded="here.json",
        no_copy="a.onnx: cannot be written: No space left on device",
    )

    show(tuning)

    said = (
        "no optimised copy of the graph: a.onnx: cannot be written: No space left on device\n"
    )
    assert said in capsys.readouterr().out


def test_what_the_budget_was_too_short_for_is_said(
    tiny_bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=1)
    setup = Setup(file="model.onnx", settings=settings)
    tuning = Tuning(
        bundle="tiny",
        identity=tiny_bundle.identity,
        host=this_host(),
        standings=(Standing(name=str(setup), setup=setup),),
        choice=Choice(setup=setup, reason="the default is kept"),
        copy=None,
        seconds=3.0,
        recorded="here.json",
        doubt=Doubt(rivals=("model.tflite with litert",), untimed=(), enough_s=45.0),
    )

    show(tuning)

    assert (
        "the default is kept\n"
        "not told apart from it: model.tflite with litert\n"
        "the budget was too short for that; about 45 s would do\n"
    ) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--budget", "0"], "expected seconds above 0, got 0"),
        (["--budget", "x"], "expected seconds from 0, got 'x'"),
        (["--threads", "0"], "expected a whole number from 1, got '0'"),
    ],
    ids=["zero", "word", "threads"],
)
def test_a_wrong_word_is_refused(
    tiny_bundle_path: Path,
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["tune", str(tiny_bundle_path), *words])

    assert stop.value.code == 2
    assert said in capsys.readouterr().err
