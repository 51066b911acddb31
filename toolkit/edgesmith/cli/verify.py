"""``edgesmith verify``: whether a bundle is whole, and who signed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from edgesmith.cli.options import FILE, debug_option, json_option, one_object

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgesmith_runtime.bundle import Bundle

__all__ = ["verify"]

FAILED = 1


@click.command(short_help="Whether a bundle is whole, and who signed it.")
@click.argument("bundle", type=FILE)
@click.option(
    "--public-key",
    "key_files",
    type=FILE,
    metavar="F.pub",
    multiple=True,
    help="The key that must have signed it; again: one of them.",
)
@click.option(
    "--min-version",
    type=click.IntRange(0),
    metavar="N",
    help="The lowest version that it may have been signed as.",
)
@json_option
@debug_option
@click.pass_context
def verify(
    context: click.Context,
    *,
    bundle: Path,
    key_files: Sequence[Path],
    min_version: int | None,
    as_json: bool,
) -> None:
    """Check the digests of BUNDLE, its structure and, with a public key, its signature."""
    from edgesmith_runtime.bundle import read_bundle
    from edgesmith_runtime.errors import BundleError
    from edgesmith_runtime.seal import public_key_file

    if min_version is not None and not key_files:
        raise click.UsageError("--min-version needs --public-key: anyone can write a number")
    keys = [public_key_file(path) for path in key_files] or None
    try:
        whole = read_bundle(bundle, public_key=keys, min_version=min_version)
        said = _said(whole, bundle, signature_checked=keys is not None)
    except BundleError as error:
        if isinstance(error.__cause__, OSError):
            raise  # it cannot be read: wrong use, not a check that failed
        if not as_json:
            click.echo(f"error: {' '.join(str(error).split())}", err=True)
        said = {"holds": False, "problem": str(error)}
    with one_object(wanted=as_json) as answer:
        if as_json:
            answer({"bundle": str(bundle), **said})
        elif said["holds"]:
            _show(said)
    context.exit(0 if said["holds"] else FAILED)


def _said(bundle: Bundle, path: Path, *, signature_checked: bool) -> dict[str, Any]:
    from edgesmith_runtime.errors import SealError
    from edgesmith_runtime.seal import read_seal

    try:
        seal = None if bundle.seal is None else read_seal(bundle.seal)
    except SealError as error:
        raise SealError(f"{path}: {error}") from error
    return {
        "holds": True,
        "identity": bundle.identity,
        "n_files": len(bundle.files),
        "signed": seal is not None,
        "signature_checked": signature_checked,
        "key": None if seal is None else seal.key_id,
        "version": None if seal is None else seal.version,
    }


def _show(said: dict[str, Any]) -> None:
    click.echo(f"identity   {said['identity']}")
    click.echo(f"files      {said['n_files']}, all as SHA256SUMS says")
    if not said["signed"]:
        click.echo("signature  none: anyone may have made it")
        return
    checked = "holds" if said["signature_checked"] else "not checked, give --public-key"
    click.echo(f"signature  by key {said['key']}: {checked}")
    click.echo(f"version    {said['version']}")
