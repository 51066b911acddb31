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
from edgesmith_runtime.standard_streams import hold_closed_streams, refused_output

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
    hold_closed_streams()
    if (reconfigure := getattr(sys.stdout, "reconfigure", None)) is not None:
        # A file name need not be one in UTF-8, and a label need not exist in the terminal's code.
        reconfigure(errors="backslashreplace")
    debug = False
    try:
        arguments = _arguments(argv)
        debug = arguments.debug
        command: Callable[[argparse.Namespace], int] = arguments.command
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
        if debug:
            traceback.print_exc()
        if _came_of_interrupt(error):
            print("error: interrupted", file=sys.stderr)
            return INTERRUPTED
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


def _came_of_interrupt(error: BaseException) -> bool:
    """Whether a compiled module made an ImportError of an interrupt, as pybind11 does."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def _failed(error: Exception) -> int:
    if isinstance(error, EdgesmithError):
        print(f"error: {one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    if isinstance(error, OSError) and (told := refused_output(error)) is not None:
        print(f"error: {told}", file=sys.stderr)
        return 1
    what = f"{type(error).__name__}: {one_line(str(error))}"
    print(f"error: {what}; this is a fault of ours, --debug shows where", file=sys.stderr)
    return 1


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    arguments = parser.parse_args(argv)
    if getattr(arguments, "min_version", None) is not None and arguments.public_key is None:
        parser.error("--min-version needs --public-key: anyone can write a number")
    return arguments


def _parser() -> Parser:
    parser = Parser(prog="edgesmith-runtime", description="Run a model bundle on this host.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (predict, selftest, inspect, bench, explain, doctor, serve, tune):
        command.add(commands)
    return parser
