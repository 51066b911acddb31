"""``edgesmith bench``: the latency of a bundle's artifacts against the original and other files."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from edgesmith.cli.device_options import asked_device, device_options, note
from edgesmith.cli.options import FILE, debug_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgesmith_runtime.bench import Comparison

__all__ = ["bench"]


@click.command(short_help="Latency against the original Keras model and other files.")
@click.argument("bundle", type=FILE)
@click.option(
    "--against",
    type=FILE,
    metavar="FILE",
    multiple=True,
    help="A .keras, .onnx or .tflite file to compare with; may be given again. Without one "
    "build/original.keras beside the bundle, where there is one.",
)
@click.option(
    "--engine",
    "engines",
    metavar="E",
    multiple=True,
    help="Run artifacts in this engine too: onnxruntime, litert or openvino. Again: in both.",
)
@click.option(
    "--phases",
    metavar="P,P",
    help="Some of steady,raw,idle,paced,concurrent,sustained, or all; default: steady and, with "
    "raw samples in the bundle, raw.",
)
@click.option("--rounds", type=click.IntRange(min=1), help="Fresh processes of each subject.")
@click.option("--threads", type=click.IntRange(min=1), help="Of every subject.")
@click.option("--batch", metavar="N,N", help="Samples of a call in the steady phase.")
@click.option("--rate", metavar="HZ", help="Calls a second in the paced phase.")
@click.option("--idle", metavar="S,S", help="Pauses before a call in the idle phase.")
@click.option("--callers", metavar="N", help="Threads that call at once.")
@click.option("--sustained", metavar="SECONDS", help="How long the sustained phase is.")
@click.option("--html", type=FILE, metavar="F", help="Write a page, too.")
@click.option("--markdown", type=FILE, metavar="F", help="Write the tables as Markdown, too.")
@click.option("--json", "json_file", type=FILE, metavar="F", help="Write every sample, too.")
@device_options
@debug_option
@click.pass_context
def bench(  # noqa: PLR0913 - one argument an option, as click calls it
    context: click.Context,
    *,
    bundle: Path,
    against: Sequence[Path],
    engines: Sequence[str],
    phases: str | None,
    rounds: int | None,
    threads: int | None,
    batch: str | None,
    rate: str | None,
    idle: str | None,
    callers: str | None,
    sustained: str | None,
    html: Path | None,
    markdown: Path | None,
    json_file: Path | None,
) -> None:
    """Compare the artifacts of BUNDLE with each other and with other files, in fresh processes."""
    from edgesmith.cli.left_original import left_original, scored
    from edgesmith_runtime.bench import compare
    from edgesmith_runtime.bench.plan_options import PlanOptions, plan_for
    from edgesmith_runtime.bench.progress_line import ProgressLine
    from edgesmith_runtime.bundle import read_bundle
    from edgesmith_runtime.errors import BackendError
    from edgesmith_runtime.files import check_place

    files = _Files(html=html, markdown=markdown, json=json_file)
    for place in (html, markdown, json_file):
        if place is not None:
            check_place(place)
    device = asked_device(context)
    if device is not None and against:
        raise click.UsageError(
            "--against with --device: the device gets the bundle alone; compare the files here, "
            "or make them artifacts of the bundle"
        )
    options = PlanOptions(
        phases=phases,
        batch=batch,
        rate=rate,
        idle=idle,
        callers=callers,
        sustained=sustained,
        n_rounds=rounds,
        n_threads=threads,
    )
    plan = plan_for(options, read_bundle(bundle))
    progress = ProgressLine(sys.stderr)
    try:
        if device is None:
            original = None if against else left_original(bundle)
            rivals = against if original is None else (original.path,)
            comparison = compare(
                bundle, against=rivals, engines=engines, plan=plan, progress=progress
            )
            if original is not None:
                comparison = scored(comparison, original)
        else:
            from edgesmith.devices import bench_on

            comparison = bench_on(
                device, bundle, plan=plan, engines=engines, progress=progress, told=note
            )
    finally:
        progress.close()
    click.echo(comparison.table())
    files.write(comparison)
    if all(subject.problem is not None for subject in comparison.subjects):
        raise BackendError(f"{bundle}: nothing could be measured; the reasons stand above")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """What is written beside the table on the terminal."""

    html: Path | None
    markdown: Path | None
    json: Path | None

    def write(self, comparison: Comparison) -> None:
        """Each file that is wanted."""
        if self.html is not None:
            from edgesmith.reporting import render_comparison

            _write(self.html, render_comparison(comparison))
        if self.markdown is not None:
            from edgesmith.reporting import comparison_markdown

            _write(self.markdown, comparison_markdown(comparison))
        if self.json is not None:
            _write(self.json, json.dumps(comparison.to_json(), allow_nan=False) + "\n")


def _write(place: Path, text: str) -> None:
    from edgesmith_runtime.files import replacing

    with replacing(place) as draft:
        draft.write_text(text, encoding="utf-8")
