"""``edgesmith profile``: where the time of a bundle's artifacts goes, by Keras layer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from edgesmith.cli.options import FILE, debug_option
from edgesmith.cli.outputs import OUTPUT, check_outputs, write_text

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["profile"]


@click.command(short_help="Time by Keras layer, and of what is around the layers.")
@click.argument("bundle", type=FILE)
@click.option(
    "--artifact", "artifacts", multiple=True, metavar="FILE", help="One of several; else all."
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Of one run; with 1 the layers are told apart best.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Fresh processes of each artifact.",
)
@click.option(
    "--top", type=click.IntRange(min=1), default=15, show_default=True, help="Layers shown."
)
@click.option("--html", type=OUTPUT, metavar="F", help="Write a page with a picture, too.")
@click.option("--json", "json_file", type=OUTPUT, metavar="F", help="Write all figures, too.")
@debug_option
def profile(  # noqa: PLR0913 - click gives every option
    *,
    bundle: Path,
    artifacts: tuple[str, ...],
    threads: int,
    rounds: int,
    top: int,
    html: Path | None,
    json_file: Path | None,
) -> None:
    """Time the artifacts of BUNDLE layer by layer, with the transform, copies and framework."""
    from edgesmith.cli.progress import progress_on
    from edgesmith.profiling import profile_bundle, profile_table
    from edgesmith.steps import Steps
    from edgesmith_runtime.errors import BackendError

    check_outputs({"--html": html, "--json": json_file}, (bundle,))
    steps = Steps(progress_on(), "Profiling")
    try:
        found = profile_bundle(
            bundle, files=artifacts, n_threads=threads, n_processes=rounds, progress=steps
        )
    finally:
        steps.close()
    if json_file is not None:  # first: what cannot be drawn does not lose the figures
        write_text(json_file, json.dumps(found.to_json()) + "\n")
    click.echo(profile_table(found, top=top))
    if html is not None:
        from edgesmith.reporting import render_profile

        write_text(html, render_profile(found))
    if not found.artifacts:
        raise BackendError(f"{bundle}: nothing could be profiled; the reasons stand above")
