"""``edgesmith build``: raw data to bundle and report, as a TOML says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from edgesmith.cli.options import FILE, debug_option, json_option, one_object, out_option

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["build"]


@click.command(short_help="Raw data to bundle and report.")
@click.argument("config", type=FILE, metavar="CONFIG.toml")
@out_option("out")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override one key, e.g. training.epochs=10; may be given again.",
)
@json_option
@debug_option
def build(*, config: Path, out: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Make a bundle and a report from raw data."""
    from edgesmith.cli.progress import progress_on
    from edgesmith.cli.results import print_results
    from edgesmith.config.reading import load_config

    with one_object(wanted=as_json) as print_object:
        checked = load_config(config, overrides)  # before TensorFlow: a typo is told at once
        from edgesmith.pipeline import build as build_bundle
        from edgesmith.reporting import summary

        result = build_bundle(checked, out, progress=progress_on())
        if as_json:
            print_object(summary(result.summary))
            return
    print_results(result)
