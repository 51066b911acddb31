"""How a child process ends with its parent: by the pipe between them, however the parent died."""

from __future__ import annotations

import os
import signal
import sys

__all__ = ["end_with_parent", "read_question"]


def read_question() -> str:
    """The one line that the parent has for this process, which ends with the parent from then on.

    The parent leaves the standard input of the child open until the child has ended. The end of
    it comes as a signal, so that nothing else runs in a process that measures: a thread that
    sleeps beside calls of 5 us makes them slower by 1.5 % (Python 3.11 on Linux).
    """
    line = sys.stdin.readline()
    if sys.platform == "win32":  # has no such signal
        end_with_parent()
    else:
        _ask_for_signals(sys.stdin.fileno())
    return line


def end_with_parent() -> None:
    """From now on end this process, whatever it does, when its standard input is closed.

    A thread waits for that, which is heard inside of a long call of native code too.
    """
    import threading  # here: it would count in what an app's import is measured to take

    threading.Thread(target=_follow, args=(sys.stdin.fileno(),), daemon=True).start()


def _follow(fd: int) -> None:
    # Past the buffer of ``sys.stdin``: Python cannot end while a thread holds that one's lock.
    while os.read(fd, 4096):
        pass
    os._exit(1)


if sys.platform != "win32":
    import fcntl

    def _ask_for_signals(fd: int) -> None:
        def look(*_: object) -> None:
            # Data signals too, even what was just read: the writer is not done when we are.
            try:
                while os.read(fd, 4096):
                    pass
            except BlockingIOError:
                return
            os._exit(1)

        signal.signal(signal.SIGIO, look)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGIO])  # a mask is handed down
        fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
        fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_ASYNC | os.O_NONBLOCK)
        look()  # the parent may be gone by now
