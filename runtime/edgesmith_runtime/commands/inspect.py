"""``edgesmith-runtime inspect``: what is in a bundle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.commands.options import common
from edgesmith_runtime.commands.showing import print_table
from edgesmith_runtime.overview import overview

if TYPE_CHECKING:
    import argparse

    from edgesmith_runtime.commands.options import Commands

__all__ = ["add", "run"]


def add(commands: Commands) -> None:
    """Put the command among the others."""
    parser = commands.add_parser("inspect", help="what is in a bundle", parents=[common()])
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """The command; its exit code."""
    bundle = read_bundle(arguments.bundle)
    if arguments.json:
        members = {
            "bundle": arguments.bundle,
            "identity": bundle.identity,
            "size_bytes": bundle.size_bytes,
            "files": {name: len(content) for name, content in sorted(bundle.files.items())},
            "manifest": json.loads(bytes(bundle.files["manifest.json"])),
        }
        print(json.dumps(members, indent=2))
        return 0
    print_table(overview(bundle))
    return 0
