"""``python -m edgesmith_runtime`` is the command ``edgesmith-runtime``."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from types import FrameType
    from typing import NoReturn

__all__ = ["main"]

_INTERRUPTED = 130  # as `commands.INTERRUPTED`, which is not there yet


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, as ``commands.main``; an interrupt while that is imported is no traceback.

    Args:
        argv: The words after the command's name; None takes those of this process.

    Returns:
        The exit code.
    """
    with _leaving_at_once():
        from edgesmith_runtime.commands import main as run_command
    return run_command(argv)


@contextmanager
def _leaving_at_once() -> Generator[None]:
    """End the process on SIGINT, which in the middle of numpy's import would be an ImportError."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # ignored, as in the background of a shell, or somebody else's
        return
    try:
        signal.signal(signal.SIGINT, _leave)
    except ValueError:  # only the main thread may
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"error: interrupted\n")
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
