"""Whole commands with TensorFlow in them: one recorded run each, and runs from states it passed."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from writer_faults.trees import Depot, Tree, broken, canonical, record_state, strays

if TYPE_CHECKING:
    from collections.abc import Sequence

SCRIPT = Path(__file__).parent / "commanded.py"
CODES = {"SIGTERM": 143, "SIGINT": 130, "SIGKILL": -signal.SIGKILL}
# Reports name their folder, a .keras file the time, and the record the digest of that.
VARYING = re.compile(r"(report|page)\..*|build/(original\.keras|record\.json).*")
CALLS = "openat,open,creat,rename,renameat,renameat2,unlink,unlinkat,link,linkat,truncate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that writes into a folder.

    Args:
        name: For results and messages.
        arguments: Its words; ``{out}`` stands for the folder.
        before: Words of the commands that leave the old state.
        exact: Whether the same command gives the same files again: no latency is in them.
    """

    name: str
    arguments: Sequence[str]
    before: Sequence[Sequence[str]] = ()
    exact: bool = True


def enumerate_states(
    command: Command, folder: Path, *, n_again: int, n_signals: int, n_limits: int
) -> dict[str, Any]:
    """Record a command, judge every state, and run on from some of them.

    Args:
        command: What is tried.
        folder: For all files.
        n_again: States from which the command is run again.
        n_signals: Real signals of each kind, at operations spread over the run.
        n_limits: Limits of the size of a file, spread over the sizes of the files.
    """
    out, depot = folder / "out", Depot(folder / "depot")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for words in command.before:
        done = _asked("again", words, folder, cases=[{"folder": str(out)}])[0]
        if done["code"]:
            raise RuntimeError(f"{words}: {done['said']}")
    old = depot.tree_of(out)
    found = _asked("record", command.arguments, folder, folder=str(out))
    if found["code"]:
        raise RuntimeError(f"{command.name}: {found['said']}")
    trees, new = found["trees"], found["final"]
    counts: Counter[str] = Counter(operations=len(trees), in_place=len(found["in_place"]))
    counts["states"] = len({json.dumps(canonical(tree), sort_keys=True) for tree in trees})
    for number, tree in enumerate(trees, start=1):
        faults = broken(tree, depot, old=old, new=new)
        counts["broken"] += bool(faults)
        counts[f"record {record_state(tree, depot)}"] += 1
        _tell(command, f"before operation {number}", faults)
    stage = _Stage(command, folder, depot, old, new)
    _run_again(stage, counts, _spread(trees, n_again))
    _signal(stage, counts, len(trees), n_signals)
    _limit(stage, counts, n_limits)
    return dict(counts)


@dataclass(frozen=True, slots=True)
class _Stage:
    command: Command
    folder: Path
    depot: Depot
    old: Tree
    new: Tree

    def faults(self, tree: Tree) -> list[str]:
        """Of a run of its own, whose new state is not known in what varies."""
        faults = broken(tree, self.depot, old=self.old, new=self.new)
        return [one for one in faults if not VARYING.match(one)]

    def result_faults(self, answer: dict[str, Any]) -> list[str]:
        """Of a run that shall have succeeded."""
        tree: Tree = answer["tree"]
        if answer["code"]:
            return [f"exit code {answer['code']}: {answer['said'][-300:]}"]
        faults = [f"{path}: not swept" for path in strays(tree)]
        expected, got = canonical(self.new), canonical(tree)
        paths = [path for path in expected if self.command.exact or "/" not in path]
        faults += [f"{path}: missing" for path in paths if path not in got]
        if record_state(tree, self.depot) == "detected":
            faults.append("build/record.json: of other files")
        if self.command.exact:
            same = [path for path in expected if not VARYING.fullmatch(path)]
            faults += [f"{path}: differs" for path in same if got.get(path) != expected[path]]
        return faults


def _run_again(stage: _Stage, counts: Counter[str], trees: Sequence[Tree]) -> None:
    folders = [stage.folder / f"again{number}" / "out" for number in range(len(trees))]
    for tree, folder in zip(trees, folders, strict=True):
        stage.depot.restore(tree, folder)
        counts["strays"] += len(strays(tree))
    cases = [{"folder": str(folder)} for folder in folders]
    for answer in _asked("again", stage.command.arguments, stage.folder, cases=cases):
        faults = stage.result_faults(answer)
        counts["run again"] += 1
        counts["broken"] += bool(faults)
        _tell(stage.command, "run again", faults)


def _signal(stage: _Stage, counts: Counter[str], n_operations: int, n_signals: int) -> None:
    """What a signal leaves, and for SIGKILL that the next run goes well."""
    killed: list[dict[str, str]] = []
    for name, code in CODES.items():
        for number in _spread(range(1, n_operations + 1), n_signals):
            folder = stage.folder / f"{name}{number}" / "out"
            stage.depot.restore(stage.old, folder)
            job = {"signal": name, "signal_at": number, "folder": str(folder)}
            ended, said = _run("signal", stage.command.arguments, stage.folder, **job)
            tree = stage.depot.tree_of(folder)
            faults = stage.faults(tree)
            faults += [] if ended == code else [f"exit code {ended}: {said[-300:]}"]
            if name == "SIGKILL":
                killed.append({"folder": str(folder)})
            else:
                faults += [f"{path}: a stray" for path in strays(tree)]
            counts[name] += 1
            counts["broken"] += bool(faults)
            _tell(stage.command, f"{name} before operation {number}", faults)
    for answer in _asked("again", stage.command.arguments, stage.folder, cases=killed):
        faults = stage.result_faults(answer)
        counts["broken"] += bool(faults)
        _tell(stage.command, "run again after SIGKILL", faults)


def _limit(stage: _Stage, counts: Counter[str], n_limits: int) -> None:
    sizes = sorted({len(stage.depot.content(one)) for one in stage.new.values() if one})
    cases: list[dict[str, Any]] = []
    for size in _spread(sizes, n_limits):
        folder = stage.folder / f"limit{size}" / "out"
        stage.depot.restore(stage.old, folder)
        cases.append({"folder": str(folder), "limit": max(0, size - 1)})
    for case, answer in zip(
        cases, _asked("again", stage.command.arguments, stage.folder, cases=cases), strict=True
    ):
        tree = answer["tree"]
        faults = stage.faults(tree)
        faults += [f"{path}: a stray" for path in strays(tree)]
        last = answer["said"].strip().splitlines()[-1:]
        if answer["code"] and not (last and last[0].startswith("error: ")):
            faults.append(f"an unclear error: {last}")
        counts["limits"] += 1
        counts["clean errors"] += bool(answer["code"])
        counts["broken"] += bool(faults)
        _tell(stage.command, f"at most {case['limit']} bytes: {last}", faults)


def native_writes(command: Command, folder: Path) -> dict[str, int] | None:
    """Files that any process of the command opens for writing, as the kernel sees it.

    Returns:
        How many opens and renames there were in the folder, and how many of a place that is no
        draft; None where ``strace`` is not installed.
    """
    if shutil.which("strace") is None:
        return None
    out = folder / "traced" / "out"
    out.mkdir(parents=True)
    log = folder / "strace.log"
    words = [word.replace("{out}", str(out)) for word in command.arguments]
    traced = ["strace", "-f", "-y", "--seccomp-bpf", "-s", "4096", "-o", str(log), "-e"]
    edgesmith = [sys.executable, "-m", "edgesmith", *words]
    subprocess.run([*traced, f"trace={CALLS}", *edgesmith], check=True, capture_output=True)
    counts: Counter[str] = Counter(calls=0, in_place=0)
    for line in log.read_text(errors="replace").splitlines():
        path = _opened_for_writing(line, out)
        if path is None:
            continue
        counts["calls"] += 1
        if not any(strays([part]) for part in Path(path).parts) and path != "build/.lock":
            counts["in_place"] += 1
            print(f"  {command.name}: {line[:300]}", flush=True)
    return dict(counts)


def _opened_for_writing(line: str, out: Path) -> str | None:
    if not re.search(r"\b(openat|open|creat|truncate)\(", line):
        return None
    if (
        "creat(" not in line
        and "truncate(" not in line
        and not re.search("O_WRONLY|O_RDWR", line)
    ):
        return None
    found = re.search(rf'"{re.escape(str(out))}/([^"]*)"', line)
    return None if found is None else found[1]


def _spread(items: Sequence[Any], n_items: int) -> list[Any]:
    if n_items >= len(items):
        return list(items)
    return [items[(2 * index + 1) * len(items) // (2 * n_items)] for index in range(n_items)]


def _asked(mode: str, words: Sequence[str], work: Path, **members: Any) -> Any:
    code, said = _run(mode, words, work, **members)
    if code:
        raise RuntimeError(f"{mode}: exit code {code}: {said[-2000:]}")
    return json.loads(said)


def _run(mode: str, words: Sequence[str], work: Path, **members: Any) -> tuple[int, str]:
    """Exit code, and what was printed or, if that is not 0, the errors."""
    job = {"mode": mode, "arguments": list(words), "depot": str(work / "depot"), **members}
    ended = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stderr if ended.returncode else ended.stdout


def _tell(command: Command, what: str, faults: list[str]) -> None:
    for fault in faults:
        print(f"  {command.name}, {what}: {fault}", flush=True)
