"""How far a comparison is: a line that rewrites itself on a terminal, plain lines in a log."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ProgressLine"]

BAR_WIDTH = 20
ERASE_LINE = "\r\x1b[2K"  # ECMA-48: to the start of the line, then erase in line


class ProgressLine:
    """Called before each process of a comparison; says what runs, and how long it all takes still.

    The time left supposes that the processes to come take as long as those so far on average.

    Args:
        stream: Where to, such as standard error.
        clock_ns: Tells the time.
    """

    def __init__(
        self, stream: TextIO, *, clock_ns: Callable[[], int] = time.perf_counter_ns
    ) -> None:
        self._stream = stream
        self._clock_ns = clock_ns
        self._is_terminal = stream.isatty()
        self._start_ns: int | None = None

    def __call__(self, n_done: int, n_processes: int, what: str) -> None:
        """One more process begins."""
        if self._start_ns is None:
            self._start_ns = self._clock_ns()
        count = f"{n_done + 1} of {n_processes}"
        left = self._left(n_done, n_processes)
        if not self._is_terminal:
            self._write(f"{count}  {what}{left}\n")
            return
        n_full = BAR_WIDTH * n_done // max(n_processes, 1)
        bar = "#" * n_full + "." * (BAR_WIDTH - n_full)
        width = shutil.get_terminal_size().columns - 1  # a full line would wrap
        self._write(f"{ERASE_LINE}{f'[{bar}] {count}  {what}{left}'[:width]}")

    def close(self) -> None:
        """Leave the terminal as it was; to be called whatever became of the comparison."""
        if self._is_terminal and self._start_ns is not None:
            self._write(ERASE_LINE)

    def _left(self, n_done: int, n_processes: int) -> str:
        if n_done == 0 or self._start_ns is None:
            return ""
        spent_s = (self._clock_ns() - self._start_ns) / 1e9
        minutes, seconds = divmod(round(spent_s / n_done * (n_processes - n_done)), 60)
        return f"  {minutes}:{seconds:02} left"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
