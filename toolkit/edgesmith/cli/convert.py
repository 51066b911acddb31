"""``edgesmith convert``: a model file to a verified bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from edgesmith.cli.options import (
    FILE,
    class_names_option,
    custom_objects_option,
    debug_option,
    expected_option,
    formats_of,
    import_from_here,
    json_option,
    one_object,
    opset_option,
    out_option,
    samples_option,
    unsafe_option,
)

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.manifest import Step

__all__ = ["convert"]


@click.command(short_help="A model file to a verified bundle.")
@click.argument("model", type=FILE, metavar="MODEL")
@out_option("out")
@samples_option
@expected_option
@class_names_option
@click.option(
    "--formats",
    show_default="onnx,tflite; of an .onnx or .tflite file its own",
    help="What to make, comma between.",
)
@opset_option
@click.option("--batch", type=click.IntRange(1), help="Fix the batch; free without.")
@click.option(
    "--transform",
    type=FILE,
    metavar="steps.json|steps.toml",
    help="Steps from the raw samples to the model's tensors; the bundle carries them.",
)
@click.option(
    "--rounds",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="Of the latency comparison, which takes most of the time; 0 does not measure.",
)
@custom_objects_option
@unsafe_option
@json_option
@debug_option
def convert(  # noqa: PLR0913 - click hands over one argument an option
    *,
    model: Path,
    out: Path,
    samples: Path | None,
    expected: Path | None,
    class_names: Path | None,
    formats: str | None,
    opset: int | None,
    batch: int | None,
    transform: Path | None,
    rounds: int,
    custom_objects: tuple[str, ...],
    unsafe: bool,
    as_json: bool,
) -> None:
    """Make a bundle from MODEL; every artifact in it is verified against it.

    MODEL is a .keras file, a .h5 or .hdf5 file of any Keras, or the folder of a SavedModel. An
    .onnx or .tflite file of another tool keeps its format, and its own engine verifies it.

    What your training did to its inputs, such as dividing pixels by 255, goes into --transform:
    a JSON list, or [[transform]] tables of a TOML, with op, inputs, outputs and params each.
    --samples are raw then, as your app has them.
    """
    from edgesmith.cli.progress import progress_on
    from edgesmith.cli.results import print_results
    from edgesmith.cli.sample_files import read_array, read_class_names, read_samples

    with one_object(wanted=as_json) as print_object:
        wanted = None if formats is None else formats_of(formats)
        import_from_here(wanted=bool(custom_objects))
        inputs = None if samples is None else read_samples(samples)
        answers = None if expected is None else read_array(expected)
        names = None if class_names is None else read_class_names(class_names)
        steps = () if transform is None else _steps(transform)
        from edgesmith.pipeline import export
        from edgesmith.reporting import summary

        result = export(
            model,
            out / f"{model.stem}.edge",
            samples=inputs,
            expected=answers,
            class_names=names,
            formats=wanted,
            opset=opset,
            batch=batch,
            transform=steps,
            n_rounds=rounds or None,
            custom_objects=custom_objects,
            unsafe=unsafe,
            progress=progress_on(),
        )
        if as_json:
            print_object(summary(result.summary))
            return
    print_results(result)


def _steps(path: Path) -> tuple[Step, ...]:
    from edgesmith.config.steps import read_steps

    return read_steps(path)
