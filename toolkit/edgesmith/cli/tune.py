"""``edgesmith tune``: how a bundle runs fastest, found out and recorded here or on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from edgesmith.cli.device_options import (
    asked_device,
    device_options,
    key_options,
    key_words,
    note,
    valued,
    version_words,
)
from edgesmith.cli.options import FILE, debug_option

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["tune"]


@click.command(short_help="How it runs fastest, recorded here or on a device.")
@click.argument("bundle", type=FILE)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="Seconds to measure at most (60).",
)
@click.option("--threads", type=click.IntRange(min=1), help="Of one run.")
@click.option(
    "--timeouts", is_flag=True, help="Only engines that can end a run at a timeout compete."
)
@click.option("--forget", is_flag=True, help="Remove what is recorded, and measure nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@key_options
@device_options
@debug_option
@click.pass_context
def tune(  # noqa: PLR0913 - one argument an option, as click calls it
    context: click.Context,
    *,
    bundle: Path,
    budget: float | None,
    threads: int | None,
    timeouts: bool,
    forget: bool,
    as_json: bool,
    public_keys: tuple[Path, ...],
    min_version: int | None,
) -> None:
    """Measure the ways to run BUNDLE, and record the fastest for apps on the same machine.

    On a device the record stays in the cache of the user there. An app finds it with the same
    versions of runtime and engine: --device-python names the app's own interpreter.
    """
    others = [
        *valued("--budget", budget),
        *valued("--threads", threads),
        *(["--timeouts"] if timeouts else []),
        *(["--forget"] if forget else []),
        *(["--json"] if as_json else []),
    ]
    trust = version_words(context, public_keys, min_version)
    device = asked_device(context)
    if device is None:
        from edgesmith_runtime.__main__ import main as runtime

        context.exit(
            runtime(["tune", *key_words(public_keys), *trust, *others, "--", str(bundle)])
        )
    from edgesmith.devices import Words, tune_on

    words = Words(public_keys=public_keys, others=(*trust, *others))
    context.exit(tune_on(device, bundle, words=words, out=click.echo, told=note))
