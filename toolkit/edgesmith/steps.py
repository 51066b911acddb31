"""A bar for work that is counted from outside of a loop, such as the processes of a comparison."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgesmith.core import Progress

__all__ = ["Steps"]


class Steps:
    """Called before each step, as ``edgesmith_runtime.bench.compare`` calls its progress.

    Args:
        progress: Where the bar is.
        label: What is being done.
    """

    def __init__(self, progress: Progress, label: str) -> None:
        self._progress = progress
        self._label = label
        self._bar: Iterator[Any] | None = None

    def __call__(self, _n_done: int, n_steps: int, _what: str) -> None:
        """One more step begins."""
        if self._bar is None:
            bar = self._progress.track(itertools.count(), self._label, total=n_steps)
            self._bar = iter(bar)
        next(self._bar)

    def close(self) -> None:
        """Let the bar end."""
        self._bar = None
