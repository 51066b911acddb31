"""``edgesmith bench``: the latency of a bundle's artifacts against the original and other files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from edgesmith.cli.bench_options import asked_files, asked_plan, file_options, plan_options
from edgesmith.cli.device_options import asked_device, device_options
from edgesmith.cli.options import FILE, debug_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["bench"]

N_LAYERS = 8  # of each artifact in the table on the terminal


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
@plan_options
@click.option(
    "--profile",
    "with_layers",
    is_flag=True,
    help="Time the artifacts by layer afterwards; the page and the Markdown show them, too.",
)
@file_options
@device_options
@debug_option
@click.pass_context
def bench(
    context: click.Context,
    *,
    bundle: Path,
    against: Sequence[Path],
    engines: Sequence[str],
    with_layers: bool,
) -> None:
    """Compare the artifacts of BUNDLE with each other and with other files, in fresh processes."""
    from edgesmith.cli.bench_work import compared_here, compared_there, profiled
    from edgesmith_runtime.bench.plan_options import plan_for
    from edgesmith_runtime.bundle import read_bundle
    from edgesmith_runtime.errors import BackendError

    left = bundle.parent / "build"
    read = (bundle, *against, left / "original.keras", left / "record.json")
    files, device = asked_files(context, read), asked_device(context)
    if device is not None:
        _check_for_device(against, with_layers=with_layers)
    plan = plan_for(asked_plan(context), read_bundle(bundle))
    if device is None:
        comparison = compared_here(bundle, against=against, engines=engines, plan=plan)
    else:
        comparison = compared_there(device, bundle, engines=engines, plan=plan)
    files.write_samples(comparison)
    click.echo(comparison.table())
    layers = None
    if with_layers:
        from edgesmith.profiling import profile_table

        layers = profiled(bundle, n_threads=plan.n_threads)
        click.echo(f"\n{profile_table(layers, top=N_LAYERS)}")
    files.write(comparison, layers)
    if all(subject.problem is not None for subject in comparison.subjects):
        raise BackendError(f"{bundle}: nothing could be measured; the reasons stand above")


def _check_for_device(against: Sequence[Path], *, with_layers: bool) -> None:
    if against:
        raise click.UsageError(
            "--against with --device: the device gets the bundle alone; compare the files here, "
            "or make them artifacts of the bundle"
        )
    if with_layers:
        raise click.UsageError(
            "--profile with --device: layers are timed by the toolkit, which the device does not "
            "get; where it can be installed there, run 'edgesmith profile' on the device"
        )
