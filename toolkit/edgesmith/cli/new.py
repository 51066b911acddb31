"""``edgesmith new``: a commented configuration to start from."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

import click

from edgesmith.cli.options import FOLDER, debug_option

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["new"]

KINDS = ("image", "table", "audio", "text", "series", "tensor")


@click.command(short_help="A commented TOML to start from.")
@click.argument("directory", type=FOLDER, metavar="DIR")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What one sample is.")
@debug_option
def new(*, directory: Path, kind: str) -> None:
    """Write a commented TOML into DIR, named like it."""
    from edgesmith_runtime.errors import ConfigError
    from edgesmith_runtime.files import replacing

    name = _bundle_name(directory)
    path = directory / f"{name}.toml"
    if path.exists():
        raise ConfigError(f"{path}: exists already; remove it or take another directory")
    template = (files("edgesmith") / "templates" / f"new_{kind}.toml").read_text(
        encoding="utf-8"
    )
    directory.mkdir(parents=True, exist_ok=True)
    with replacing(path) as draft:
        draft.write_text(template.replace("@NAME@", name), encoding="utf-8")
    click.echo(
        f"{path}: put your paths in, then run: edgesmith build {path} --out {directory}/out"
    )


def _bundle_name(directory: Path) -> str:
    """The directory's own name in letters that a bundle's name may have."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", directory.resolve().name).strip("_-")
    return name[:64] or "model"
