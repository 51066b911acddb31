"""How many Keras models convert and answer as Keras does: our converters and those of others.

    python benchmarks/bench_conversion.py [--only GLOB] [--routes ours,stock] [--jobs 2]
        [--sample N --seed S] [--out FILE]

Every verdict is kept in a work file beside the result, by the case's code, the versions and, for
ours, the sources of the converters: a run that was ended goes on where it was, and one after a
change asks only what the change can have changed. The result is written when all cases were
chosen, or where --out says. The run fails when a class of keras.layers is in no case.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from fnmatch import fnmatch
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

from conversion_cases import EXEMPT, all_cases, families, uncovered
from conversion_run.forks import Limits, end_with_parent, verdicts
from conversion_run.journal import Journal, versions
from conversion_run.routes import ROUTES
from conversion_run.tally import counted, exceptions, table
from harness import RESULTS, record

if TYPE_CHECKING:
    from conversion_cases.case import Case
    from conversion_run.judging import Verdict
    from conversion_run.tally import Verdicts

DEFAULT_OUT = RESULTS / "conversion.json"


def chosen(options: argparse.Namespace) -> dict[str, Case]:
    cases = {
        name: case for name, case in all_cases().items() if fnmatch(name, options.only or "*")
    }
    if options.sample is None:
        return cases
    rng = np.random.default_rng(options.seed)
    names = rng.choice(sorted(cases), min(options.sample, len(cases)), replace=False)
    return {name: cases[name] for name in sorted(names)}


def routes_of(words: str) -> list[str]:
    """Routes by their names or sides; an unknown word ends the run."""
    wanted = words.split(",")
    known = {*ROUTES, *(route.side for route in ROUTES.values())}
    unknown = set(wanted) - known
    if unknown:
        raise SystemExit(f"--routes: expected some of {sorted(known)}, got {sorted(unknown)}")
    return [name for name, route in ROUTES.items() if {name, route.side} & set(wanted)]


def judged(name: str, routes: list[str]) -> list[Verdict]:
    return verdicts(all_cases()[name], routes, Limits())


def run(cases: dict[str, Case], routes: list[str], jobs: int, journal: Journal) -> Verdicts:
    """Verdicts by case and route, from the journal where it has them."""
    open_routes = {
        name: [route for route in routes if journal.verdict(case, route) is None]
        for name, case in cases.items()
    }
    todo = {
        (name, side): ask
        for name, left in open_routes.items()
        for side in ("ours", "stock")
        if (ask := [route for route in left if ROUTES[route].side == side])
    }
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("fork"), initializer=end_with_parent
    ) as lanes:
        futures = {lanes.submit(judged, name, ask): name for (name, _), ask in todo.items()}
        for n_done, future in enumerate(as_completed(futures), 1):
            name = futures[future]
            for verdict in future.result():
                journal.add(cases[name], verdict)
                print(
                    f"{n_done}/{len(todo)} {name} {verdict.route} {verdict.outcome} "
                    f"{verdict.reason}",
                    flush=True,
                )
    return {
        name: {route: found for route in routes if (found := journal.verdict(case, route))}
        for name, case in cases.items()
    }


def figures_of(by_family: dict[str, list[str]], found: Verdicts) -> dict[str, Any]:
    return {
        "versions": versions(),
        "n_cases": len(found),
        "exempt": EXEMPT,
        "families": {family: counted(names, found) for family, names in by_family.items()},
        "all": counted(found, found),
        "ours_not_equal": exceptions(found, "ours"),
        "routes": list(ROUTES),
        "outcomes_by_route": {
            name: " ".join(
                by_route[route].outcome if route in by_route else "-" for route in ROUTES
            )
            for name, by_route in found.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="a pattern of case names")
    parser.add_argument("--routes", default="ours,stock", help="sides, or routes by name")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", type=int, help="this many cases, drawn by --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    routes, cases = routes_of(options.routes), chosen(options)
    out = options.out or DEFAULT_OUT
    found = run(cases, routes, options.jobs, Journal(out.with_suffix(".jsonl")))
    by_family = {
        family: [case.name for case in members if case.name in cases]
        for family, members in families().items()
    }
    print(table(by_family, found))
    for exception in exceptions(found, "ours"):
        print("{case} {route} {outcome}: {reason}".format(**exception))
    whole = len(cases) == len(all_cases()) and set(routes) == set(ROUTES)
    if whole or options.out:
        print(record("conversion", figures_of(by_family, found), path=out))
    if uncovered():
        sys.exit(f"in no case: {', '.join(uncovered())}")


if __name__ == "__main__":
    main()
