"""Standard streams of a command that are closed, or whose reader takes no more."""

from __future__ import annotations

import errno
import os
import sys
from typing import TextIO

__all__ = ["hold_closed_streams", "refused_output"]

_NO_ROOM = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])


def hold_closed_streams() -> None:
    """Give the null device to the standard streams that the caller has closed.

    A daemon may start a command without them. Their numbers would go to the next files that are
    opened, and what an engine writes to number 2 would go into such a file; and without an object
    for it, ``print(file=sys.stderr)`` writes to standard output. Input stays absent, for who
    reads it to say so.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)  # noqa: FBT003 - as the streams of every process are
    os.close(number)
    if sys.stdout is None:  # closed
        sys.stdout = _null()
    if sys.stderr is None:
        sys.stderr = _null()


def _null() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - to the end of the process


def refused_output(error: OSError) -> str | None:
    """What to tell of an answer that could not be printed; None for another failure."""
    if error.filename is not None or error.errno not in _NO_ROOM:
        return None
    return f"the answer cannot be written: {error.strerror}; make room where it goes"
