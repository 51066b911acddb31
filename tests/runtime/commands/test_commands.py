"""How any command ends when it is told to."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from edgesmith_runtime.commands import TERMINATED, inspect, main
from edgesmith_runtime.files import scratch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

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
