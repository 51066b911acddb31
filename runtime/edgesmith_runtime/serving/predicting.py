"""Raw requests answered: a body in, the JSON of its predictions out."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.errors import DeadlineError, EdgesmithError
from edgesmith_runtime.prediction_json import prediction_json
from edgesmith_runtime.serving.messages import Answer, json_answer
from edgesmith_runtime.serving.raw_bodies import RawBody, raw_body

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith_runtime.batcher import Batcher
    from edgesmith_runtime.decoding import Prediction
    from edgesmith_runtime.model import Model

__all__ = ["predicted", "predicted_in_batch"]


def predicted(model: Model, media_type: str, body: bytes, timeout: float | None) -> Answer:
    """One object for one raw input, a list of them for several; there a bad one stops no other.

    Args:
        model: That answers.
        media_type: Of the body.
        body: Its bytes.
        timeout: In seconds, of all runs; None sets no limit.

    Raises:
        RefusedError: As ``raw_body``.
        DeadlineError: There was not enough time for all of them.
        EdgesmithError: The only raw input gets no answer.
    """
    deadline_s = None if timeout is None else time.monotonic() + timeout
    whole = raw_body(model.manifest.raw_inputs, media_type, body)
    raws = [given.raw for given in whole.given]
    good = [raw for raw in raws if not isinstance(raw, EdgesmithError)]
    try:
        answers = iter(model.predict_batch(good, timeout=timeout) if good else [])
    except DeadlineError:
        raise
    except EdgesmithError:
        if not whole.is_list:
            raise
        return _answer(whole, [_alone(model, raw, deadline_s) for raw in raws])
    return _answer(
        whole, [raw if isinstance(raw, EdgesmithError) else next(answers) for raw in raws]
    )


async def predicted_in_batch(
    model: Model, batcher: Batcher, media_type: str, body: bytes, timeout: float | None
) -> Answer:
    """The same through a batcher: with what others ask at the same time in one run.

    Raises:
        RefusedError: As ``raw_body``.
        EdgesmithError: The only raw input gets no answer.
    """
    whole = raw_body(model.manifest.raw_inputs, media_type, body)

    async def answered(raw: object) -> Prediction | EdgesmithError:
        if isinstance(raw, EdgesmithError):
            return raw
        try:
            return await batcher.predict_async(raw, timeout=timeout)
        except EdgesmithError as error:
            return error

    answers = await asyncio.gather(*(answered(given.raw) for given in whole.given))
    if not whole.is_list and isinstance(answers[0], EdgesmithError):
        raise answers[0]
    return _answer(whole, answers)


def _alone(model: Model, raw: object, deadline_s: float | None) -> Prediction | EdgesmithError:
    if isinstance(raw, EdgesmithError):
        return raw
    left_s = None if deadline_s is None else max(deadline_s - time.monotonic(), 1e-3)
    try:
        return model.predict(raw, timeout=left_s)
    except DeadlineError:
        raise
    except EdgesmithError as error:
        return error


def _answer(whole: RawBody, answers: Sequence[Prediction | EdgesmithError]) -> Answer:
    members: list[dict[str, Any]] = [
        {
            "input": given.name,
            **(
                {"error": " ".join(str(answer).split())}
                if isinstance(answer, EdgesmithError)
                else prediction_json(answer)
            ),
        }
        for given, answer in zip(whole.given, answers, strict=True)
    ]
    return json_answer(members if whole.is_list else members[0])
