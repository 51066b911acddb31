"""``edgesmith bench``: the latency of a bundle's artifacts against the original Keras model."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgesmith.cli.options import FILE, debug_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgesmith.core import Progress
    from edgesmith_runtime.bench import Comparison

__all__ = ["bench"]


@click.command
@click.argument("bundle", type=FILE)
@click.option(
    "--against",
    type=FILE,
    metavar="MODEL.keras",
    help="The original; without it build/original.keras beside the bundle, where there is one.",
)
@click.option("--rounds", type=click.IntRange(min=1), help="Fresh processes of each subject.")
@click.option("--html", type=FILE, metavar="F", help="Write a page, too.")
@click.option("--json", "json_file", type=FILE, metavar="F", help="Write every sample, too.")
@debug_option
def bench(
    *,
    bundle: Path,
    against: Path | None,
    rounds: int | None,
    html: Path | None,
    json_file: Path | None,
) -> None:
    """Compare the artifacts of BUNDLE with each other and with Keras, in fresh processes."""
    from edgesmith.cli.progress import progress_on
    from edgesmith_runtime.bench import Plan, compare
    from edgesmith_runtime.errors import BackendError

    plan = Plan() if rounds is None else Plan(n_rounds=rounds)
    steps = _Steps(progress_on())
    try:
        comparison = compare(
            bundle, against=against or _original_of(bundle), plan=plan, progress=steps
        )
    finally:
        steps.close()
    click.echo(comparison.table())
    _write(comparison, html, json_file)
    if all(subject.problem is not None for subject in comparison.subjects):
        raise BackendError(f"{bundle}: nothing could be measured; the reasons stand above")


class _Steps:
    """The bar of a comparison, which counts processes from outside of a loop."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar: Iterator[Any] | None = None

    def __call__(self, _n_done: int, n_processes: int, _what: str) -> None:
        if self._bar is None:
            self._bar = self._progress.track(itertools.count(), "measuring", total=n_processes)
        next(self._bar)

    def close(self) -> None:
        """Take the bar away."""
        self._bar = None


def _original_of(bundle: Path) -> Path | None:
    original = bundle.parent / "build" / "original.keras"
    return original if original.is_file() else None


def _write(comparison: Comparison, html: Path | None, json_file: Path | None) -> None:
    from edgesmith.reporting import render_comparison
    from edgesmith_runtime.files import replacing

    if html is not None:
        with replacing(html) as draft:
            draft.write_text(render_comparison(comparison), encoding="utf-8")
    if json_file is not None:
        with replacing(json_file) as draft:
            draft.write_text(json.dumps(comparison.to_json()) + "\n", encoding="utf-8")
