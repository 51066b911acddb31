"""What each endpoint answers."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from edgesmith_runtime.errors import DeadlineError, EdgesmithError
from edgesmith_runtime.serving.inference import (
    HEADER_LENGTH,
    answer_of,
    infer_request,
    outputs_of,
)
from edgesmith_runtime.serving.messages import (
    Answer,
    RefusedError,
    json_answer,
    media_type,
)
from edgesmith_runtime.serving.metadata import (
    model_config,
    model_metadata,
    page_model,
    server_metadata,
)
from edgesmith_runtime.serving.metrics import MEDIA_TYPE, Gauge, Metrics, metrics_text
from edgesmith_runtime.serving.models import can_end_runs, version_of, workers_for
from edgesmith_runtime.serving.page import page_files
from edgesmith_runtime.serving.predicting import predicted, predicted_in_batch
from edgesmith_runtime.serving.raw_bodies import NPY
from edgesmith_runtime.serving.routes import Endpoint
from edgesmith_runtime.serving.strict import json_object
from edgesmith_runtime.serving.workers import OverdueError, Workers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edgesmith_runtime.batcher import Batcher
    from edgesmith_runtime.model import Model
    from edgesmith_runtime.serving.messages import Request
    from edgesmith_runtime.serving.models import ServedModel
    from edgesmith_runtime.serving.routes import Route
    from edgesmith_runtime.serving.settings import ServerSettings

__all__ = ["Handlers"]

T = TypeVar("T")
_INLINE_BYTES = 64 << 10  # of a body that is taken apart on the event loop's own thread
_LATE_S = 0.25  # that an engine may take to end a run whose time is over


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Which model a request is for: the one that served when it came, whatever is swapped since."""

    served: ServedModel
    model: Model
    version: str
    is_pinned: bool

    def batcher_for(self, request: Request) -> Batcher | None:
        """None where the request has to run alone; a batch runs on what serves when it begins."""
        is_small = len(request.body) <= _INLINE_BYTES
        return self.served.batcher if is_small and not self.is_pinned else None


class Handlers:
    """The endpoints of one server.

    Args:
        models: By name.
        settings: Of the server.
        metrics: To show, and to count swaps in.
    """

    def __init__(
        self, models: dict[str, ServedModel], settings: ServerSettings, metrics: Metrics
    ) -> None:
        self.is_ready = True
        self.models = models
        self._settings = settings
        self._metrics = metrics
        self._workers = Workers(
            settings.n_workers or workers_for(served.model for served in models.values())
        )
        self._reloading = Workers(1)
        self._page = page_files()
        self._of_server: dict[Endpoint, Callable[[], Answer]] = {
            Endpoint.MODELS: self._list_models,
            Endpoint.METRICS: self._show_metrics,
            Endpoint.SERVER: lambda: json_answer(server_metadata()),
            Endpoint.LIVE: lambda: json_answer({"live": True}),
            Endpoint.READY: self._ready,
            Endpoint.INDEX: self._index,
        }
        self._of_model: dict[Endpoint, Callable[[str, Model], Answer]] = {
            Endpoint.MODEL: lambda name, model: json_answer(model_metadata(name, model)),
            Endpoint.MODEL_READY: self._model_ready,
            Endpoint.CONFIG: lambda name, model: json_answer(model_config(name, model)),
            Endpoint.UNLOAD: self._unload,
        }
        self._at_work: dict[Endpoint, Callable[[_Asked, Request], Awaitable[Answer]]] = {
            Endpoint.INFER: self._infer,
            Endpoint.PREDICT: self._predict,
            Endpoint.LOAD: self._load,
        }

    @property
    def is_busy(self) -> bool:
        """Whether a thread is at a run or a reload, be it awaited or not."""
        return self._workers.is_busy or self._reloading.is_busy

    async def answer(self, route: Route, request: Request) -> Answer:
        """The answer of the route's endpoint.

        Raises:
            RefusedError: The request is not served.
            EdgesmithError: The model does not answer it.
        """
        endpoint = route.endpoint
        if endpoint in self._at_work:
            return await self._at_work[endpoint](self._asked(route), request)
        if endpoint in self._of_model:
            asked = self._asked(route)
            return self._of_model[endpoint](asked.served.name, asked.model)
        if endpoint in self._of_server:
            return self._of_server[endpoint]()
        file = self._page[request.path]
        return Answer(body=file.content, media_type=file.media_type, headers=file.headers)

    async def reload(self, served: ServedModel) -> str:
        """Read a bundle again, away from the threads that run models; its version then.

        Raises:
            RefusedError: 409, it is being read already; 500, it serves and is not confirmed.
            EdgesmithError: It is not good; the old one serves on.
        """
        if served.is_reloading:
            raise RefusedError(409, f"'{served.name}' is being loaded already; ask again later")
        served.is_reloading = True
        result = "refused"
        try:
            version = await self._reloading.call(served.reload)
            result = "done"
        finally:
            served.is_reloading = False
            self._metrics.count_swap(served.name, result)
        return version

    def _asked(self, route: Route) -> _Asked:
        served = self.models.get(route.model)
        if served is None:
            raise RefusedError(
                404, f"unknown model '{route.model}'; served are {[*self.models]}"
            )
        model = served.model  # once: a swap may come at any time
        version = version_of(model)
        if route.version and route.version != version:
            raise RefusedError(
                404, f"model '{served.name}' has the version {version}, not '{route.version}'"
            )
        return _Asked(
            served=served, model=model, version=version, is_pinned=bool(route.version)
        )

    def _list_models(self) -> Answer:
        return json_answer(
            [page_model(served.name, served.model) for served in self.models.values()]
        )

    def _ready(self) -> Answer:
        return json_answer({"ready": self.is_ready}, status=200 if self.is_ready else 503)

    def _model_ready(self, name: str, _: Model) -> Answer:
        return json_answer(
            {"name": name, "ready": self.is_ready}, status=200 if self.is_ready else 503
        )

    def _index(self) -> Answer:
        return json_answer(
            [
                {
                    "name": served.name,
                    "version": version_of(served.model),
                    "state": "READY",
                    "reason": "",
                }
                for served in self.models.values()
            ]
        )

    def _unload(self, name: str, _: Model) -> Answer:
        raise RefusedError(400, f"'{name}' is served while the server runs; stop it")

    def _show_metrics(self) -> Answer:
        gauges = [
            Gauge(
                name="runs_waiting",
                help="Requests that wait for a thread.",
                kind="gauge",
                values=(({}, self._workers.n_waiting),),
            ),
            Gauge(
                name="runs_active",
                help="Requests that a thread is at.",
                kind="gauge",
                values=(({}, self._workers.n_running),),
            ),
            Gauge(
                name="model_info",
                help="The bundle that serves, by its identity.",
                kind="gauge",
                values=tuple(
                    (
                        {
                            "model": name,
                            "identity": model.bundle.identity,
                            "artifact": model.artifact.file,
                        },
                        1,
                    )
                    for name, model in [(one.name, one.model) for one in self.models.values()]
                ),
            ),
        ]
        body = metrics_text(self._metrics, gauges).encode()
        return Answer(body=body, media_type=MEDIA_TYPE)

    async def _load(self, asked: _Asked, request: Request) -> Answer:
        served = asked.served
        if request.body and json_object(request.body).get("parameters"):
            raise RefusedError(
                400,
                "parameters: a model is loaded from the path that the server was started with, "
                "as it is; send none",
            )
        try:
            return json_answer({"name": served.name, "version": await self.reload(served)})
        except EdgesmithError as error:
            raise RefusedError(400, str(error)) from error

    async def _infer(self, to: _Asked, request: Request) -> Answer:
        name, model = to.served.name, to.model
        header_length = request.headers.get(HEADER_LENGTH)
        batcher = to.batcher_for(request)
        if batcher is not None:
            asked = infer_request(request.body, header_length)
            if not asked.is_raw and not asked.needs_labels:
                outputs = await self._batched_in_time(
                    model, lambda timeout: batcher.run_async(asked.inputs, timeout=timeout)
                )
                return answer_of(model, asked, outputs, name=name, version=None)

        def run(timeout: float | None) -> Answer:
            asked = infer_request(request.body, header_length)
            outputs = outputs_of(model, asked, timeout=timeout)
            return answer_of(model, asked, outputs, name=name, version=to.version)

        return await self._in_time(model, run)

    async def _predict(self, to: _Asked, request: Request) -> Answer:
        kind = media_type(request.headers)
        batcher = to.batcher_for(request)
        if batcher is not None and kind != NPY:  # a raw input for each few bytes of it
            return await self._batched_in_time(
                to.model,
                lambda timeout: predicted_in_batch(
                    to.model, batcher, kind, request.body, timeout
                ),
            )
        return await self._in_time(to.model, partial(predicted, to.model, kind, request.body))

    async def _in_time(self, model: Model, act: Callable[[float | None], T]) -> T:
        """What ``act`` gives within the server's time; it gets what is left of that for its run."""
        timeout_s = self._settings.timeout_s
        if timeout_s is None:
            return await self._workers.call(partial(act, None))
        ends = can_end_runs(model)
        deadline_s = time.monotonic() + timeout_s

        def act_in_what_is_left() -> T:
            return act(max(deadline_s - time.monotonic(), 1e-3) if ends else None)

        try:
            async with asyncio.timeout(timeout_s + _LATE_S if ends else timeout_s):
                return await self._workers.call(act_in_what_is_left, deadline_s=deadline_s)
        except (TimeoutError, OverdueError) as error:
            if isinstance(error, DeadlineError):
                raise
            raise DeadlineError(f"no answer within {timeout_s:g} s") from error

    async def _batched_in_time(
        self, model: Model, ask: Callable[[float | None], Awaitable[T]]
    ) -> T:
        """What ``ask`` awaits, within the server's time; a run that cannot be ended goes on."""
        timeout_s = self._settings.timeout_s
        if timeout_s is None or can_end_runs(model):
            return await ask(timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                return await ask(None)
        except TimeoutError as error:
            raise DeadlineError(f"no answer within {timeout_s:g} s") from error
