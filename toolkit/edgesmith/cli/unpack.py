"""``edgesmith unpack``: a bundle as a directory, for people and for apps in other languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from edgesmith.cli.options import FILE, debug_option

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["unpack"]


@click.command(short_help="A bundle as a directory.")
@click.argument("bundle", type=FILE)
@click.argument("directory", type=FILE)
@debug_option
def unpack(*, bundle: Path, directory: Path) -> None:
    """Write the files of BUNDLE to DIRECTORY, which must not have files yet."""
    from edgesmith_runtime.bundle import read_bundle, unpack_bundle

    unpack_bundle(read_bundle(bundle), directory)
    click.echo(f"{directory}: check it with (cd {directory} && sha256sum -c SHA256SUMS)")
