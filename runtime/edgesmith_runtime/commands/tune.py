"""``edgesmith-runtime tune``: how a bundle runs fastest on this host, measured and recorded."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.commands.options import common, engine, seconds, trust
from edgesmith_runtime.commands.showing import checked_path, print_table

if TYPE_CHECKING:
    from edgesmith_runtime.bench import Progress
    from edgesmith_runtime.commands.options import Commands
    from edgesmith_runtime.tuning import Tuning

__all__ = ["add", "run", "show"]


def add(commands: Commands) -> None:
    """Put the command among the others."""
    parser = commands.add_parser(
        "tune",
        help="find out how it runs fastest on this host, and record it",
        parents=[common(), engine(), trust()],
    )
    parser.add_argument(
        "--budget",
        type=_budget,
        metavar="S",
        default=60.0,
        help="seconds to measure at most (60)",
    )
    parser.add_argument(
        "--timeouts",
        action="store_true",
        help="the app gives its calls a timeout: only engines that can end a run compete",
    )
    parser.add_argument(
        "--forget", action="store_true", help="remove what is recorded, and measure nothing"
    )
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """The command; its exit code."""
    from edgesmith_runtime.tuning import forget_choices, tune

    if arguments.forget:
        bundle = read_bundle(
            arguments.bundle, public_key=arguments.public_key, min_version=arguments.min_version
        )
        n_choices = forget_choices(bundle.identity)
        if arguments.json:
            print(json.dumps({"bundle": arguments.bundle, "forgotten": n_choices}))
        else:
            print(f"forgotten: {n_choices} choices for {arguments.bundle}")
        return 0
    with checked_path(arguments) as place:
        tuning = tune(
            place,
            budget_s=arguments.budget,
            n_threads=arguments.threads,
            timeouts=arguments.timeouts,
            progress=_progress(arguments.budget),
        )
    if arguments.json:
        print(json.dumps(tuning.to_json()))
    else:
        show(tuning)
    return 0


def show(tuning: Tuning) -> None:
    """A table, the choice, and what became of a copy of the graph."""
    print_table(tuning.table())
    choice, copy = tuning.choice, tuning.copy
    print(f"\n{choice.setup}\n{choice.reason}")
    if tuning.doubt is not None:
        print(tuning.doubt)
    if copy is not None:
        ratio = copy.ratio
        kept = "kept" if copy.is_kept else "not worth a file"
        print(
            f"an optimised copy of the graph loads in {ratio.value:.2f} [{ratio.low:.2f}, "
            f"{ratio.high:.2f}] of {copy.load_ns / 1e6:.1f} ms: {kept}"
        )
    if tuning.no_copy is not None:
        print(f"no optimised copy of the graph: {tuning.no_copy}")
    print(f"recorded in {tuning.recorded} after {tuning.seconds:.0f} s; load uses it")


def _progress(budget_s: float) -> Progress:
    """Says what runs, and how much of the budget is over: it ends most tunings."""
    started = time.monotonic()

    def show_progress(n_done: int, n_processes: int, what: str) -> None:
        spent = f"{time.monotonic() - started:.0f} of {budget_s:g} s"
        print(f"{n_done + 1} of at most {n_processes}, {spent}  {what}", file=sys.stderr)

    return show_progress


def _budget(text: str) -> float:
    budget = seconds(text)
    if budget == 0:
        raise argparse.ArgumentTypeError("expected seconds above 0, got 0")
    return budget
