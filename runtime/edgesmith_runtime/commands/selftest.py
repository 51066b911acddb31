"""``edgesmith-runtime selftest``: the golden samples of a bundle on this host."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from edgesmith_runtime.commands.options import artifact, common, engine, trust
from edgesmith_runtime.commands.showing import loaded

if TYPE_CHECKING:
    import argparse

    from edgesmith_runtime.commands.options import Commands

__all__ = ["add", "run"]


def add(commands: Commands) -> None:
    """Put the command among the others."""
    parser = commands.add_parser(
        "selftest",
        help="replay the golden samples",
        parents=[common(), artifact(), engine(), trust()],
    )
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """The command; its exit code."""
    model = loaded(arguments)
    result = model.selftest()
    if arguments.json:
        print(json.dumps({"passed": True, **dataclasses.asdict(result)}))
        return 0
    way = "raw inputs" if result.started_from == "raw" else "stored tensors"
    print(f"passed: {result.n_samples} samples from {way} to outputs, {result.artifact}")
    if result.note is not None:
        print(f"note: the raw inputs were not read: {result.note}")
    return 0
