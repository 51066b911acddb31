"""``edgesmith inspect``: a bundle, ``.onnx``, ``.tflite`` or ``.keras`` on one screen."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from edgesmith.cli.options import FILE, debug_option

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.cli.model_files import ModelFile

__all__ = ["inspect"]

MOST_CHARACTERS = 300


@click.command(short_help="A bundle or model file on one screen.")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@debug_option
@click.pass_context
def inspect(context: click.Context, *, file: Path, as_json: bool) -> None:
    """Show what FILE is and holds: a bundle or its directory, .onnx, .tflite or .keras."""
    from edgesmith.cli.model_files import READERS

    read = READERS.get(file.suffix)
    if read is None or file.is_dir():
        from edgesmith_runtime.__main__ import main as runtime

        context.exit(runtime(["inspect", str(file), *(["--json"] if as_json else [])]))
    found = read(file)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False))
        return
    for name, value in _lines(found):
        click.echo(f"{name:12}{value}")


def _lines(found: ModelFile) -> list[tuple[str, str]]:
    parts = sorted(found.parts.items(), key=lambda part: (-part[1], part[0]))
    lines = [
        ("file", f"{found.file}: {found.format}, {found.size_bytes:,} bytes"),
        ("made by", found.version),
        *(("input", one) for one in found.inputs),
        *(("output", one) for one in found.outputs),
        ("parameters", f"{found.n_parameters:,}"),
        ("made of", ", ".join(f"{count} {name}" for name, count in parts) or "nothing"),
    ]
    for name, value in found.metadata.items():
        shown = value if len(value) <= MOST_CHARACTERS else f"{value[:MOST_CHARACTERS]}..."
        lines.append(("metadata", f"{name}: {' '.join(shown.split())}"))
    return lines
