"""What holds an engine survives a fork of the process: the child gets an engine of its own.

The threads of an engine are not copied into a child. What waits for one there, be it a run or the
end of the engine at the exit of the child, hangs or crashes. So in a child an engine of the parent
is never run, and never ended either: it is left in memory, and another is made at the next run.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import ExitStack
from typing import Protocol
from weakref import WeakSet

__all__ = ["Forked", "exit_without_engines", "leave_behind", "tell_after_fork"]


class Forked(Protocol):
    """What has threads or locks that a forked child cannot use."""

    def after_fork(self) -> None:
        """Leave behind the engine and take new locks; called in the child, before it goes on.

        No other thread is there. It must not start or end an engine.
        """
        ...


_LIVING: WeakSet[Forked] = WeakSet()


def tell_after_fork(forked: Forked) -> None:
    """Have ``after_fork`` of an object called in every child forked while it lives."""
    _LIVING.add(forked)


def leave_behind(*things: object) -> None:
    """Keep objects, and all that they refer to, from being ended, also at the interpreter's exit."""
    for thing in things:
        # A reference that nobody gives back. One from a module would go at the exit.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def exit_without_engines() -> None:
    """Have this process exit without what native libraries do at that time; for a child.

    What an engine has for the whole process, such as a pool of threads, waits there for threads
    that are not in the child. Python's own end comes before, and the exit code stays. Where the
    libc is not glibc, nothing is done, and such a child may hang at its exit; os._exit ends it.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "on_exit"):  # glibc alone: it hands the exit code over, atexit does not
        libc.on_exit(libc._exit, None)  # noqa: SLF001 - the name that POSIX gives it


def _tell() -> None:
    with ExitStack() as stack:  # one that raises does not keep the others from it
        for forked in list(_LIVING):
            stack.callback(forked.after_fork)


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_tell)
