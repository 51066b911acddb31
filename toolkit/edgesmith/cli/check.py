"""``edgesmith check``: what becomes of every layer of a model in each format."""

from __future__ import annotations

import dataclasses
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from edgesmith.cli.options import (
    FILE,
    custom_objects_option,
    debug_option,
    formats_of,
    import_from_here,
    json_option,
    one_object,
    unsafe_option,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from edgesmith.findings import Finding, Findings

__all__ = ["check"]

IMPOSSIBLE = 1


@click.command(short_help="What becomes of every layer of a model in each format.")
@click.argument("model", type=FILE, metavar="MODEL")
@click.option(
    "--formats", default="onnx,tflite", show_default=True, help="Targets, comma between."
)
@click.option("--opset", type=click.IntRange(13, 23), help="Of the ONNX file.")
@custom_objects_option
@unsafe_option
@json_option
@debug_option
@click.pass_context
def check(  # noqa: PLR0913 - click hands over one argument an option
    context: click.Context,
    *,
    model: Path,
    formats: str,
    opset: int | None,
    custom_objects: tuple[str, ...],
    unsafe: bool,
    as_json: bool,
) -> None:
    """Say of every layer of MODEL, trained or not, whether and how it converts.

    A layer "converts" as it is, is "lowered" to an exact equivalent that the format can hold, is
    "lifted" into the transform of the bundle, or is "impossible". Nothing is written. The exit
    code is 1 where a format cannot be had.
    """
    from edgesmith.cli.progress import progress_on

    with one_object(wanted=as_json) as print_object:
        targets = formats_of(formats)
        import_from_here(wanted=bool(custom_objects))
        from edgesmith.config import ConversionConfig
        from edgesmith.findings import check as find

        config = ConversionConfig(formats=targets)
        if opset is not None:
            config = ConversionConfig(formats=targets, opset=opset)
        found = find(
            model,
            config=config,
            custom_objects=custom_objects,
            unsafe=unsafe,
            progress=progress_on(),
        )
        if as_json:
            print_object(dataclasses.asdict(found))
    if not as_json:
        for line in _lines(found):
            click.echo(line)
    context.exit(IMPOSSIBLE if found.failures else 0)


def _lines(found: Findings) -> Iterable[str]:
    rows = [_row(list(group)) for _, group in groupby(found.layers, key=lambda one: one.format)]
    for format_, lines in zip(
        dict.fromkeys(one.format for one in found.layers), rows, strict=True
    ):
        yield f"{found.model} to {format_}: {found.failures.get(format_, 'converts')}"
        yield from lines


def _row(findings: list[Finding]) -> list[str]:
    width = max(len(one.layer) for one in findings)
    kinds = max(len(one.kind) for one in findings)
    return [
        f"  {one.layer:{width}}  {one.kind:{kinds}}  {one.fate:10}  {_note(one)}".rstrip()
        for one in findings
    ]


def _note(finding: Finding) -> str:
    notes: list[Any] = [finding.why, f"slow: {finding.slow}" if finding.slow else ""]
    return "; ".join(note for note in notes if note)
