"""``edgesmith bench``: the latency of a bundle's artifacts against the original Keras model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from edgesmith.cli.options import FILE, debug_option

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.bench import Comparison

__all__ = ["bench"]


@click.command(short_help="Latency against the original Keras model.")
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
    from edgesmith.steps import Steps
    from edgesmith_runtime.bench import Plan, compare
    from edgesmith_runtime.errors import BackendError
    from edgesmith_runtime.files import check_place

    for place in (html, json_file):
        if place is not None:
            check_place(place)
    original = against or _original_of(bundle)
    plan = Plan() if rounds is None else Plan(n_rounds=rounds)
    steps = Steps(progress_on(), "Measuring")
    try:
        comparison = compare(bundle, against=original, plan=plan, progress=steps)
    finally:
        steps.close()
    click.echo(comparison.table())
    _write(comparison, html, json_file)
    if all(subject.problem is not None for subject in comparison.subjects):
        raise BackendError(f"{bundle}: nothing could be measured; the reasons stand above")


def _original_of(bundle: Path) -> Path | None:
    """The Keras model that the build of this bundle left beside it, its digests checked.

    A model file is no subject: its artifact is the same graph in the same engine.
    """
    from edgesmith.packing import read_record
    from edgesmith_runtime.bundle import read_bundle

    name = read_bundle(bundle).manifest.name
    left = bundle.parent / "build"
    if not (left / "record.json").is_file():
        return None
    record = read_record(left)
    is_keras = record.original is not None and record.original.suffix == ".keras"
    return record.original if record.name == name and is_keras else None


def _write(comparison: Comparison, html: Path | None, json_file: Path | None) -> None:
    from edgesmith.reporting import render_comparison
    from edgesmith_runtime.files import replacing

    if html is not None:
        with replacing(html) as draft:
            draft.write_text(render_comparison(comparison), encoding="utf-8")
    if json_file is not None:
        with replacing(json_file) as draft:
            draft.write_text(json.dumps(comparison.to_json()) + "\n", encoding="utf-8")
