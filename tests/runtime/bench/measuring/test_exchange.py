"""What crosses the pipe arrives as it was sent."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.exchange import Problem, Reply, Request
from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.subject import CallStyle, Round, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.host import Host


def test_a_request_survives_the_pipe(tiny_request: Request) -> None:
    request = dataclasses.replace(
        tiny_request,
        kind=SubjectKind.KERAS,
        artifact=None,
        engine=None,
        styles=(CallStyle.CALL, CallStyle.PREDICT),
        raws="somewhere",
        first=Setting(Phase.RAW),
        settings=(Setting(Phase.IDLE, 0.5), Setting(Phase.PACED, 100)),
    )

    assert Request.from_json(request.to_json()) == request


def test_a_reply_survives_the_pipe(
    made_up_round: Callable[[int], Round], made_up_host: Host
) -> None:
    reply = Reply(
        {"call": made_up_round(5), "predict": Problem("it did not run")}, {"keras": "3.15.1"}
    )

    assert Reply.from_json(reply.to_json(), made_up_host) == reply


def test_the_subjects_of_a_request_are_its_artifact_or_its_styles(
    tiny_request: Request,
) -> None:
    keras = dataclasses.replace(tiny_request, kind=SubjectKind.KERAS, styles=tuple(CallStyle))

    assert tiny_request.subjects == ("model.onnx",)
    assert keras.subjects == ("predict", "call", "tf_function")
