"""How long work shows how far it is: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

    from rich.console import Console
    from rich.progress import Progress as Bars

    from edgesmith.core import Progress

__all__ = ["LineProgress", "RichProgress", "progress_on"]

SECONDS_BETWEEN_LINES = 10.0


def progress_on(stream: TextIO | None = None) -> Progress:
    """The progress that suits a stream; without one, standard error."""
    chosen = stream or sys.stderr
    if not chosen.isatty():
        return LineProgress(chosen)
    from rich.console import Console

    return RichProgress(Console(file=chosen))


class LineProgress:
    """Plain lines for a log: a label when it is done, and every few seconds until then.

    Args:
        stream: Where to.
        clock_ns: Tells when the last line is old.
    """

    def __init__(
        self, stream: TextIO, *, clock_ns: Callable[[], int] = time.perf_counter_ns
    ) -> None:
        self._stream = stream
        self._clock_ns = clock_ns

    def track(self, items: Iterable[Any], label: str, *, total: int) -> Iterator[Any]:
        """Pass the items through, counting them under a label."""
        start_ns = told_ns = self._clock_ns()
        n_done = 0
        try:
            for n_done, item in enumerate(items, start=1):
                yield item
                now_ns = self._clock_ns()
                if now_ns - told_ns >= SECONDS_BETWEEN_LINES * 1e9 and n_done < total:
                    told_ns = now_ns
                    left = (now_ns - start_ns) / 1e9 / n_done * (total - n_done)
                    self.say(f"{label}: {n_done} of {total}, about {left:.0f} s left")
        finally:
            seconds = (self._clock_ns() - start_ns) / 1e9
            self.say(f"{label}: {n_done} of {total} in {seconds:.1f} s")

    def say(self, message: str) -> None:
        """One line for people."""
        self._stream.write(f"{message}\n")
        self._stream.flush()


class RichProgress:
    """Bars that move on a terminal; each leaves one line when it is done.

    Args:
        console: Of the terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: Bars | None = None
        self._n_open = 0

    def track(self, items: Iterable[Any], label: str, *, total: int) -> Iterator[Any]:
        """Pass the items through, counting them under a label."""
        bars = self._opened()
        task = bars.add_task(label, total=total)
        n_done = 0
        try:
            for item in items:
                n_done += 1
                yield item
                bars.advance(task)
        finally:
            done = next(one for one in bars.tasks if one.id == task)
            bars.remove_task(task)
            self._close_one()
            self.say(f"{label}: {n_done} of {total} in {done.elapsed or 0:.1f} s")

    def say(self, message: str) -> None:
        """One line for people, above the bars."""
        self._console.print(message, markup=False, highlight=False)

    def _opened(self) -> Bars:
        if self._bars is None:
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
                TimeRemainingColumn,
            )

            self._bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._bars.start()
        self._n_open += 1
        return self._bars

    def _close_one(self) -> None:
        self._n_open -= 1
        if self._n_open == 0 and self._bars is not None:
            self._bars.stop()
            self._bars = None
