"""``edgesmith-runtime serve``: bundles over HTTP."""

from __future__ import annotations

import argparse
import json
import re
from typing import TYPE_CHECKING

from edgesmith_runtime.commands.options import Parser, artifact, count, seconds, trust
from edgesmith_runtime.commands.showing import opened, warnings_told
from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.serving.settings import ServerSettings
from edgesmith_runtime.tuned import tuned_choice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.commands.options import Commands
    from edgesmith_runtime.model import Model

__all__ = ["add", "loader", "port", "run", "server_settings", "size_bytes"]

_UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
}
_DEFAULTS = ServerSettings()


def add(commands: Commands) -> None:
    """Put the command among the others."""
    parser = commands.add_parser(
        "serve",
        help="answer over HTTP: the Open Inference Protocol, raw inputs, a page",
        parents=[_what(), artifact(), trust(), _where(), _limits()],
    )
    parser.set_defaults(command=run)


def _what() -> Parser:
    parser = Parser(add_help=False)
    parser.add_argument(
        "bundles", metavar="BUNDLE", nargs="+", help="NAME.edge or its unpacked directory"
    )
    parser.add_argument("--json", action="store_true", help="tell the address in JSON")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a failure")
    parser.add_argument(
        "--threads",
        type=count,
        metavar="N",
        help="threads of one run (what tune recorded for the bundle here, else 1)",
    )
    parser.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="runs at once (as many as the cores of this process have room for, by the threads "
        "of the model that has most)",
    )
    parser.add_argument(
        "--batch",
        type=count,
        metavar="N",
        default=1,
        help="answer up to N raw inputs that come at once by one run (1)",
    )
    return parser


def _where() -> Parser:
    parser = Parser(add_help=False)
    parser.add_argument(
        "--host", default=_DEFAULTS.host, help="address to listen on (%(default)s)"
    )
    parser.add_argument(
        "--port", type=port, default=_DEFAULTS.port, help="0 takes a free one (%(default)s)"
    )
    parser.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        help="a name that requests may address beside those of loopback; again: one more",
    )
    parser.add_argument(
        "--access-log", action="store_true", help="a line of JSON a request on standard error"
    )
    return parser


def _limits() -> Parser:
    parser = Parser(add_help=False)
    parser.add_argument(
        "--max-body",
        metavar="SIZE",
        type=size_bytes,
        default=_DEFAULTS.max_body_bytes,
        help="of a request, whole (32MiB)",
    )
    parser.add_argument(
        "--max-concurrency",
        metavar="N",
        type=count,
        default=_DEFAULTS.max_concurrency,
        help="requests in work and waiting; the next gets 429 (%(default)s)",
    )
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=seconds,
        default=_DEFAULTS.timeout_s,
        help="seconds for one answer; 0 sets no limit (%(default)g)",
    )
    parser.add_argument(
        "--drain",
        metavar="S",
        type=seconds,
        default=_DEFAULTS.drain_s,
        help="seconds from a stop signal to the last request taken (%(default)g)",
    )
    parser.add_argument(
        "--grace",
        metavar="S",
        type=seconds,
        default=_DEFAULTS.grace_s,
        help="seconds for requests in work to end after that (%(default)g)",
    )
    return parser


def run(arguments: argparse.Namespace) -> int:
    """The command; its exit code."""
    try:
        from edgesmith_runtime.serving.server import serve
    except ImportError as error:
        raise BackendError(
            f"serving needs an extra ({error.name}): pip install 'edgesmith-runtime[serve]'"
        ) from error
    from edgesmith_runtime.serving.models import open_models

    settings = server_settings(arguments)
    with warnings_told():
        models = open_models(arguments.bundles, loader(arguments), settings)

        def announce(url: str) -> None:
            if arguments.json:
                print(json.dumps({"url": url, "models": [*models]}), flush=True)
            else:
                print(f"serving {', '.join(models)} at {url}", flush=True)

        return serve(models, settings, announce=announce)


def server_settings(arguments: argparse.Namespace) -> ServerSettings:
    """What the words say.

    Raises:
        BackendError: A number is out of range.
    """
    names = arguments.allow_host
    return ServerSettings(
        host=arguments.host,
        port=arguments.port,
        allowed_hosts=None if names is None else tuple(name.lower() for name in names),
        max_body_bytes=arguments.max_body,
        max_concurrency=arguments.max_concurrency,
        n_workers=arguments.workers,
        timeout_s=arguments.timeout or None,
        drain_s=arguments.drain,
        grace_s=arguments.grace,
        max_batch=arguments.batch,
        access_log=arguments.access_log,
    )


def loader(arguments: argparse.Namespace) -> Callable[[Path], Model]:
    """Loads a bundle for many runs side by side: with one thread, unless tuned or told otherwise."""
    may_be_tuned = not (arguments.threads or arguments.artifact or arguments.engine)

    def loaded(path: Path) -> Model:
        model = opened(arguments, path, n_threads=arguments.threads or 1)
        if may_be_tuned and tuned_choice(model.bundle) is not None:
            return opened(arguments, path, n_threads=None)
        return model

    return loaded


def port(text: str) -> int:
    """A port, from 0 to 65535."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got '{text}'")
    return number


def size_bytes(text: str) -> int:
    """A size such as 32MB or 500KiB."""
    match = re.fullmatch(r"([0-9]{1,12})([A-Za-z]*)", text)
    unit = _UNITS.get(match[2].upper()) if match else None
    if match is None or not unit or not int(match[1]):
        raise argparse.ArgumentTypeError(f"expected a size such as 32MB, got '{text}'")
    return int(match[1]) * unit
