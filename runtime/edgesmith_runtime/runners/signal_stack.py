"""The stack that a thread handles signals on, kept from libraries that replace it."""

from __future__ import annotations

import ctypes
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["signal_stack_kept"]


class _Stack(ctypes.Structure):
    """``stack_t`` of sigaltstack(2), as Linux has it."""

    _fields_ = (
        ("sp", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("size", ctypes.c_size_t),
    )


@contextmanager
def signal_stack_kept() -> Generator[None]:
    """Give this thread the signal stack back that it has now.

    OpenVINO 2026.4 gives the thread that loads its CPU plugin another one, and whichever thread
    ends the plugin unmaps it: in another thread, the next signal that Python handles kills the
    process. Where the system refuses the old one (too small for the registers that the process
    now uses) the new one stays. Linux alone has the fault.
    """
    if sys.platform != "linux":
        yield
        return
    libc: Any = ctypes.CDLL(None)
    before = _Stack()
    is_known = libc.sigaltstack(None, ctypes.byref(before)) == 0
    try:
        yield
    finally:
        if is_known:
            libc.sigaltstack(ctypes.byref(before), None)
