"""``edgesmith-runtime bench`` as a user sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.slow
def test_bench_prints_a_table_and_json(
    run: Callable[..., tuple[int, str, str]], tiny_bundle_path: Path
) -> None:
    code, out, err = run("bench", tiny_bundle_path, "--rounds", 1, "--threads", 1)

    assert code == 0
    assert "model.onnx" in out
    assert "raw input: where it goes" in out
    assert "1 of 1" in err

    code, out, _ = run(
        "bench", tiny_bundle_path, "--rounds", 1, "--batch", "2", "--phases", "steady", "--json"
    )

    assert code == 0
    (subject,) = json.loads(out)["subjects"]
    assert (subject["name"], set(subject["settings"])) == ("model.onnx", {"steady:2"})


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs the /proc of Linux")
def test_a_terminated_bench_leaves_no_process_and_no_folder(
    tiny_bundle_path: Path, tmp_path: Path
) -> None:
    words = ["bench", tiny_bundle_path, "--phases", "idle", "--idle", "60", "--rounds", "1"]
    command = [sys.executable, "-m", "edgesmith_runtime", *map(str, words)]
    process = subprocess.Popen(
        command, env={**os.environ, "TMPDIR": str(tmp_path)}, stderr=subprocess.PIPE
    )
    worker = _measuring_child(process)
    assert list(tmp_path.iterdir()) != []

    process.terminate()
    process.communicate(timeout=30)

    assert process.returncode == 143
    assert not Path(f"/proc/{worker}").exists()
    assert list(tmp_path.iterdir()) == []


def _measuring_child(parent: subprocess.Popen[bytes]) -> str:
    """The process that another one starts, once it has its question: it has loaded the engine."""
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    while parent.poll() is None:
        for child in children.read_text().split():
            with suppress(OSError):  # it ended
                if "onnxruntime" in Path(f"/proc/{child}/maps").read_text():
                    return child
        time.sleep(0.01)
    raise ChildProcessError(f"no process measured: {parent.communicate()[1].decode()}")


def test_an_option_without_its_phase_is_wrong_use(
    run: Callable[..., tuple[int, str, str]], tiny_bundle_path: Path
) -> None:
    code, _, err = run("bench", tiny_bundle_path, "--phases", "steady", "--rate", "10")

    assert code == 2
    assert err.startswith(
        "error: --rate: is about the phase paced, which --phases lacks; add it"
    )


def test_a_wrong_word_is_told(
    run: Callable[..., tuple[int, str, str]], tiny_bundle_path: Path
) -> None:
    code, _, err = run("bench", tiny_bundle_path, "--phases", "warm")

    assert code == 2
    assert err.startswith("error: --phases: expected all, or some of steady, raw, idle")
