"""Models loaded and answers printed as every command does it."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import PortabilityWarning, TuningWarning
from edgesmith_runtime.finiteness import NonFinite
from edgesmith_runtime.loading import load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from edgesmith_runtime.model import Model

__all__ = ["loaded", "one_line", "print_table"]


def one_line(text: str) -> str:
    """A message on one line."""
    return " ".join(text.split())


def loaded(arguments: argparse.Namespace, *, non_finite: str = "error") -> Model:
    """The model that a command names; a warning about this host goes to standard error."""
    with warnings.catch_warnings(record=True) as caught:
        for category in (PortabilityWarning, TuningWarning):
            warnings.simplefilter("always", category)
        model = load(
            arguments.bundle,
            artifact=arguments.artifact,
            engine=arguments.engine,
            n_threads=arguments.threads,
            trusted=not arguments.untrusted,
            non_finite=NonFinite(non_finite),
            public_key=arguments.public_key,
            min_version=arguments.min_version,
        )
    for warning in caught:
        print(f"warning: {one_line(str(warning.message))}", file=sys.stderr)
    return model


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
