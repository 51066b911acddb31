"""The process: a socket, uvicorn on it, and the signals that stop it and make it read again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from edgesmith_runtime.errors import BackendError, EdgesmithError
from edgesmith_runtime.serving.application import Application
from edgesmith_runtime.serving.connection import connection_class
from edgesmith_runtime.serving.messages import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from types import FrameType

    from edgesmith_runtime.serving.models import ServedModel
    from edgesmith_runtime.serving.settings import ServerSettings

__all__ = ["serve"]

_CLOSING_S = 1.0  # for threads that are free to end
_BACKLOG = 512  # connections that the kernel holds until they are accepted


def serve(
    models: dict[str, ServedModel],
    settings: ServerSettings,
    *,
    announce: Callable[[str], None],
) -> int:
    """Serve until SIGTERM or SIGINT.

    Then ``ready`` is false; after ``drain_s`` no more is accepted, and what is in work ends. A
    second signal ends the process at once, with 128 and its number. SIGHUP reads all bundles
    again.

    Args:
        models: By name.
        settings: Of the server.
        announce: Told the address once it is served and signals are handled.

    Returns:
        The exit code, 0. Where requests were cut off after ``grace_s`` the process ends here, with
        1, and with 0 where a run goes on that nobody awaits.

    Raises:
        BackendError: The address cannot be listened on.
    """
    listening = _listening(settings)
    # Whose name it may be asked by depends on where it listens, not on how that was spelled.
    settings = replace(settings, host=listening.getsockname()[0])
    application = Application(models, settings)
    config = uvicorn.Config(
        application,
        http=connection_class(settings),
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        log_level="critical",  # the application tells its own faults
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=settings.idle_timeout_s,  # pyright: ignore[reportArgumentType] - seconds
        timeout_graceful_shutdown=settings.grace_s,  # pyright: ignore[reportArgumentType]
    )
    host, port = listening.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    server = _SignalledServer(config, application, settings, announce=lambda: announce(url))
    server.run(sockets=[listening])
    n_cut_off = application.n_cut_off
    if n_cut_off:
        print(  # noqa: T201 - whoever stopped it wants to know
            f"warning: {n_cut_off} requests were cut off after {settings.grace_s:g} s",
            file=sys.stderr,
        )
    if n_cut_off or application.handlers.is_busy or not _closed(models.values()):
        _end(1 if n_cut_off else 0)
    return 0


def _closed(models: Iterable[ServedModel]) -> bool:
    """Close the models; False where one still runs what nobody awaits any more."""
    closing = [threading.Thread(target=served.close, daemon=True) for served in models]
    for thread in closing:
        thread.start()
    until = time.monotonic() + _CLOSING_S
    for thread in closing:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in closing)


def _end(code: int) -> NoReturn:
    """End the process as it is: an engine at work does not survive the interpreter's own end."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _listening(settings: ServerSettings) -> socket.socket:
    where = f"{settings.host}:{settings.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # With its protocol named: asyncio sets TCP_NODELAY on no other, and every answer would
        # wait 40 ms for the acknowledgement of its headers.
        listening = socket.socket(family, kind, protocol)
        if sys.platform != "win32":  # where another server could take the port so
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
            listening.listen(_BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise BackendError(
            f"{where}: cannot be listened on: {error.strerror or error}; choose another --host "
            "or --port"
        ) from error
    listening.settimeout(0)
    return listening


class _SignalledServer(uvicorn.Server):
    """Uvicorn with signals as ``serve`` promises them."""

    def __init__(
        self,
        config: uvicorn.Config,
        application: Application,
        settings: ServerSettings,
        *,
        announce: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._application = application
        self._settings = settings
        self._reloads: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so once connections are accepted."""
        await super().startup(sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Handle signals on the loop, where everything that they change lives.

        Not by ``loop.add_signal_handler``, which Windows has not, as it has no SIGHUP.
        """
        loop = asyncio.get_running_loop()

        def handle(number: int, _: FrameType | None) -> None:
            act = self._stop if number in HANDLED_SIGNALS else self._reload_all
            loop.call_soon_threadsafe(act, number)

        hangup: signal.Signals | None = getattr(signal, "SIGHUP", None)
        numbers = [*HANDLED_SIGNALS, *([] if hangup is None else [hangup])]
        before = [(number, signal.signal(number, handle)) for number in numbers]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def _stop(self, number: int) -> None:
        handlers = self._application.handlers
        if not handlers.is_ready:
            os._exit(128 + number)
        handlers.is_ready = False
        asyncio.get_running_loop().call_later(self._settings.drain_s, self._stop_accepting)

    def _stop_accepting(self) -> None:
        self.should_exit = True

    def _reload_all(self, _: int) -> None:
        for served in self._application.handlers.models.values():
            task = asyncio.get_running_loop().create_task(self._reload(served))
            self._reloads.add(task)
            task.add_done_callback(self._reloads.discard)

    async def _reload(self, served: ServedModel) -> None:
        try:
            version = await self._application.handlers.reload(served)
        except (EdgesmithError, RefusedError) as error:
            line = f"warning: {' '.join(str(error).split())}"
        else:
            line = f"'{served.name}' serves as version {version}"
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - the answer to a signal
