"""``edgesmith-runtime inspect``: what is in a bundle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.commands.options import common, trust
from edgesmith_runtime.commands.showing import print_table
from edgesmith_runtime.overview import overview

if TYPE_CHECKING:
    import argparse

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.commands.options import Commands

__all__ = ["add", "run"]


def add(commands: Commands) -> None:
    """Put the command among the others."""
    parser = commands.add_parser(
        "inspect", help="what is in a bundle", parents=[common(), trust()]
    )
    parser.set_defaults(command=run)


def _signature(bundle: Bundle) -> dict[str, Any] | None:
    if bundle.seal is None:
        return None
    from edgesmith_runtime.seal import read_seal

    seal = read_seal(bundle.seal)
    return {"key": seal.key_id, "version": seal.version}


def _tuned(bundle: Bundle) -> str | None:
    from edgesmith_runtime.tuned import tuned_choice

    choice = tuned_choice(bundle)
    return None if choice is None else f"{choice.setup} on this host: {choice.reason}"


def run(arguments: argparse.Namespace) -> int:
    """The command; its exit code."""
    bundle = read_bundle(
        arguments.bundle, public_key=arguments.public_key, min_version=arguments.min_version
    )
    if arguments.json:
        members = {
            "bundle": arguments.bundle,
            "identity": bundle.identity,
            "signature": _signature(bundle),
            "tuned": _tuned(bundle),
            "size_bytes": bundle.size_bytes,
            "files": {name: len(content) for name, content in sorted(bundle.files.items())},
            "manifest": json.loads(bytes(bundle.files["manifest.json"])),
        }
        print(json.dumps(members, indent=2))
        return 0
    tuned = _tuned(bundle)
    print_table([*overview(bundle), *([] if tuned is None else [("tuned", tuned)])])
    return 0
