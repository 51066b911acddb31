"""What a server listens on, and how much of this host a client may take."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edgesmith_runtime.errors import BackendError

__all__ = ["ServerSettings"]

MAX_HEAD_BYTES = 16 << 10  # of the request line and all headers, as nginx and Node.js have it


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How a server listens and what it bears.

    Args:
        host: An address or a name; loopback is reached from this machine alone.
        port: 0 takes a free one.
        allowed_hosts: Names that the ``Host`` header may have beside those of loopback. None:
            any where ``host`` is not loopback, none where it is.
        max_body_bytes: Of a request, compressed and not.
        max_concurrency: Requests in work and waiting; the next is told to come again.
        max_connections: Open at once; the next is closed unanswered.
        n_workers: Runs at once; None: as many as this process's share of the cores has room for,
            by the threads that a run of the models takes.
        timeout_s: For one answer, waiting included; None sets no limit.
        head_timeout_s: From the first byte of a request, or the opening of the connection, to the
            end of its headers.
        body_timeout_s: From there to the end of its body.
        idle_timeout_s: That a connection stays open between requests.
        write_timeout_s: That a client may leave an answer unread.
        drain_s: From a stop signal to the last request that is taken; ``ready`` is false already.
        grace_s: For the requests in work to end after that.
        max_batch: Single raw inputs that are answered by one run where they come at once; 1 runs
            each alone.
        max_wait_s: That one waits for others.
        access_log: Whether each request is a line of JSON on standard error.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    allowed_hosts: tuple[str, ...] | None = None
    max_body_bytes: int = 32 << 20
    max_concurrency: int = 64
    max_connections: int = 1024
    n_workers: int | None = None
    timeout_s: float | None = 30.0
    head_timeout_s: float = 10.0
    body_timeout_s: float = 60.0
    idle_timeout_s: float = 30.0
    write_timeout_s: float = 30.0
    drain_s: float = 0.0
    grace_s: float = 10.0
    max_batch: int = 1
    max_wait_s: float = 0.002
    access_log: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise BackendError(f"port: expected 0 to 65535, got {self.port}")
        for name in (
            "max_body_bytes",
            "max_concurrency",
            "max_connections",
            "n_workers",
            "max_batch",
        ):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise BackendError(f"{name}: expected a number from 1, got {number}")
        for name in (
            "timeout_s",
            "head_timeout_s",
            "body_timeout_s",
            "idle_timeout_s",
            "write_timeout_s",
        ):
            seconds = getattr(self, name)
            if seconds is not None and not 0 < seconds < math.inf:
                raise BackendError(f"{name}: expected seconds above 0, got {seconds}")
        for name in ("drain_s", "grace_s", "max_wait_s"):
            if not 0 <= getattr(self, name) < math.inf:
                raise BackendError(
                    f"{name}: expected seconds from 0, got {getattr(self, name)}"
                )
