"""The command ``edgesmith``: one file a command, loaded when it is called."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, NoReturn, cast

import click

from edgesmith.cli.options import Session, debug_option
from edgesmith_runtime.standard_streams import hold_closed_streams, refused_output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

__all__ = ["main", "run"]

FAILED = 1
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
TERMINATED = 143  # 128 + SIGTERM
COMMANDS = (
    "demo",
    "new",
    "build",
    "convert",
    "optimize",
    "check",
    "bench",
    "profile",
    "compare",
    "predict",
    "tune",
    "inspect",
    "unpack",
    "sign",
    "verify",
)


class _Commands(click.Group):
    """A group that imports the module of a command by its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"edgesmith.cli.{cmd_name}"), cmd_name)
        return cast("click.Command", command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names; a misspelt one is told the closest."""
        close = [] if args[0] in COMMANDS else get_close_matches(args[0], COMMANDS, n=1)
        if close:
            ctx.fail(f"no such command '{args[0]}'; did you mean '{close[0]}'?")
        return super().resolve_command(ctx, args)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its code.

    Args:
        arguments: The words after the command's name; None takes those of this process.
    """
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    # An exception, so that drafts are removed and children ended on the way out.
    raise SystemExit(TERMINATED)


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        The exit code: 0 done, 1 the work failed, 2 wrong use or unreadable input,
        130 interrupted. A failure prints one line on standard error.
    """
    hold_closed_streams()
    session = Session()
    try:
        code: object = _group.main(
            list(arguments), prog_name="edgesmith", standalone_mode=False, obj=session
        )
    except click.Abort as error:
        _end_bars(error)
        return _told("interrupted", INTERRUPTED)
    except click.ClickException as error:
        return _misused(error)
    except BrokenPipeError:
        # Whoever read our answer has seen enough; Python would complain while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001 - told in one line, as promised
        return _failed(error, session)
    return code if isinstance(code, int) else 0


def _misused(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    message = error.format_message().removesuffix(".")
    if isinstance(error, click.UsageError) and error.ctx is not None:
        message = f"{message}; see {error.ctx.command_path} --help"
    return _told(message, error.exit_code)


def _failed(error: Exception, session: Session) -> int:
    from edgesmith_runtime.errors import EdgesmithError  # numpy with it, which --help spares

    if session.debug:
        traceback.print_exc()
    _end_bars(error)
    match error:
        case EdgesmithError():
            return _told(str(error), error.exit_code)
        case MemoryError():
            return _told("not enough memory; close other programs or use less data", FAILED)
        case OSError() if (told := refused_output(error)) is not None:
            return _told(told, FAILED)
        case OSError() if error.filename is not None:
            return _told(f"{error.filename}: {error.strerror or error}", FAILED)
        case _:
            what = f"{type(error).__name__}: {error}"
            return _told(f"{what}; this is a fault of ours, --debug shows where", FAILED)


def _end_bars(error: BaseException) -> None:
    """Let go of what the frames of a failure hold, so that its message is the last line."""
    fault: BaseException | None = error
    while fault is not None:
        traceback.clear_frames(fault.__traceback__)
        fault = fault.__context__


def _told(message: str, code: int) -> int:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    return code


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(
    version("edgesmith"), prog_name="edgesmith", message="%(prog)s %(version)s"
)
@debug_option
def _group() -> None:
    """From raw data or a Keras model to a small, fast, verified model on a device."""
