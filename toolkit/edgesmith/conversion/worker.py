"""The child process of a conversion: ``worker FORMAT GRAPH RESULT``, the job on standard input."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

from edgesmith.conversion.converting import converter_of
from edgesmith.conversion.job import Job
from edgesmith.conversion.refusal import RefusedError, refusal_path, write_refusal
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.lifeline import end_with_parent
from edgesmith_runtime.spec import Format

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Convert one graph; what went wrong is the last line of standard error.

    The converter is imported first: the job, one line, may still be in the making.
    """
    fmt, graph, result = Format(arguments[0]), Path(arguments[1]), Path(arguments[2])
    gc.disable()  # the import makes a million objects, and looking for garbage among them costs 0.8 s
    convert = converter_of(fmt)
    gc.freeze()
    gc.enable()
    line = sys.stdin.readline()
    if not line:
        return 1  # the parent is gone, or has no job
    job = Job.from_json(line)
    end_with_parent()
    try:
        result.write_bytes(convert(graph.read_bytes(), job))
    except ConversionError as error:
        if isinstance(error, RefusedError):
            write_refusal(error, refusal_path(result))
        print(error, file=sys.stderr)  # noqa: T201 - the parent reads it
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it inside native code too
    # Past the destructors of native libraries, which can hang or abort once the work is done.
    exit_code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(exit_code)
