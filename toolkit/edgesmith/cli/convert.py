"""``edgesmith convert``: a Keras file to a verified bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import is_zipfile

import click

from edgesmith.cli.options import FILE, debug_option, json_option, one_object, out_option

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.spec import Format

__all__ = ["convert"]


@click.command(short_help="A Keras file to a verified bundle.")
@click.argument("model", type=FILE, metavar="MODEL.keras")
@out_option("out")
@click.option(
    "--samples",
    type=FILE,
    metavar="X.npy|X.npz",
    help="Inputs to verify on; .npz: by input name.",
)
@click.option(
    "--expected",
    type=FILE,
    metavar="Y.npy",
    help="True answers to the samples; gives the score.",
)
@click.option(
    "--class-names",
    type=FILE,
    metavar="labels.txt",
    help="One a line, in the order of the output.",
)
@click.option(
    "--formats", default="onnx,tflite", show_default=True, help="What to make, comma between."
)
@click.option("--opset", type=click.IntRange(13, 23), help="Of the ONNX file.")
@json_option
@debug_option
def convert(  # noqa: PLR0913 - click hands over one argument an option
    *,
    model: Path,
    out: Path,
    samples: Path | None,
    expected: Path | None,
    class_names: Path | None,
    formats: str,
    opset: int | None,
    as_json: bool,
) -> None:
    """Make a bundle from MODEL, a .keras file; every artifact is verified against it."""
    from edgesmith.cli.progress import progress_on
    from edgesmith.cli.results import print_results
    from edgesmith.cli.sample_files import read_array, read_class_names, read_samples

    with one_object(wanted=as_json) as print_object:
        _check(model)
        wanted = _formats(formats)
        inputs = None if samples is None else read_samples(samples)
        answers = None if expected is None else read_array(expected)
        names = None if class_names is None else read_class_names(class_names)
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
            progress=progress_on(),
        )
        if as_json:
            print_object(summary(result.summary))
            return
    print_results(result)


def _check(model: Path) -> None:
    from edgesmith_runtime.errors import InputError

    if model.suffix != ".keras":
        raise InputError(
            f"{model}: expected a .keras file, got '{model.suffix or model.name}'; save the model "
            "with model.save('NAME.keras'), or call edgesmith.export(model, ...) where it is built"
        )
    if not model.is_file():
        raise InputError(f"{model}: no such file; expected a Keras model")
    if not is_zipfile(model):
        raise InputError(f"{model}: not a .keras file; save the model again: model.save(...)")


def _formats(text: str) -> tuple[Format, ...]:
    from edgesmith_runtime.spec import Format

    known = {str(one): one for one in Format}
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise click.UsageError(
                f"--formats: expected some of {', '.join(known)}, got '{name}'"
            )
    if not names:
        raise click.UsageError(f"--formats: expected some of {', '.join(known)}, got none")
    return tuple(known[name] for name in dict.fromkeys(names))
