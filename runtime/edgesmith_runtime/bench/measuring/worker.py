"""The process of one subject: a JSON request on standard input, a JSON reply on standard output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, assert_never

from edgesmith_runtime.bench.measuring.beginning import import_engine, own_stdout
from edgesmith_runtime.lifeline import read_question

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.measuring.exchange import Problem, Reply, Request
    from edgesmith_runtime.bench.measuring.lane import Lane, Opened
    from edgesmith_runtime.bench.measuring.samples import Samples
    from edgesmith_runtime.bench.subject import Round

__all__ = ["as_it_is", "main", "reply_to"]

# What the comparison needs itself is imported in functions, after the engine: the import of an app
# is timed, and so each process also has what its own subject needs and no other.


def as_it_is(lane: Lane) -> Lane:
    """The lane itself."""
    return lane


def main(text: str, altered: Callable[[Lane], Lane] = as_it_is) -> None:
    """Answer one request.

    Args:
        text: The request in JSON.
        altered: What is measured in place of a lane. A benchmark of the comparison itself runs
            a worker of its own that gives a lane which is slower by a known factor.
    """
    stdout = own_stdout()
    members = json.loads(text)
    imported_ns = import_engine(members["kind"], members["engine"])
    from edgesmith_runtime.bench.measuring.exchange import Request

    reply = reply_to(Request.from_json(text), imported_ns=imported_ns, altered=altered)
    stdout.write(reply.to_json())
    stdout.close()


def reply_to(
    request: Request, *, imported_ns: int, altered: Callable[[Lane], Lane] = as_it_is
) -> Reply:
    """Open the model and measure each of its lanes; an error becomes a ``Problem``.

    Args:
        request: What to measure.
        imported_ns: When the engine was imported.
        altered: As that of ``main``.
    """
    from pathlib import Path

    from edgesmith_runtime.bench.measuring.exchange import Problem, Reply
    from edgesmith_runtime.bench.measuring.samples import Samples, read_tensors

    samples = Samples(
        inputs=read_tensors(Path(request.inputs)),
        expected=read_tensors(Path(request.expected)),
        tolerances=request.tolerances,
    )
    try:
        opened = _open(request, samples, imported_ns)
    except Exception as error:  # noqa: BLE001 - the end of the process: engines raise anything
        return Reply({name: Problem.of(error, name) for name in request.subjects})
    outcomes = {
        lane.name: _outcome(altered(lane), opened, request, samples) for lane in opened.lanes
    }
    return Reply(outcomes, opened.versions)


def _open(request: Request, samples: Samples, imported_ns: int) -> Opened:
    from edgesmith_runtime.bench.subject import SubjectKind

    match request.kind:
        case SubjectKind.ARTIFACT | SubjectKind.TUNED | SubjectKind.AGAIN:
            from edgesmith_runtime.bench.measuring.artifact_subject import open_artifact

            return open_artifact(request, imported_ns)
        case SubjectKind.FILE:
            from edgesmith_runtime.bench.measuring.file_subject import open_file

            return open_file(request, samples, imported_ns)
        case SubjectKind.KERAS:
            from edgesmith_runtime.bench.measuring.keras_subject import open_keras

            return open_keras(request, tuple(samples.expected))
        case _:
            assert_never(request.kind)


def _outcome(lane: Lane, opened: Opened, request: Request, samples: Samples) -> Round | Problem:
    from edgesmith_runtime.bench.measuring.exchange import Problem
    from edgesmith_runtime.bench.measuring.lane import time_lane

    try:
        return time_lane(lane, opened, request, samples)
    except Exception as error:  # noqa: BLE001 - as above, and the other lanes go on
        return Problem.of(error, lane.name)


if __name__ == "__main__":
    main(read_question())
