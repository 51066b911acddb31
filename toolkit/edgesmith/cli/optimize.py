"""``edgesmith optimize``: smaller and faster artifacts within a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from edgesmith.cli.options import (
    FILE,
    FOLDER,
    class_names_option,
    custom_objects_option,
    debug_option,
    expected_option,
    formats_of,
    import_from_here,
    json_option,
    one_object,
    opset_option,
    samples_option,
    unsafe_option,
)

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.spec import Format

__all__ = ["optimize"]


def _size(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    from edgesmith.config.sizes import parse_size

    if text is None:
        return None
    try:
        return parse_size(text)
    except ValueError as error:
        raise click.UsageError(f"--max-size: {error}") from error


@click.command(short_help="Smaller and faster artifacts within a budget.")
@click.argument("source", type=FILE, metavar="BUNDLE|MODEL")
@click.option("--max-size", callback=_size, metavar="SIZE", help="E.g. 300kB, 1.5MB, 200KiB.")
@click.option("--max-p95-ms", type=float, metavar="MS", help="Of a call at batch 1, here.")
@click.option(
    "--max-accuracy-drop",
    type=float,
    default=0.01,
    show_default=True,
    help="How much worse than the original the metric may be.",
)
@click.option(
    "--formats",
    show_default="those of a bundle; onnx,tflite; of an .onnx or .tflite file its own",
    help="What the device runs, comma between.",
)
@opset_option
@click.option("--integer-only", is_flag=True, help="The device has whole numbers alone.")
@click.option(
    "--original", type=FILE, metavar="F", help="The model that a bundle elsewhere was made of."
)
@samples_option
@expected_option
@class_names_option
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="Where the bundle and the report go; without it a bundle is written anew in its place.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, (1 << 32) - 1),
    default=0,
    show_default=True,
    help="Of every random choice.",
)
@custom_objects_option
@unsafe_option
@json_option
@debug_option
def optimize(  # noqa: PLR0913 - click hands over one argument an option
    *,
    source: Path,
    max_size: int | None,
    max_p95_ms: float | None,
    max_accuracy_drop: float,
    formats: str | None,
    opset: int | None,
    integer_only: bool,
    original: Path | None,
    samples: Path | None,
    expected: Path | None,
    class_names: Path | None,
    out: Path | None,
    seed: int,
    custom_objects: tuple[str, ...],
    unsafe: bool,
    as_json: bool,
) -> None:
    """Find the best artifact of each format that keeps to a budget, and say why it.

    Of a bundle the original, its samples and their truth are those that its build left beside it;
    elsewhere, and for a MODEL as `edgesmith convert` takes it, give them. The fastest wins, and
    of those that are as fast the smallest; float, where nothing is better.
    """
    from edgesmith.cli.progress import progress_on
    from edgesmith.cli.results import print_results
    from edgesmith.cli.sample_files import read_array, read_class_names, read_samples
    from edgesmith.recipe import Target

    if out is None and not _is_bundle(source):
        raise click.UsageError("--out: missing; it says where the bundle of a model file goes")
    with one_object(wanted=as_json) as print_object:
        wanted = _formats_in(source) if formats is None else formats_of(formats)
        target = Target(
            formats=wanted,
            max_size_bytes=max_size,
            max_p95_ms=max_p95_ms,
            max_accuracy_drop=max_accuracy_drop,
            opset=opset,
            integer_only=integer_only,
        )
        import_from_here(wanted=bool(custom_objects))
        inputs = None if samples is None else read_samples(samples)
        answers = None if expected is None else read_array(expected)
        names = None if class_names is None else read_class_names(class_names)
        from edgesmith.optimizing import optimize as optimize_within
        from edgesmith.reporting import summary

        result = optimize_within(
            source,
            target=target,
            out=out,
            original=original,
            samples=inputs,
            expected=answers,
            class_names=names,
            custom_objects=custom_objects,
            unsafe=unsafe,
            seed=seed,
            progress=progress_on(),
        )
        if as_json:
            print_object(summary(result.summary))
            return
    print_results(result)


def _is_bundle(source: Path) -> bool:
    return source.suffix == ".edge" or (source / "manifest.json").is_file()


def _formats_in(source: Path) -> tuple[Format, ...]:
    """Those of a bundle's artifacts, or the one of a model file; of any other model both."""
    from edgesmith_runtime.bundle import read_bundle
    from edgesmith_runtime.spec import Format

    if _is_bundle(source):
        entries = read_bundle(source).manifest.artifacts
        return tuple(dict.fromkeys(entry.format for entry in entries))
    known = {".onnx": (Format.ONNX,), ".tflite": (Format.TFLITE,)}
    return known.get(source.suffix, tuple(Format))
