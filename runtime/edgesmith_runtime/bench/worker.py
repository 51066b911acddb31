"""The process of one subject: a JSON request on standard input, a JSON reply on standard output."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.artifact_subject import open_artifact
from edgesmith_runtime.bench.exchange import Problem, Reply, Request, own_stdout
from edgesmith_runtime.bench.keras_subject import open_keras
from edgesmith_runtime.bench.lane import time_lane
from edgesmith_runtime.bench.samples import Samples, read_tensors

if TYPE_CHECKING:
    from edgesmith_runtime.bench.lane import Lane, Opened
    from edgesmith_runtime.bench.subject import Round

__all__ = ["main", "reply_to"]


def main() -> None:
    """Answer one request."""
    stdout = own_stdout()
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
        return Reply({name: Problem.of(error, name) for name in request.subjects})
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
        return Problem.of(error, lane.name)


if __name__ == "__main__":
    main()
