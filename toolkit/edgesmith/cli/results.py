"""What a finished build prints: a table of results, where things are, what to do next."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith.pipeline import BuildResult

__all__ = ["print_results"]

LOG_WIDTH = 100


def print_results(result: BuildResult, next_commands: Sequence[str] = ()) -> None:
    """Print the table of artifacts, the paths of bundle and report, and commands to try."""
    from rich.console import Console

    from edgesmith.reporting import render_terminal

    console = Console(
        file=sys.stdout, width=None if sys.stdout.isatty() else LOG_WIDTH, highlight=False
    )
    summary = result.summary
    console.print()
    console.print(render_terminal(summary))
    console.print()
    lines = [
        f"default  {summary.choice.file}: {summary.choice.reason}",
        f"bundle   {result.bundle}",
        f"report   {result.report}",
        *(
            f"{'next' if index == 0 else '':9}{line}"
            for index, line in enumerate(next_commands)
        ),
    ]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
