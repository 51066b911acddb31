"""Runs a command of ``edgesmith`` in this process, watched, limited, or again and again.

python commanded.py, with a job as JSON on standard input: ``mode``, ``arguments`` (where ``{out}``
stands for the folder), and what the mode takes; prints JSON on standard output.
"""

from __future__ import annotations

import io
import json
import resource
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from edgesmith.cli import main, run
from writer_faults.recording import Recorder
from writer_faults.trees import Depot


def answered(arguments: list[str], folder: str) -> dict[str, Any]:
    """Exit code and messages of one run."""
    said = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(said):
        code = run([word.replace("{out}", folder) for word in arguments])
    return {"code": code, "said": said.getvalue()[-2000:]}


def record(job: dict[str, Any]) -> dict[str, Any]:
    """The folder's state before every operation."""
    folder, depot = Path(job["folder"]), Depot(Path(job["depot"]))
    recorder = Recorder(folder, depot)
    recorder.install()
    answer = answered(job["arguments"], job["folder"])
    return {
        **answer,
        "operations": list(recorder.operations),
        "trees": list(recorder.trees),
        "in_place": list(recorder.in_place),
        "final": depot.tree_of(folder),
    }


def signalled(job: dict[str, Any]) -> None:
    """Ends this process, by a signal before one operation."""
    recorder = Recorder(
        Path(job["folder"]),
        None,
        signal_at=job["signal_at"],
        signal_number=signal.Signals[job["signal"]],
    )
    recorder.install()
    main([word.replace("{out}", job["folder"]) for word in job["arguments"]])


def again(job: dict[str, Any]) -> list[dict[str, Any]]:
    """The same command in several folders, or under several limits of the size of a file."""
    depot = Depot(Path(job["depot"]))
    answers: list[dict[str, Any]] = []
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    for case in job["cases"]:
        folder = Path(case["folder"])
        limit = case.get("limit")
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            answer = answered(job["arguments"], case["folder"])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
        answers.append({**answer, "tree": depot.tree_of(folder)})
    return answers


if __name__ == "__main__":
    asked: dict[str, Any] = json.load(sys.stdin)
    match asked["mode"]:
        case "record":
            print(json.dumps(record(asked)))
        case "signal":
            signalled(asked)
        case "again":
            print(json.dumps(again(asked)))
        case mode:
            raise SystemExit(f"{mode}: expected record, signal or again")
