"""The child process of a conversion: ``worker GRAPH RESULT``, the job as a line on standard input."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from edgesmith.conversion.converting import converted
from edgesmith.conversion.job import Job
from edgesmith_runtime.errors import ConversionError

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Convert one graph; what went wrong is the last line of standard error."""
    graph, result = map(Path, arguments)
    job = Job.from_json(sys.stdin.readline())
    threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        result.write_bytes(converted(graph.read_bytes(), job))
    except ConversionError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the parent reads it
        return 1
    return 0


def _follow_parent() -> None:
    """End with the parent: the standard input closes when it is gone, killed or not."""
    while sys.stdin.read(1):
        pass
    os._exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it inside native code too
    # Past the destructors of native libraries, which can hang or abort once the work is done.
    exit_code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(exit_code)
