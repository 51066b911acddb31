"""The process of one subject: a JSON request on standard input, a JSON reply on standard output."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.artifact_subject import open_artifact
from edgesmith_runtime.bench.exchange import Problem, Reply, Request
from edgesmith_runtime.bench.keras_subject import open_keras
from edgesmith_runtime.bench.lane import time_lane
from edgesmith_runtime.bench.samples import Samples, read_tensors
from edgesmith_runtime.errors import EdgesmithError

if TYPE_CHECKING:
    from typing import TextIO

    from edgesmith_runtime.bench.comparison import Round
    from edgesmith_runtime.bench.lane import Lane, Opened

__all__ = ["main", "reply_to"]

MAX_REASON = 300


def main() -> None:
    """Answer one request."""
    stdout = _own_stdout()
    reply = reply_to(Request.from_json(sys.stdin.read()))
    stdout.write(reply.to_json())
    stdout.close()


def reply_to(request: Request) -> Reply:
    """Open the model and measure each of its lanes; an error becomes a ``Problem``."""
    samples = Samples(
        inputs=read_tensors(Path(request.inputs)),
        expected=read_tensors(Path(request.expected)),
        tolerances=request.tolerances,
    )
    try:
        opened = _open(request, samples)
    except Exception as error:  # noqa: BLE001 - the end of the process: engines raise anything
        return Reply({name: _problem(error, name) for name in request.subjects})
    outcomes = {lane.name: _outcome(lane, opened, request, samples) for lane in opened.lanes}
    return Reply(outcomes, opened.versions)


def _open(request: Request, samples: Samples) -> Opened:
    if request.artifact is None:
        return open_keras(request, tuple(samples.expected))
    return open_artifact(request, request.artifact)


def _outcome(lane: Lane, opened: Opened, request: Request, samples: Samples) -> Round | Problem:
    try:
        return time_lane(lane, opened, request, samples)
    except Exception as error:  # noqa: BLE001 - as above, and the other lanes go on
        return _problem(error, lane.name)


def _problem(error: Exception, name: str) -> Problem:
    kind = "" if isinstance(error, EdgesmithError) else f"{type(error).__name__}: "
    text = kind + " ".join(str(error).split()).removeprefix(f"{name}: ")
    return Problem(text if len(text) <= MAX_REASON else f"{text[: MAX_REASON - 3]}...")


def _own_stdout() -> TextIO:
    """Standard output for the reply alone: what engines print goes to standard error."""
    reply = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return reply


if __name__ == "__main__":
    main()
