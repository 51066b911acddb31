"""Words of the commands that the runtime does here or elsewhere: ``--device``, ``--public-key``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgesmith.cli.options import FILE, FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith.devices import Device

__all__ = [
    "asked_device",
    "device_options",
    "key_options",
    "key_words",
    "note",
    "valued",
    "version_words",
]

F = TypeVar("F", bound="Callable[..., Any]")
_KEY = "edgesmith.device"


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value not in (None, False):
        context.meta.setdefault(_KEY, {})[str(parameter.name)] = value


_OPTIONS = (
    click.option(
        "--device",
        metavar="ssh://[USER@]HOST[:PORT][/FOLDER]",
        expose_value=False,
        callback=_remember,
        help="Do it there, which needs Python 3.11 and ssh alone.",
    ),
    click.option(
        "--device-python",
        metavar="PATH",
        expose_value=False,
        callback=_remember,
        help="The interpreter there; what is installed beside it is used (python3).",
    ),
    click.option(
        "--wheels",
        type=FOLDER,
        metavar="DIR",
        expose_value=False,
        callback=_remember,
        help="Wheels to send; without it pip downloads what the device lacks, here.",
    ),
    click.option(
        "--keep",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Keep the packages on the device for next time.",
    ),
    click.option(
        "--ssh-config",
        type=FILE,
        metavar="F",
        expose_value=False,
        callback=_remember,
        help="For ssh, in place of yours.",
    ),
)


def device_options(command: F) -> F:
    """Give a command ``--device`` and its companions; ``asked_device`` reads them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def asked_device(context: click.Context) -> Device | None:
    """The device that a command line names; None where the work is done here.

    Raises:
        click.UsageError: Its companions stand there without it.
        ConfigError: One of them is malformed.
    """
    given: dict[str, Any] = context.meta.get(_KEY, {})
    address: str | None = given.get("device")
    if address is None:
        if given:
            name = next(iter(given)).replace("_", "-")
            raise click.UsageError(f"--{name} needs --device ssh://HOST", context)
        return None
    from edgesmith.devices import Device, parse_address

    wheels: Path | None = given.get("wheels")
    config: Path | None = given.get("ssh_config")
    return Device(
        address=parse_address(address),
        python=given.get("device_python", "python3"),
        ssh_config=config,
        wheels=wheels,
        keeps="keep" in given,
    )


def _readable_keys(
    _context: click.Context, _parameter: click.Parameter, paths: tuple[Path, ...]
) -> tuple[Path, ...]:
    """Refuse a file that is no key, before anything is done here or elsewhere."""
    from edgesmith_runtime.errors import InputError
    from edgesmith_runtime.seal import public_key_file

    for path in paths:
        try:
            public_key_file(path)
        except InputError as error:
            raise click.BadParameter(str(error)) from error
    return paths


def key_options(command: F) -> F:
    """Give a command ``--public-key`` and ``--min-version``, as the runtime's commands have them."""
    command = click.option(
        "--min-version",
        type=click.IntRange(min=0),
        help="Refuse a bundle that was signed as an older version.",
    )(command)
    return click.option(
        "--public-key",
        "public_keys",
        type=FILE,
        metavar="F.pub",
        multiple=True,
        callback=_readable_keys,
        help="Refuse a bundle that this key did not sign; again: one of them.",
    )(command)


def key_words(public_keys: tuple[Path, ...]) -> list[str]:
    """``--public-key`` as the runtime has it, for work that is done here."""
    return [word for path in public_keys for word in ("--public-key", str(path))]


def version_words(
    context: click.Context, public_keys: tuple[Path, ...], min_version: int | None
) -> list[str]:
    """``--min-version`` as the runtime has it.

    Raises:
        click.UsageError: There is no key: anyone can write a number.
    """
    if min_version is not None and not public_keys:
        raise click.UsageError("--min-version needs --public-key", context)
    return valued("--min-version", min_version)


def valued(option: str, value: object) -> list[str]:
    """An option and its value for the runtime; no words where it was not given."""
    return [] if value is None else [option, str(value)]


def note(line: str) -> None:
    """A line for people, on standard error."""
    click.echo(line, err=True)
