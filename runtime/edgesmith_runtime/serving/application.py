"""The ASGI application: who asks, for what, how much at once; and errors as answers."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.errors import (
    DeadlineError,
    EdgesmithError,
    InputError,
    SignatureError,
)
from edgesmith_runtime.serving.bodies import DisconnectedError, decompressed, drain, read_body
from edgesmith_runtime.serving.handlers import Handlers
from edgesmith_runtime.serving.hosts import check_host, check_origin
from edgesmith_runtime.serving.messages import Answer, RefusedError, Request, error_answer
from edgesmith_runtime.serving.metrics import Metrics
from edgesmith_runtime.serving.routes import Endpoint, Route, find_route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from edgesmith_runtime.serving.models import ServedModel
    from edgesmith_runtime.serving.settings import ServerSettings

    Scope = Mapping[str, Any]
    Receive = Callable[[], Awaitable[Mapping[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

__all__ = ["Application"]

_RETRY = (("retry-after", "1"),)
_ADMITTED = (Endpoint.INFER, Endpoint.PREDICT)  # which run a model; the others are quick or one


class Application:
    """Answers requests; everything but the model's runs is on the event loop's thread.

    Args:
        models: By name.
        settings: Of the server.
    """

    def __init__(self, models: dict[str, ServedModel], settings: ServerSettings) -> None:
        self._settings = settings
        self._metrics = Metrics()
        self._n_admitted = 0
        self._n_body_bytes = 0  # of bodies that are being read, and of requests in work
        self.n_cut_off = 0  # requests that were given up when the server stopped
        self.handlers = Handlers(models, settings, self._metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        exchange = _Exchange(scope, receive)
        self._metrics.n_in_flight += 1
        try:
            answer = await self._answer(exchange)
        except DisconnectedError:
            return
        except asyncio.CancelledError:
            self.n_cut_off += 1
            answer = error_answer(503, "the server stops; ask again", _RETRY)
            await _send(
                send, replace(answer, headers=(*_RETRY, ("connection", "close"))), exchange
            )
            raise
        finally:
            self._metrics.n_in_flight -= 1
        seconds = time.perf_counter() - started
        route = exchange.route
        model = route.model if route and route.model in self.handlers.models else ""
        self._metrics.count_request(model, answer.status, seconds)
        if self._settings.access_log:
            _log_access(scope, answer, seconds)
        await _send(send, answer, exchange, seconds=seconds)

    async def _answer(self, exchange: _Exchange) -> Answer:
        try:
            return await self._answer_or_raise(exchange)
        except RefusedError as refusal:
            return error_answer(refusal.status, refusal.message, refusal.headers)
        except EdgesmithError as error:
            return error_answer(_status_of(error), str(error))
        except DisconnectedError:
            raise
        except Exception:  # noqa: BLE001 - told to whoever runs the server, not to the client
            traceback.print_exc()
            return error_answer(500, "a fault of the server; its log says more")

    async def _answer_or_raise(self, exchange: _Exchange) -> Answer:
        settings = self._settings
        headers = exchange.headers
        check_host(headers.get("host"), bound_to=settings.host, allowed=settings.allowed_hosts)
        route = find_route(exchange.scope["method"], exchange.scope["raw_path"])
        exchange.route = route
        if exchange.scope["method"] != "POST":
            return await self.handlers.answer(route, exchange.request(b""))
        check_origin(headers)
        is_admitted = route.endpoint in _ADMITTED
        if is_admitted:
            self._expect_room()  # before its body is read, and behind it, which may take long
        try:
            body = await self._body(exchange)
            if is_admitted:
                self._expect_room()
            self._n_admitted += is_admitted
            try:
                body = await self._decompressed(exchange, body)
                return await self.handlers.answer(route, exchange.request(body))
            finally:
                self._n_admitted -= is_admitted
        finally:
            self._n_body_bytes -= exchange.n_bytes

    def _expect_room(self) -> None:
        n_most = self._settings.max_concurrency
        if self._n_admitted >= n_most:
            raise RefusedError(
                429, f"{n_most} requests are in work or waiting; come again", _RETRY
            )

    async def _body(self, exchange: _Exchange) -> bytes:
        """The body as it came; those of all requests together have a bound."""
        settings = self._settings
        n_most = settings.max_body_bytes * settings.max_concurrency

        async def receive() -> Mapping[str, Any]:
            event = await exchange.receive()
            n_bytes = len(event.get("body", b""))
            exchange.n_bytes += n_bytes
            self._n_body_bytes += n_bytes
            if self._n_body_bytes > n_most:
                raise RefusedError(
                    429, f"bodies of {n_most} bytes are being read; come again", _RETRY
                )
            return event

        return await read_body(
            receive,
            exchange.headers,
            max_bytes=settings.max_body_bytes,
            timeout_s=settings.body_timeout_s,
        )

    async def _decompressed(self, exchange: _Exchange, body: bytes) -> bytes:
        encoding = exchange.headers.get("content-encoding", "").strip().lower()
        if not encoding:
            return body
        return await asyncio.to_thread(
            decompressed, body, encoding, max_bytes=self._settings.max_body_bytes
        )


def _status_of(error: EdgesmithError) -> int:
    match error:
        case DeadlineError():
            return 504
        case SignatureError():  # of a tensor: the client can know better
            return 400
        case InputError():  # well formed, and not what the model can read
            return 422
        case _:
            return 500


class _Exchange:
    """One request on its way: what came of it, and what of its body is still to come."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self._receive = receive
        self.route: Route | None = None
        self.n_bytes = 0  # of its body, that came
        self.headers: dict[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.is_read = (
            self.headers.get("content-length", "0") == "0"
            and "transfer-encoding" not in self.headers
        )

    async def receive(self) -> Mapping[str, Any]:
        """The next event of the body."""
        event = await self._receive()
        if not event.get("more_body", False):
            self.is_read = True
        return event

    def request(self, body: bytes) -> Request:
        return Request(path=self.scope["path"], headers=self.headers, body=body)


async def _send(
    send: Send, answer: Answer, exchange: _Exchange, *, seconds: float = 0.0
) -> None:
    headers = [
        (b"content-type", answer.media_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"server-timing", f"total;dur={1000 * seconds:.3f}".encode()),
        *(
            (name.encode(), value.encode("latin-1", "replace"))
            for name, value in answer.headers
        ),
    ]
    if not exchange.is_read:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    # The answer is whole with its last byte, but the exchange ends once the body is drained: a
    # connection that is closed before is reset, and the client reads no answer.
    is_whole = exchange.is_read or "expect" in exchange.headers
    await send({"type": "http.response.body", "body": answer.body, "more_body": not is_whole})
    if not is_whole:
        await drain(exchange.receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _log_access(scope: Scope, answer: Answer, seconds: float) -> None:
    client = scope.get("client") or ("", 0)
    line = json.dumps(
        {
            "client": client[0],
            "method": scope["method"],
            "path": scope["raw_path"].decode("latin-1")[:200],
            "status": answer.status,
            "ms": round(1000 * seconds, 3),
            "bytes": len(answer.body),
        }
    )
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the log
