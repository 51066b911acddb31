"""One connection: uvicorn's HTTP protocol with deadlines and limits that it has not."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from edgesmith_runtime.serving.settings import MAX_HEAD_BYTES, ServerSettings

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sized

__all__ = ["connection_class"]


class _UnwantedError(Exception):
    """Raised within the parser, so that it stops."""


class _Flow(FlowControl):
    """Reads no further while requests wait for those before them: each may be a few bytes."""

    def __init__(self, transport: asyncio.Transport, pipeline: Sized) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()


class _Connection(HttpToolsProtocol):
    """A connection that ends where its client is too slow, says too much, or is one too many.

    ``_awaits_head`` spans from the opening, or the end of a request, to the end of the next
    headers. Its deadline runs from the opening or the first byte; before that byte uvicorn's own
    idle deadline runs.
    """

    settings: ClassVar[ServerSettings]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._awaits_head = True
        self._n_head_bytes = 0
        self._fault: tuple[int, str] | None = None
        self._is_deaf = False  # what comes behind a fault is no request any more
        self._before: Any = None  # the exchange that came before the last one
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._n_unread = 0  # bytes of answers, when the write timer was started

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        if len(self.connections) > self.settings.max_connections:
            transport.abort()
            return
        # So that a timer runs whenever anything is unread, also behind a close, which waits for it.
        transport.set_write_buffer_limits(high=0)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_deaf or self.transport.is_closing():
            return
        if self._awaits_head:
            self._n_head_bytes += len(data)
        super().data_received(data)
        if self._is_deaf or self.transport.is_closing() or not self._awaits_head:
            return
        if self._n_head_bytes > MAX_HEAD_BYTES:
            self._refuse(431, f"expected at most {MAX_HEAD_BYTES} bytes of headers")
        else:  # also after a bare line end, which ends uvicorn's idle deadline and begins nothing
            self._start_head_timer()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._awaits_head:
            self._fault = (400, "expected no headers behind the body")
            raise _UnwantedError
        if name.lower() in _SINGLE and any(name.lower() == known for known, _ in self.headers):
            self._fault = (400, f"{name.decode('latin-1')}: expected once, came twice")
            raise _UnwantedError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        n_bytes = len(self.url) + sum(
            len(name) + len(value) + 4 for name, value in self.headers
        )
        if n_bytes > MAX_HEAD_BYTES:
            self._fault = (431, f"expected at most {MAX_HEAD_BYTES} bytes of headers")
            raise _UnwantedError
        if not self.url.startswith(b"/"):
            self._fault = (400, "expected a path that starts with /")
            raise _UnwantedError
        parser: Any = self.parser
        if parser.get_http_version() == "1.1" and not any(
            name == b"host" for name, _ in self.headers
        ):
            self._fault = (400, "Host: expected in a request of HTTP/1.1")
            raise _UnwantedError
        if parser.should_upgrade() and any(
            name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0"))
            for name, value in self.headers
        ):  # the parser takes the body for the next request
            self._fault = (400, "Upgrade: not in a request with a body; this is HTTP/1.1 alone")
            raise _UnwantedError
        before: Any = self.cycle
        super().on_headers_complete()
        self._before = before
        self._awaits_head = False
        self._stop_head_timer()

    def on_message_complete(self) -> None:
        self._awaits_head = True
        self._n_head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words
        status, message = self._fault or (400, "expected a request of HTTP/1.1")
        self._refuse(status, message)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._write_timer is None:
            self._start_write_timer()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _start_write_timer(self) -> None:
        self._n_unread = self.transport.get_write_buffer_size()
        self._write_timer = self.loop.call_later(
            self.settings.write_timeout_s, self._answer_is_unread
        )

    def _answer_is_unread(self) -> None:
        if self.transport.get_write_buffer_size() < self._n_unread:
            self._start_write_timer()  # slowly, but it is read
        else:
            self.transport.abort()

    def _start_head_timer(self) -> None:
        if self._head_timer is None and self.timeout_keep_alive_task is None:
            self._head_timer = self.loop.call_later(
                self.settings.head_timeout_s, self._head_is_late
            )

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._is_answering():
            self._start_head_timer()  # the one before is still being answered
        elif self._n_head_bytes:
            self._refuse(
                408, f"the headers did not come within {self.settings.head_timeout_s:g} s"
            )
        else:
            self.transport.close()

    def _is_answering(self) -> bool:
        cycle: Any = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _refuse(self, status: int, message: str) -> None:
        """Answer what is no proper request, and close; answers under way go out instead."""
        self._is_deaf = True
        self._stop_head_timer()
        before: Any = self.cycle
        if not self._awaits_head:  # the fault is in a body, of the request that came last
            if self.pipeline:
                self.pipeline.popleft()
                before = self._before
            elif not before.response_started:
                before.disconnected = True
                before.message_event.set()
                before = None
        if before is not None and not before.response_complete:
            before.keep_alive = False
            return
        body = json.dumps({"error": message}).encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


_SINGLE = (b"host", b"content-length", b"content-type", b"content-encoding", b"origin")


def connection_class(settings: ServerSettings) -> type[Any]:
    """The protocol class for a server of these settings."""
    return type("Connection", (_Connection,), {"settings": settings})
