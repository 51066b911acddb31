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

    from edgesmith_runtime.spec import Format

__all__ = [
    "FILE",
    "FOLDER",
    "Session",
    "class_names_option",
    "custom_objects_option",
    "debug_option",
    "expected_option",
    "formats_of",
    "import_from_here",
    "json_option",
    "one_object",
    "opset_option",
    "out_option",
    "samples_option",
    "unsafe_option",
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
samples_option = click.option(
    "--samples",
    type=FILE,
    metavar="X.npy|X.npz",
    help="Inputs to verify on; .npz: by input name.",
)
expected_option = click.option(
    "--expected",
    type=FILE,
    metavar="Y.npy",
    help="True answers to the samples; gives the score.",
)
class_names_option = click.option(
    "--class-names",
    type=FILE,
    metavar="labels.txt",
    help="One a line, in the order of the output.",
)
opset_option = click.option("--opset", type=click.IntRange(13, 23), help="Of the ONNX file.")
custom_objects_option = click.option(
    "--custom-objects",
    multiple=True,
    metavar="package.module[:Name]",
    help="Where classes are that the file needs and does not hold; may be given again.",
)
unsafe_option = click.option(
    "--unsafe",
    is_flag=True,
    help="Let the file run the Python code that it holds, such as that of Lambda layers.",
)


def import_from_here(*, wanted: bool) -> None:
    """Let ``--custom-objects`` find modules of the working folder, as ``python -m`` does."""
    if wanted and (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)


def formats_of(text: str) -> tuple[Format, ...]:
    """The formats of ``--formats``, comma between, once each.

    Raises:
        click.UsageError: One is not known, or there is none.
    """
    from edgesmith_runtime.spec import Format

    known = {str(one): one for one in Format}
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise click.UsageError(
                f"--formats: expected some of {', '.join(known)}, got '{name}'"
            )
    if not names:
        raise click.UsageError(f"--formats: expected some of {', '.join(known)}, got none")
    return tuple(known[name] for name in dict.fromkeys(names))


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
