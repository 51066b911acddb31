"""How far a comparison is, on a terminal and in a log."""

from __future__ import annotations

import io
from itertools import count
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.progress_line import ProgressLine

if TYPE_CHECKING:
    import pytest

SECOND = 1_000_000_000


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _ticks() -> count[int]:
    return count(0, 30 * SECOND)


def test_a_log_gets_a_line_a_process_with_the_time_left() -> None:
    log, ticks = io.StringIO(), _ticks()
    progress = ProgressLine(log, clock_ns=lambda: next(ticks))

    progress(0, 4, "round 1: model.onnx")
    progress(1, 4, "round 1: keras")
    progress.close()

    assert log.getvalue() == (
        "1 of 4  round 1: model.onnx\n2 of 4  round 1: keras  1:30 left\n"
    )


def test_a_terminal_has_one_line_that_rewrites_itself() -> None:
    terminal, ticks = Terminal(), _ticks()
    progress = ProgressLine(terminal, clock_ns=lambda: next(ticks))

    progress(0, 4, "a")
    progress(1, 4, "b")
    progress.close()

    shown = terminal.getvalue().split("\r\x1b[2K")
    assert shown == [
        "",
        "[....................] 1 of 4  a",
        "[#####...............] 2 of 4  b  1:30 left",
        "",
    ]
    assert "\n" not in terminal.getvalue()


def test_a_long_line_does_not_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()

    ProgressLine(terminal)(0, 4, "round 1: " + "very_" * 20)

    assert len(terminal.getvalue().removeprefix("\r\x1b[2K")) == 39


def test_what_never_began_leaves_nothing() -> None:
    terminal = Terminal()

    ProgressLine(terminal).close()

    assert terminal.getvalue() == ""
