"""The command ``edgesmith-runtime``: one module a command, without the toolkit."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edgesmith_runtime.commands import (
    bench,
    doctor,
    explain,
    inspect,
    predict,
    selftest,
    serve,
    tune,
)
from edgesmith_runtime.commands.options import Parser
from edgesmith_runtime.commands.showing import one_line
from edgesmith_runtime.errors import EdgesmithError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Sequence
    from types import FrameType
    from typing import NoReturn

__all__ = ["INTERRUPTED", "TERMINATED", "main"]

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
TERMINATED = 143  # 128 + SIGTERM


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The words after the command's name; None takes those of this process.

    Returns:
        The exit code: 0 done, 1 the work failed, 2 wrong use or unreadable input,
        130 interrupted.

    Raises:
        SystemExit: With 143 where SIGTERM came, after drafts are removed and children ended; and
            with 2 where the words are of no command.
    """
    if (reconfigure := getattr(sys.stdout, "reconfigure", None)) is not None:
        # A file name need not be one in UTF-8, and a label need not exist in the terminal's code.
        reconfigure(errors="backslashreplace")
    parser = _parser()
    arguments = parser.parse_args(argv)
    if getattr(arguments, "min_version", None) is not None and arguments.public_key is None:
        parser.error("--min-version needs --public-key: anyone can write a number")
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        with _clearing_up():
            code = command(arguments)
        sys.stdout.flush()  # here, where a closed pipe is still met with an answer
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our answers has seen enough; Python would complain while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - told in one line, as promised
        if arguments.debug:
            traceback.print_exc()
        return _failed(error)
    else:
        return code


@contextmanager
def _clearing_up() -> Generator[None]:
    """End by an exception on SIGTERM, so that drafts are removed and children ended on the way."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can be told of a signal
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(TERMINATED)


def _failed(error: Exception) -> int:
    if isinstance(error, EdgesmithError):
        print(f"error: {one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    what = f"{type(error).__name__}: {one_line(str(error))}"
    print(f"error: {what}; this is a fault of ours, --debug shows where", file=sys.stderr)
    return 1


def _parser() -> Parser:
    parser = Parser(prog="edgesmith-runtime", description="Run a model bundle on this host.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (predict, selftest, inspect, bench, explain, doctor, serve, tune):
        command.add(commands)
    return parser
