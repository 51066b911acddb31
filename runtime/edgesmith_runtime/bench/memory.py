"""The most memory that this process has held."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["peak_memory_bytes"]

_STATUS = Path("/proc/self/status")


def peak_memory_bytes() -> int | None:
    """The peak of the resident set so far, or None where the operating system does not tell.

    Linux: ``VmHWM``, because ``ru_maxrss`` survives ``exec`` and so gives the peak of the
    *parent* where that is the larger one, as it is with a training framework loaded
    (fs/exec.c, ``exec_mmap``: ``setmax_mm_hiwater_rss``).
    """
    if _STATUS.exists():
        for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows has none
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # getrusage(2): bytes, else KiB
