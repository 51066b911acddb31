"""``edgesmith predict``: answers for raw inputs, here or on a device."""

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
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["predict"]


@click.command(short_help="Answers for raw inputs, here or on a device.")
@click.argument("bundle", type=FILE)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--artifact", metavar="A", help="File or format instead of the default.")
@click.option("--engine", metavar="E", help="onnxruntime, litert or openvino.")
@click.option("--threads", type=click.IntRange(min=1), help="Of one run.")
@click.option(
    "--untrusted", is_flag=True, help="Try the model in a child process with limits first."
)
@click.option(
    "--non-finite",
    type=click.Choice(["error", "pass"]),
    help="What is done about NaN and infinity; passed, they are null in JSON (error).",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each raw input.")
@key_options
@device_options
@debug_option
@click.pass_context
def predict(  # noqa: PLR0913 - one argument an option, as click calls it
    context: click.Context,
    *,
    bundle: Path,
    inputs: Sequence[str],
    artifact: str | None,
    engine: str | None,
    threads: int | None,
    untrusted: bool,
    non_finite: str | None,
    as_json: bool,
    public_keys: tuple[Path, ...],
    min_version: int | None,
) -> None:
    """Answer for each INPUT with the model of BUNDLE.

    An image, audio or series is a file or folder; a table .csv, .tsv or .jsonl; a tensor .npy or
    .npz; a text the words, @FILE or -. Words that begin with - stand after --.
    """
    others = [
        *valued("--threads", threads),
        *valued("--non-finite", non_finite),
        *(["--untrusted"] if untrusted else []),
        *(["--json"] if as_json else []),
    ]
    trust = version_words(context, public_keys, min_version)
    device = asked_device(context)
    if device is None:
        from edgesmith_runtime.__main__ import main as runtime

        chosen = [*valued("--artifact", artifact), *valued("--engine", engine)]
        words = [*chosen, *key_words(public_keys), *trust, *others, "--", str(bundle), *inputs]
        context.exit(runtime(["predict", *words]))
    from edgesmith.devices import Words, predict_on

    words = Words(
        artifact=artifact, engine=engine, public_keys=public_keys, others=(*trust, *others)
    )
    context.exit(predict_on(device, bundle, inputs, words=words, out=click.echo, told=note))
