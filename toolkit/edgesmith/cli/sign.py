"""``edgesmith sign``: a bundle that devices can tell from one by somebody else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from edgesmith.cli.options import FILE, debug_option

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["sign"]


@click.command(short_help="Sign a bundle, or make a key for it.")
@click.argument("bundle", type=FILE, required=False)
@click.option("--key", type=FILE, metavar="F.key", help="The private key to sign with.")
@click.option(
    "--version",
    type=click.IntRange(0, 2**63 - 1),
    metavar="N",
    help="The bundle's number; devices can refuse a lower one than they know.",
)
@click.option(
    "--new-key",
    type=FILE,
    metavar="NAME",
    help="Make NAME.key, which you keep, and NAME.pub, which devices get.",
)
@debug_option
def sign(
    *, bundle: Path | None, key: Path | None, version: int | None, new_key: Path | None
) -> None:
    """Put a signature into BUNDLE, its one file or its directory; an old one is replaced."""
    from edgesmith import signing

    if new_key is not None:
        if bundle is not None or key is not None or version is not None:
            raise click.UsageError("--new-key stands alone; sign with the key afterwards")
        pair = signing.make_keys(new_key)
        click.echo(f"{pair.private}: keep it to yourself; who has it can sign as you")
        click.echo(f"{pair.public}: give it to devices: load(..., public_key=...)")
        return
    if bundle is None or key is None:
        raise click.UsageError("expected BUNDLE and --key F.key, or --new-key NAME")
    ask = _password if sys.stdin.isatty() else None
    seal = signing.sign(bundle, key, version=version, ask_password=ask)
    click.echo(f"{bundle}: signed by key {seal.key_id} as version {seal.version}")


def _password() -> str:
    return click.prompt("password of the key", hide_input=True, err=True)
