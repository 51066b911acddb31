"""What several commands share: options, and standard output that holds one JSON object."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

__all__ = [
    "FILE",
    "FOLDER",
    "Session",
    "debug_option",
    "json_option",
    "one_object",
    "out_option",
]

F = TypeVar("F", bound="Callable[..., Any]")

FILE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)


@dataclass
class Session:
    """What the commands of one call share: whether a failure shows its traceback."""

    debug: bool = False


def _with_debug(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's own form of a callback
    if value:
        context.ensure_object(Session).debug = True


debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=_with_debug,
    help="Show the traceback of a failure.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."
)


def out_option(default: str) -> Callable[[F], F]:
    """``--out DIR``: where the bundle and the report go."""
    return click.option(
        "--out",
        type=FOLDER,
        default=default,
        show_default=True,
        metavar="DIR",
        help="Where the bundle and the report go.",
    )


@contextmanager
def one_object(*, wanted: bool) -> Generator[Callable[[Mapping[str, Any]], None], None, None]:
    """Keep standard output for one JSON object: whatever else writes there goes to standard error.

    That is what Python prints and what libraries and child processes write to the descriptor.

    Args:
        wanted: False leaves standard output as it is.

    Yields:
        Prints the object.
    """
    if not wanted:
        yield _print_to(sys.stdout.write)
        return
    kept = sys.stdout
    descriptor = _descriptor(kept)
    with redirect_stdout(sys.stderr):
        if descriptor is None:
            yield _print_to(kept.write)
            return
        kept.flush()
        real = os.dup(descriptor)
        os.dup2(2, descriptor)
        try:
            yield _print_to(lambda text: _write_all(real, text.encode()))
        finally:
            kept.flush()
            os.dup2(real, descriptor)
            os.close(real)


def _descriptor(stream: Any) -> int | None:
    try:
        return stream.fileno()
    except (AttributeError, OSError):  # a test's or an app's own stream
        return None


def _print_to(write: Callable[[str], object]) -> Callable[[Mapping[str, Any]], None]:
    def print_object(members: Mapping[str, Any]) -> None:
        write(json.dumps(members, ensure_ascii=False, allow_nan=False) + "\n")

    return print_object


def _write_all(descriptor: int, content: bytes) -> None:
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
