"""Models loaded and answers printed as every command does it."""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith_runtime.bundle import read_bundle, write_bundle
from edgesmith_runtime.errors import PortabilityWarning, RollbackWarning, TuningWarning
from edgesmith_runtime.finiteness import NonFinite
from edgesmith_runtime.loading import load

if TYPE_CHECKING:
    import argparse
    import os
    from collections.abc import Generator, Iterable

    from edgesmith_runtime.model import Model

__all__ = ["checked_path", "loaded", "one_line", "opened", "print_table", "warnings_told"]


def one_line(text: str) -> str:
    """A message on one line."""
    return " ".join(text.split())


def loaded(arguments: argparse.Namespace, *, non_finite: str = "error") -> Model:
    """The model that a command names; a warning about this host goes to standard error."""
    with warnings_told():
        return opened(
            arguments, arguments.bundle, n_threads=arguments.threads, non_finite=non_finite
        )


def opened(
    arguments: argparse.Namespace,
    path: str | os.PathLike[str],
    *,
    n_threads: int | None,
    non_finite: str = "error",
) -> Model:
    """A bundle loaded as the words of ``artifact`` and ``trust`` say."""
    return load(
        path,
        artifact=arguments.artifact,
        engine=arguments.engine,
        n_threads=n_threads,
        trusted=not arguments.untrusted,
        non_finite=NonFinite(non_finite),
        public_key=arguments.public_key,
        min_version=arguments.min_version,
    )


@contextmanager
def warnings_told() -> Generator[None]:
    """Put warnings on standard error, a line each, also those of threads that start meanwhile.

    Which warnings are told is a matter of the whole process: enter it before any thread starts.
    """
    with warnings.catch_warnings():
        for category in (PortabilityWarning, RollbackWarning, TuningWarning):
            warnings.simplefilter("always", category)
        warnings.showwarning = _tell
        yield


def _tell(message: Warning | str, *_: object) -> None:
    print(f"warning: {one_line(str(message))}", file=sys.stderr)


@contextmanager
def checked_path(arguments: argparse.Namespace) -> Generator[Path]:
    """Where processes of a command read the bundle that it names.

    With a public key that is a copy, for this user alone, of the bytes whose signature was
    checked: nobody can put others in their place.

    Raises:
        SealError: As ``read_bundle``.
        WriteError: There is no room for the copy.
    """
    place = Path(arguments.bundle)
    if arguments.public_key is None:
        yield place
        return
    from edgesmith_runtime.files import scratch  # most need no copy

    bundle = read_bundle(
        place, public_key=arguments.public_key, min_version=arguments.min_version
    )
    with scratch() as folder:
        copy = folder / "bundle.edge"
        write_bundle(bundle, copy)
        yield copy


def print_table(rows: Iterable[tuple[str, ...]]) -> None:
    """Left-aligned columns; a row's last cell takes the room that it needs."""
    table = list(rows)
    widths: dict[int, int] = {}
    for row in table:
        for column, cell in enumerate(row[:-1]):
            widths[column] = max(widths.get(column, 0), len(cell))
    for row in table:
        cells = [cell.ljust(widths[column]) for column, cell in enumerate(row[:-1])]
        print("  ".join([*cells, row[-1]]).rstrip())
