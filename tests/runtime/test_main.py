"""The command line: what it prints, and how it exits."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.bundle import make_bundle, read_bundle, write_bundle
from edgesmith_runtime.commands import inspect
from edgesmith_runtime.golden import golden_files
from edgesmith_runtime.manifest import Decode, DecodeOp, Kind, Output, RawInput, Task
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.golden import GoldenSamples

    Run = Callable[..., tuple[int, str, str]]


def _lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def features_path(tmp_path: Path, tiny_features: NDArray[np.float32]) -> Path:
    np.save(tmp_path / "x.npy", tiny_features)
    return tmp_path / "x.npy"


@pytest.fixture
def wrong_bundle_path(tiny_bundle: Bundle, tiny_golden: GoldenSamples, tmp_path: Path) -> Path:
    """A bundle whose model answers otherwise than its golden samples say."""
    wrong = {"probabilities": np.zeros((3, 3), np.float32)}
    golden = dataclasses.replace(tiny_golden, outputs={"model.onnx": wrong})
    files = {"model.onnx": bytes(tiny_bundle.files["model.onnx"]), **golden_files(golden)}
    write_bundle(make_bundle(tiny_bundle.manifest, files), tmp_path / "wrong.edge")
    return tmp_path / "wrong.edge"


def test_predict_prints_one_json_object_an_answer(
    run: Run, tiny_bundle_path: Path, features_path: Path, tiny_expected: NDArray[np.float32]
) -> None:
    code, out, err = run("predict", tiny_bundle_path, features_path, "--json")

    answers = _lines(out)
    assert (code, err) == (0, "")
    assert [answer["input"] for answer in answers] == [
        f"{features_path}[{i}]" for i in range(5)
    ]
    for answer, expected in zip(answers, tiny_expected, strict=True):
        assert answer["label"] == ("ant", "bee", "cat")[expected.argmax()]
        assert answer["score"] == pytest.approx(float(expected.max()), abs=1e-6)
        assert answer["outputs"]["probabilities"] == pytest.approx(expected, abs=1e-6)


def test_predict_prints_an_aligned_table(
    run: Run, tiny_bundle_path: Path, tmp_path: Path
) -> None:
    np.save(tmp_path / "a.npy", np.array([[0, 0, 0, -9]]))
    np.save(tmp_path / "longer.npy", np.array([[0, 0, 0, 9]]))

    _, out, _ = run("predict", tiny_bundle_path, tmp_path / "a.npy", tmp_path / "longer.npy")

    first, second = out.splitlines()
    assert first.split() == [f"{tmp_path}/a.npy[0]", "ant", "0.8400"]
    assert second.split()[1] == "cat"
    assert first.index("ant") == second.index("cat") == len(f"{tmp_path}/longer.npy[0]") + 2


def test_one_bad_input_never_stops_the_others(
    run: Run, row_bundle_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\nx,2\n3\n,\n")

    code, out, err = run(
        "predict", row_bundle_path, tmp_path / "t.csv", tmp_path / "no.csv", "--json"
    )

    good, no_number, torn, missing, absent = _lines(out)
    assert (code, err) == (1, "")
    assert (good["value"], good["unit"]) == (3.0, "points")
    assert "column 'a'" in no_number["error"]
    assert torn["error"] == "expected 2 cells as in the header, got 1"
    assert missing["value"] == 30.0
    assert "no.csv: cannot be read: No such file" in absent["error"]
    assert set(absent) == {"input", "error"}


def test_a_bad_input_is_a_row_of_the_table(
    run: Run, photo_bundle_path: Path, tmp_path: Path
) -> None:
    pytest.importorskip("PIL")
    (tmp_path / "a.pgm").write_bytes(b"P5 2 2 255\n" + bytes([0, 51, 102, 153]))
    (tmp_path / "b.png").write_bytes(b"not an image")

    code, out, _ = run("predict", photo_bundle_path, tmp_path)

    first, second = out.splitlines()
    assert code == 1
    assert first.split() == [f"{tmp_path}/a.pgm", "1.2", "points"]
    assert second.startswith(f"{tmp_path}/b.png")
    assert "error: " in second
    assert "not readable as an image" in second


def _write_with(source: Path, path: Path, task: Task, output: Output) -> None:
    bundle = read_bundle(source)
    manifest = dataclasses.replace(bundle.manifest, task=task, outputs=(output,))
    files = {"model0.onnx": bytes(bundle.files["model0.onnx"])}
    write_bundle(make_bundle(manifest, files), path)


@pytest.mark.parametrize(
    ("task", "decode", "cells"),
    [
        (
            Task.ANOMALY,
            Decode(op=DecodeOp.THRESHOLD, threshold=2.5),
            ["anomaly", "3", "threshold", "2.5"],
        ),
        (
            Task.ANOMALY,
            Decode(op=DecodeOp.THRESHOLD, threshold=3.5),
            ["normal", "3", "threshold", "3.5"],
        ),
        (Task.TENSOR, Decode(), ["total:", "[3.]"]),
    ],
)
def test_every_task_has_its_line(
    run: Run,
    row_bundle_path: Path,
    tmp_path: Path,
    task: Task,
    decode: Decode,
    cells: list[str],
) -> None:
    path = tmp_path / "other.edge"
    _write_with(row_bundle_path, path, task, Output(name="total", shape=(1,), decode=decode))
    (tmp_path / "t.jsonl").write_text('{"a": 1, "b": 2}')

    _, out, _ = run("predict", path, tmp_path / "t.jsonl")

    assert out.split()[1:] == cells


def test_json_has_null_where_an_output_is_no_number(
    run: Run, bundle_of: Callable[..., Path], tmp_path: Path
) -> None:
    path = bundle_of(
        (RawInput("x", Kind.TENSOR, "2"),), (), (None, (TensorSpec("x", "float32", ("n", 2)),))
    )
    _write_with(path, path, Task.TENSOR, Output(name="total", shape=(1,)))
    np.save(tmp_path / "x.npy", np.full((1, 2), 3e38, np.float32))

    words = ("predict", path, tmp_path / "x.npy", "--json")
    _, refused, _ = run(*words)
    _, out, _ = run(*words, "--non-finite", "pass")

    assert "output 'total' is inf" in _lines(refused)[0]["error"]
    assert _lines(out)[0]["outputs"] == {"total": [None]}


def test_selftest_says_what_passed(run: Run, tiny_bundle_path: Path) -> None:
    code, out, err = run("selftest", tiny_bundle_path)

    assert (code, err) == (0, "")
    assert out == "passed: 3 samples from raw inputs to outputs, model.onnx\n"


def test_selftest_in_json(run: Run, tiny_bundle_path: Path) -> None:
    _, out, _ = run("selftest", tiny_bundle_path, "--json")

    assert json.loads(out) == {
        "passed": True,
        "n_samples": 3,
        "artifact": "model.onnx",
        "started_from": "raw",
        "note": None,
    }


def test_a_selftest_that_fails_exits_1_with_one_line(run: Run, wrong_bundle_path: Path) -> None:
    code, out, err = run("selftest", wrong_bundle_path)

    assert (code, out) == (1, "")
    assert err.startswith("error: sample 0, model.onnx, output 'probabilities': largest")
    assert err.count("\n") == 1


def test_inspect_names_every_part(
    run: Run, tiny_bundle_path: Path, tiny_bundle: Bundle
) -> None:
    code, out, _ = run("inspect", tiny_bundle_path)

    assert code == 0
    for part in (
        "tiny (classification, bundle format 1.0)",
        tiny_bundle.identity,
        "x: tensor, an array of 4 numbers",
        "step 0",
        "tensor: x -> features",
        "probabilities: 3, 3 labels, decode argmax",
        "model.onnx: float32, ",
        "model.onnx: the only one",
        "made up",
    ):
        assert part in out


def test_inspect_in_json_has_the_whole_manifest(
    run: Run, tiny_bundle_path: Path, tiny_bundle: Bundle
) -> None:
    _, out, _ = run("inspect", tiny_bundle_path, "--json")

    shown = json.loads(out)
    assert shown["identity"] == tiny_bundle.identity
    assert shown["manifest"]["default_artifact"]["file"] == "model.onnx"
    assert shown["size_bytes"] == tiny_bundle_path.stat().st_size
    assert shown["files"]["model.onnx"] == len(tiny_bundle.files["model.onnx"])


def test_what_is_no_bundle_exits_2_with_one_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "none.edge"

    code, out, err = run("selftest", path)

    assert (code, out) == (2, "")
    assert err.startswith(f"error: {path}: no such file; expected a bundle")
    assert err.count("\n") == 1


def test_an_unknown_artifact_exits_2(
    run: Run, tiny_bundle_path: Path, features_path: Path
) -> None:
    code, _, err = run("predict", tiny_bundle_path, features_path, "--artifact", "int8")

    assert code == 2
    assert err.startswith("error: 'int8' is neither a file nor a format of this bundle")


def test_debug_shows_where(run: Run, tmp_path: Path) -> None:
    code, _, err = run("inspect", tmp_path / "none.edge", "--debug")

    assert code == 2
    assert "Traceback (most recent call last)" in err
    assert err.splitlines()[-1].startswith("error: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["guess"], "argument COMMAND: invalid choice: 'guess'"),
        (["predict", "x.edge"], "the following arguments are required: INPUT"),
        (
            ["predict", "x.edge", "y", "--threads", "0"],
            "expected a whole number from 1, got '0'",
        ),
        (["predict", "x.edge", "y", "--threads", "two"], "from 1, got 'two'"),
        (["selftest", "x.edge", "--quick"], "unrecognized arguments: --quick"),
    ],
)
def test_wrong_use_exits_2_with_one_line(run: Run, words: list[str], message: str) -> None:
    code, _, err = run(*words)

    assert code == 2
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1


def test_a_fault_of_ours_is_one_line_too(
    run: Run, tiny_bundle_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: object, **_trust: object) -> None:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr(inspect, "read_bundle", broken)

    code, _, err = run("inspect", tiny_bundle_path)

    assert code == 1
    assert err == (
        "error: ZeroDivisionError: by zero; this is a fault of ours, --debug shows where\n"
    )


def test_an_interrupt_exits_130(
    run: Run, tiny_bundle_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_path: object, **_trust: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(inspect, "read_bundle", interrupted)
    # A shell's background job ignores the signal, and Python leaves that as it is.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code, out, err = run("inspect", tiny_bundle_path)
    finally:
        signal.signal(signal.SIGINT, before)

    assert (code, out, err) == (130, "", "error: interrupted\n")


@pytest.mark.parametrize("words", [["--help"], ["predict", "--help"], ["bench", "--help"]])
def test_help_exits_0(run: Run, words: list[str]) -> None:
    code, out, _ = run(*words)

    assert code == 0
    assert "usage: edgesmith-runtime" in out


def test_the_package_is_the_command(tiny_bundle_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "edgesmith_runtime", "selftest", str(tiny_bundle_path)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout.startswith("passed: 3 samples")


def test_a_reader_that_has_seen_enough_is_no_traceback(
    tiny_bundle_path: Path, tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", np.zeros((3, 4)))
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "edgesmith_runtime", "predict", "--json"]

    shown = subprocess.run(
        [*command, str(tiny_bundle_path), str(tmp_path / "x.npy")],
        stdout=writer,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        check=False,
    )
    os.close(writer)

    assert (shown.returncode, shown.stderr) == (1, b"")


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_file_name_that_is_no_text_does_not_stop_the_others(
    photo_bundle_path: Path, words: list[str]
) -> None:
    command = [sys.executable, "-m", "edgesmith_runtime", "predict", str(photo_bundle_path)]
    utf8 = {**os.environ, "PYTHONIOENCODING": "utf-8"}

    shown = subprocess.run(
        [*command, *words, b"a.png", b"\xff.png"], capture_output=True, env=utf8, check=False
    )

    first, second = shown.stdout.decode().splitlines()
    assert (shown.returncode, shown.stderr) == (1, b"")
    assert "a.png: there is no such file" in first
    assert "\\udcff.png: there is no such file" in second


def test_a_bench_that_measured_nothing_exits_1(run: Run, wrong_bundle_path: Path) -> None:
    code, out, err = run("bench", wrong_bundle_path, "--rounds", 1)

    assert code == 1
    assert "model.onnx: not measured: output 'probabilities' at batch 1" in out
    assert err.endswith("wrong.edge: nothing could be measured; the reasons stand above\n")
