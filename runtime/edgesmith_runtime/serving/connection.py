"""One connection: uvicorn's HTTP protocol with deadlines and limits that it has not."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from edgesmith_runtime.serving.settings import MAX_HEAD_BYTES, ServerSettings

if TYPE_CHECKING:
    import asyncio

__all__ = ["connection_class"]


class _UnwantedError(Exception):
    """Raised within the parser, so that it stops."""


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
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        if len(self.connections) > self.settings.max_connections:
            transport.abort()
            return
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._awaits_head:
            self._n_head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing() or not self._awaits_head:
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
        self._awaits_head = False
        self._stop_head_timer()
        super().on_headers_complete()

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
            self._write_timer = self.loop.call_later(
                self.settings.write_timeout_s, self.transport.abort
            )

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

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
        """Answer what never became a request, and close."""
        body = json.dumps({"error": message}).encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        if not self._is_answering():  # else it would cut into an answer
            self.transport.write(head.encode() + body)
        self.transport.close()


_SINGLE = (b"host", b"content-length", b"content-type", b"content-encoding", b"origin")


def connection_class(settings: ServerSettings) -> type[Any]:
    """The protocol class for a server of these settings."""
    return type("Connection", (_Connection,), {"settings": settings})
