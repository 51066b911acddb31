"""``edgesmith-runtime bench``: latency of the artifacts, and of Keras."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING

from edgesmith_runtime.commands.options import common, count, engine, trust
from edgesmith_runtime.commands.showing import checked_path
from edgesmith_runtime.errors import BackendError

if TYPE_CHECKING:
    import argparse

    from edgesmith_runtime.commands.options import Commands

__all__ = ["add", "run"]


def add(commands: Commands) -> None:
    """Put the command among the others."""
    parser = commands.add_parser(
        "bench",
        help="latency of the artifacts, and of Keras",
        parents=[common(), engine(), trust()],
    )
    parser.add_argument("--against", metavar="MODEL.keras", help="the original Keras model")
    parser.add_argument("--rounds", type=count, metavar="N", help="fresh processes each")
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """The command; its exit code."""
    from edgesmith_runtime.bench import Plan, compare

    plan = Plan(n_threads=arguments.threads)
    if arguments.rounds is not None:
        plan = dataclasses.replace(plan, n_rounds=arguments.rounds)
    with checked_path(arguments) as place:
        comparison = compare(
            place, against=arguments.against, plan=plan, progress=_show_progress
        )
    if arguments.json:
        print(json.dumps(comparison.to_json()))
    else:
        print(comparison.table())
    if all(subject.problem is not None for subject in comparison.subjects):
        raise BackendError(
            f"{arguments.bundle}: nothing could be measured; the reasons stand above"
        )
    return 0


def _show_progress(n_done: int, n_processes: int, what: str) -> None:
    print(f"{n_done + 1} of {n_processes}  {what}", file=sys.stderr)
