"""Real work on a device on loopback; each test looks for what it left behind."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import re
import signal
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.cli import run
from edgesmith.devices import Words, bench_on, parse_address, selftest_on, tune_on
from edgesmith.devices.there_place import LOCK
from edgesmith.devices.visit import Said
from edgesmith.devices.work import _results
from edgesmith_runtime import load, read_bundle
from edgesmith_runtime.bench import Plan
from edgesmith_runtime.bundle import make_bundle, write_bundle
from edgesmith_runtime.errors import DeviceError, SelfTestError
from edgesmith_runtime.golden import golden_files, read_golden

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAN = Plan(n_rounds=1, batches=(1,), max_seconds=0.01)
BRIEF = Words(others=("--budget", "3"))


@pytest.fixture(autouse=True)
def _leaves_nothing(there: Any) -> Iterator[None]:
    yield
    assert there.sshd.strays() == []


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is installed here, as wheels again: the real engine without a network."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    for name in ("numpy", "onnxruntime", "flatbuffers", "packaging", "protobuf"):
        found = importlib.metadata.distribution(name)
        tag = re.findall(r"^Tag: (\S+)", found.read_text("WHEEL") or "", re.MULTILINE)[-1]
        with zipfile.ZipFile(folder / f"{name}-{found.version}-{tag}.whl", "w") as archive:
            for file in found.files or ():
                parts = file.parts
                if not {"..", "__pycache__", "tests"} & set(parts):
                    archive.write(str(file.locate()), str(file))
    return folder


@pytest.mark.slow
def test_a_device_with_nothing_but_python_proves_and_measures_a_bundle(
    there: Any, bundle: Path, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheelhouse))
    told: list[str] = []
    steps: list[str] = []
    device = there.device(python=there.bare_python, keeps=True)

    comparison = bench_on(
        device,
        bundle,
        plan=PLAN,
        progress=lambda _done, _all, what: steps.append(what),
        told=told.append,
    )

    (subject,) = [one for one in comparison.subjects if one.name == "model.onnx"]
    assert subject.problem is None
    assert len(subject.rounds) == 1
    assert comparison.plan == PLAN
    assert comparison.host.onnxruntime == importlib.metadata.version("onnxruntime")
    assert steps[0] == "round 1: model.onnx"
    assert re.search(r": is sent \d+ MB: .*, numpy [0-9.]+, onnxruntime [0-9.]+, ", told[-1])
    (kept,) = (there.sshd.cache / "edgesmith").glob("packages-*")
    assert kept.stat().st_mode & 0o777 == 0o700

    selftest_on(device, bundle, told=told.append)

    assert ": has kept " in told[-1]


def test_what_the_device_has_is_used_and_what_a_power_loss_left_is_swept(
    there: Any, bundle: Path
) -> None:
    left = there.sshd.cache / "edgesmith" / f"edgesmith-session-{'0' * 32}"
    left.mkdir(0o700, parents=True)
    (left / LOCK).touch()
    told: list[str] = []

    result = selftest_on(there.device(), bundle, told=told.append)

    assert (result.n_samples, result.artifact) == (3, "model.onnx")
    assert len(told) == 2
    assert ": has of its own numpy " in told[1]


def test_answers_and_errors_are_those_of_this_machine(
    there: Any, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    inputs, others = tmp_path / "it's $(here).npy", tmp_path / "others.npy"
    np.save(inputs, rows)
    np.save(others, np.zeros((1, 5), np.float32))
    model = load(bundle)
    words = ["predict", str(bundle), str(inputs), str(others), "--json"]
    words += ["--device", there.sshd.address, "--device-python", there.python]

    code = run([*words, "--ssh-config", str(there.sshd.ssh_config)])

    *answers, error = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 1
    assert [one["input"] for one in answers] == [f"{inputs}[0]", f"{inputs}[1]"]
    assert [one["label"] for one in answers] == [model.predict(row).label for row in rows]
    assert error["input"] == f"{others}[0]"
    assert "(4,)" in error["error"] or "4" in error["error"]


def test_the_choice_of_tune_stays_on_the_device(there: Any, bundle: Path) -> None:
    out: list[str] = []
    tuned = there.sshd.cache / "edgesmith" / "tuned" / read_bundle(bundle).identity

    code = tune_on(there.device(), bundle, words=BRIEF, out=out.append, told=out.append)

    assert code == 0
    assert f"recorded in {tuned}" in out[-2]
    assert out[-1].endswith("apps there find it with the same versions of runtime and engine")
    assert len(list(tuned.glob("*.json"))) == 1


def test_answers_that_differ_there_fail_the_self_test(
    there: Any, bundle: Path, tmp_path: Path
) -> None:
    found = read_bundle(bundle)
    golden = read_golden(found)
    (file,) = golden.outputs
    outputs = {name: array + 0.5 for name, array in golden.outputs[file].items()}
    wrong = dataclasses.replace(golden, outputs={file: outputs})
    files = {file: bytes(found.files[file]), **golden_files(wrong)}
    write_bundle(make_bundle(found.manifest, files), tmp_path / "wrong.edge")

    with pytest.raises(SelfTestError) as caught:
        bench_on(there.device(), tmp_path / "wrong.edge", plan=PLAN)

    told = rf"{there.sshd.address}: selftest: sample 0, model.onnx, output '\w+': largest "
    assert re.match(f"{told}difference 0.5, ", str(caught.value))


def test_a_lost_connection_ends_the_work_on_both_sides(there: Any, bundle: Path) -> None:
    def cut(line: str) -> None:
        if "round 1" in line:
            there.sshd.cut()

    with pytest.raises(DeviceError) as caught:
        tune_on(there.device(), bundle, words=BRIEF, out=cut, told=cut)

    assert f"{there.sshd.address}: the connection was lost during tune (" in str(caught.value)
    assert str(caught.value).endswith(
        "; what was sent removes itself there; see that device and network are up, and try again"
    )


def test_an_interrupt_here_ends_the_work_there(there: Any, bundle: Path) -> None:
    words = ["tune", str(bundle), "--budget", "30", "--device", there.sshd.address]
    words += ["--ssh-config", str(there.sshd.ssh_config), "--device-python", there.python]
    command = subprocess.Popen(
        [sys.executable, "-m", "edgesmith", *words], stderr=subprocess.PIPE, text=True
    )
    assert command.stderr is not None
    with command:
        for line in command.stderr:
            if "round 1" in line:
                command.send_signal(signal.SIGINT)
                break
        last = command.stderr.read().splitlines()[-1]

    assert command.returncode == 130
    assert last == "error: interrupted"
    assert [*there.sshd.cache.glob("edgesmith/edgesmith-session-*")] == []
    assert there.sshd.strays() == []  # killed processes go when the system comes to it


def test_a_folder_that_cannot_be_made_is_told(there: Any, bundle: Path) -> None:
    device = there.device(address=parse_address(f"{there.sshd.address}/dev/null/x"))

    with pytest.raises(DeviceError) as caught:
        selftest_on(device, bundle)

    assert str(caught.value) == (
        f"{there.sshd.address}: /dev/null/x: Not a directory; name a folder that you may write "
        f"to: {there.sshd.address}/FOLDER"
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_device_is_told_before_anything_is_unpacked(
    there: Any, bundle: Path, small_disk: Path
) -> None:
    device = there.device(address=parse_address(f"{there.sshd.address}{small_disk}/deep/er"))

    with pytest.raises(DeviceError) as caught:
        selftest_on(device, bundle)

    assert re.fullmatch(
        rf"{there.sshd.address}: the device is full: {small_disk}/deep/er: \d+ MB are needed, "
        rf"8 MB are free; free some space there, or name another folder: "
        rf"{there.sshd.address}/FOLDER",
        str(caught.value),
    )
    assert list(small_disk.iterdir()) == []


def test_an_engine_that_cannot_be_had_for_the_default_artifact_is_told(
    there: Any, bundle: Path, tmp_path: Path
) -> None:
    device = there.device(python=there.bare_python, wheels=tmp_path)

    with pytest.raises(DeviceError, match=r"no wheel of numpy>=[0-9.]+ for Python 3\.\d+ on "):
        selftest_on(device, bundle)


def test_escapes_in_the_json_of_a_device_cannot_steer_this_terminal(there: Any) -> None:
    steering = json.dumps({"progress": [0, 1, "a\x1b[2Jb"], "error": "no\n\x1b]0;owned\x07"})
    said = iter([Said(job="bench", out=steering), Said(job="bench", code=1)])

    results = _results(there.device(), said)

    assert next(results)["progress"] == [0, 1, "a?[2Jb"]
    with pytest.raises(DeviceError, match=r": bench: no \?\]0;owned\?$"):
        next(results)
