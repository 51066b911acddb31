"""How any command ends when it is told to."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.commands import TERMINATED, inspect, main
from edgesmith_runtime.files import scratch

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str, str]]


def test_a_termination_exits_143_and_clears_up(
    run: Run, tiny_bundle_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def terminated(_path: object, **_trust: object) -> None:
        with scratch(tmp_path):
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(inspect, "read_bundle", terminated)
    before = signal.getsignal(signal.SIGTERM)

    code, out, err = run("inspect", tiny_bundle_path)

    assert (code, out, err) == (TERMINATED, "", "")
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_command_may_run_in_any_thread(tiny_bundle_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        code = pool.submit(main, ["inspect", str(tiny_bundle_path)]).result()

    assert code == 0


_IMPORTING = """
import signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            signal.raise_signal(signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this
sys.meta_path.insert(0, Finder())
from edgesmith_runtime.__main__ import main
main(["inspect", "no.edge"])
"""


def test_an_interrupt_in_the_middle_of_an_import_exits_130() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", _IMPORTING], capture_output=True, text=True, check=False
    )

    assert (shown.returncode, shown.stderr) == (130, "error: interrupted\n")


def test_an_interrupt_that_became_an_import_error_exits_130(
    run: Run, tiny_bundle_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_path: object, **_trust: object) -> None:
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr(inspect, "read_bundle", interrupted)

    assert run("inspect", tiny_bundle_path) == (130, "", "error: interrupted\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="of Linux")
def test_an_answer_that_finds_no_room_is_one_line(tiny_bundle_path: Path) -> None:
    command = [sys.executable, "-m", "edgesmith_runtime", "inspect", str(tiny_bundle_path)]

    with Path("/dev/full").open("wb") as full:
        shown = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert shown.returncode == 1
    assert shown.stderr == (
        "error: the answer cannot be written: No space left on device; make room where it goes\n"
    )
