"""Whatever ends a writer, is what it leaves absent, old or new, and swept by the next?

python benchmarks/check_writers.py [--only NAME ...] [--work DIR] [--quick] [--step N]

Small writers are really killed before each of their calls into the system; commands with
TensorFlow in them are recorded before each operation on files, and run on from some of the states.
Writers that are in the results already are left out unless they are named.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import RESULTS, record
from writer_faults.commands import Command, enumerate_states, native_writes
from writer_faults.small_faults import disks, file_sizes, kills, limits, races, staged
from writer_faults.small_writers import Writer, small_writers
from writer_faults.trainings import resumed
from writer_faults.trees import Depot

if TYPE_CHECKING:
    from collections.abc import Callable

QUESTION = "writers"
CONFIG = """
name = "digits"
task = "classification"
source = { kind = "sklearn", dataset = "digits" }
image = { mode = "grey", height = 8, width = 8 }
[training]
architecture = "mlp"
options = { widths = [16] }
epochs = 3
[benchmark]
enabled = false
"""
OTHERWISE = ["--set", "training.epochs=2", "--set", "split.test=0.3"]
BENCH = ["--rounds", "1", "--html", "{out}/page.html", "--json", "{out}/page.json"]
TARGET = ["--max-size", "5kB", "--max-accuracy-drop", "0.2"]


def small(writer: Writer, folder: Path, step: int) -> dict[str, Any]:
    stage = staged(writer, folder / "place", Depot(folder / "depot"))
    sizes = file_sizes(stage)[:: step * (4 if writer.is_command else 1)]
    figures = {
        "kills": dict(kills(stage, itertools.count(1, step))),
        "limits": dict(limits(stage, sizes)),
        "races": dict(races(stage, 3 if step == 1 else 1)),
    }
    if os.getuid() == 0 and step == 1:  # a mount needs it
        figures["disks"] = dict(disks(stage, folder))
    return figures


def commands(folder: Path) -> list[Command]:
    config = folder / "digits.toml"
    config.write_text(CONFIG)
    build = ["build", str(config), "--out", "{out}"]
    original = folder / "original"
    return [
        Command(name="edgesmith build", arguments=build, before=[[*build, *OTHERWISE]]),
        Command(
            name="edgesmith convert",
            arguments=["convert", str(original / "build/original.keras"), "--out", "{out}"],
            exact=False,
        ),
        Command(
            name="edgesmith optimize",
            arguments=["optimize", "{out}/digits.edge", *TARGET],
            before=[build],
            exact=False,
        ),
        Command(
            name="edgesmith bench",
            arguments=["bench", "{out}/digits.edge", *BENCH],
            before=[build],
            exact=False,
        ),
    ]


def prepare(command: Command, folder: Path) -> None:
    """What a command needs that it does not write."""
    if command.name == "edgesmith convert" and not (folder / "original").exists():
        from edgesmith.pipeline import build

        build(folder / "digits.toml", folder / "original")


def whole(command: Command, folder: Path, *, quick: bool) -> dict[str, Any]:
    n_again, n_signals, n_limits = (2, 1, 2) if quick else (6, 3, 10)
    if command.name != "edgesmith build":
        n_again, n_signals, n_limits = 2, 1, 3
    figures = enumerate_states(
        command, folder, n_again=n_again, n_signals=n_signals, n_limits=n_limits
    )
    if command.name == "edgesmith build":
        figures["native"] = native_writes(command, folder)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument(
        "--work", type=Path, help="where files are written; else a temporary place"
    )
    parser.add_argument("--quick", action="store_true", help="fewer runs of whole commands")
    parser.add_argument(
        "--step", type=int, default=1, help="of small writers every so many-th fault"
    )
    parser.add_argument("--results", type=Path, default=RESULTS / f"{QUESTION}.json")
    asked = parser.parse_args()
    figures: dict[str, Any] = {}
    if asked.results.exists():
        figures = json.loads(asked.results.read_text())["figures"]
    with tempfile.TemporaryDirectory() as place:
        work = asked.work or Path(place)
        work.mkdir(parents=True, exist_ok=True)
        for name, run in tasks(work, quick=asked.quick, step=asked.step).items():
            if name not in asked.only and (asked.only or name in figures):
                continue
            started = time.monotonic()
            figures[name] = run()
            print(f"{name}: {figures[name]} in {time.monotonic() - started:.0f} s", flush=True)
            record(QUESTION, figures, asked.results)


def tasks(work: Path, *, quick: bool, step: int) -> dict[str, Callable[[], dict[str, Any]]]:
    """What to do by name, in order."""

    def small_task(writer: Writer) -> Callable[[], dict[str, Any]]:
        return lambda: small(writer, _empty(work / writer.name), step)

    def command_task(command: Command) -> Callable[[], dict[str, Any]]:
        def run() -> dict[str, Any]:
            prepare(command, work)
            return whole(command, _empty(work / command.name.replace(" ", "_")), quick=quick)

        return run

    return {
        **{one.name: small_task(one) for one in small_writers(_empty(work / "models"))},
        "training": lambda: resumed(_empty(work / "training"), n_kills=2 if quick else 20),
        **{one.name: command_task(one) for one in commands(work)},
    }


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    main()
