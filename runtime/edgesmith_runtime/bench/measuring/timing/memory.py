"""The memory that this process holds, and the most that it has held."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["peak_memory_bytes", "resident_memory_bytes"]

_STATUS = Path("/proc/self/status")


def peak_memory_bytes() -> int | None:
    """The peak of the resident set so far, or None where the operating system does not tell.

    Linux: ``VmHWM``, because ``ru_maxrss`` survives ``exec`` and so gives the peak of the
    *parent* where that is the larger one, as it is with a training framework loaded
    (fs/exec.c, ``exec_mmap``: ``setmax_mm_hiwater_rss``).
    """
    peak = _of_status("VmHWM:")
    if peak is not None:
        return peak
    try:
        import resource
    except ImportError:  # Windows has none
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # getrusage(2): bytes, else KiB


def resident_memory_bytes() -> int | None:
    """The resident set now, or None on other systems than Linux."""
    return _of_status("VmRSS:")


def _of_status(key: str) -> int | None:
    # proc(5): in KiB
    if _STATUS.exists():
        for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return None
