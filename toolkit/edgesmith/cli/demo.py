"""``edgesmith demo``: the whole way on data that scikit-learn ships."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import click

from edgesmith.cli.options import debug_option, json_option, one_object, out_option

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["demo"]


@click.command(short_help="The whole way on real data, without network.")
@out_option("demo")
@json_option
@debug_option
def demo(*, out: Path, as_json: bool) -> None:
    """Build a digit classifier: from pixels to a verified bundle and a report, without network."""
    from edgesmith.cli.progress import progress_on
    from edgesmith.cli.results import print_results
    from edgesmith.config.reading import parse_config
    from edgesmith.pipeline import build
    from edgesmith.reporting import summary

    text = (files("edgesmith") / "templates" / "digits.toml").read_text(encoding="utf-8")
    with one_object(wanted=as_json) as print_object:
        config = parse_config(text, where="digits.toml", folder=out)
        result = build(config, out, progress=progress_on())
        if as_json:
            print_object(summary(result.summary))
            return
    print_results(
        result,
        [
            f"edgesmith inspect {result.bundle}",
            f"edgesmith-runtime selftest {result.bundle}",
            f"edgesmith bench {result.bundle}",
            "edgesmith new mine --kind image",
        ],
    )
