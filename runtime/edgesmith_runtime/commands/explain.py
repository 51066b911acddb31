"""``edgesmith-runtime explain``: where an app loses time against the bench."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from edgesmith_runtime.commands.options import Commands

__all__ = ["add", "run"]


def add(commands: Commands) -> None:
    """Put the command among the others."""
    parser = commands.add_parser(
        "explain", help="where an app loses time against the bench", parents=[]
    )
    parser.add_argument("app", metavar="APP.json", help="what recording.save wrote in the app")
    parser.add_argument("lab", metavar="LAB.json", help="what bench --json wrote of the bundle")
    parser.add_argument(
        "--force", action="store_true", help="compare another bundle or artifact as well"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """The command; its exit code."""
    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.explaining import explain
    from edgesmith_runtime.recorded import Recording

    app = Recording.read(arguments.app)
    lab = Comparison.read(arguments.lab)
    explanation = explain(app, lab, force=arguments.force)
    if arguments.json:
        print(json.dumps(explanation.to_json()))
    else:
        print(explanation)
    return 0
