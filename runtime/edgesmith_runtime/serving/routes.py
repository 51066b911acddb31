"""Which endpoint an address is: a closed table, so that no path reaches a file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from edgesmith_runtime.serving.messages import RefusedError

__all__ = ["Endpoint", "Route", "find_route"]


class Endpoint(StrEnum):
    """What the server does."""

    PAGE = "page"
    PAGE_FILE = "page file"
    MODELS = "models"
    PREDICT = "predict"
    METRICS = "metrics"
    SERVER = "server"
    LIVE = "live"
    READY = "ready"
    MODEL = "model"
    MODEL_READY = "model ready"
    CONFIG = "config"
    INFER = "infer"
    INDEX = "index"
    LOAD = "load"
    UNLOAD = "unload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An endpoint with what its address names.

    Args:
        model: By its name; '' where there is none.
        version: Of the model; '' where any will do.
    """

    endpoint: Endpoint
    model: str = ""
    version: str = ""


# By segments, "*" for a model's name; a model of the protocol may have its version behind it.
_TABLE: dict[tuple[str, tuple[str, ...]], Endpoint] = {
    ("GET", ()): Endpoint.PAGE,
    ("GET", ("page.js",)): Endpoint.PAGE_FILE,
    ("GET", ("page.css",)): Endpoint.PAGE_FILE,
    ("GET", ("recorder.js",)): Endpoint.PAGE_FILE,
    ("GET", ("models",)): Endpoint.MODELS,
    ("POST", ("models", "*", "predict")): Endpoint.PREDICT,
    ("GET", ("metrics",)): Endpoint.METRICS,
    ("GET", ("v2",)): Endpoint.SERVER,
    ("GET", ("v2", "health", "live")): Endpoint.LIVE,
    ("GET", ("v2", "health", "ready")): Endpoint.READY,
    ("GET", ("v2", "models", "*")): Endpoint.MODEL,
    ("GET", ("v2", "models", "*", "ready")): Endpoint.MODEL_READY,
    ("GET", ("v2", "models", "*", "config")): Endpoint.CONFIG,
    ("POST", ("v2", "models", "*", "infer")): Endpoint.INFER,
    ("POST", ("v2", "repository", "index")): Endpoint.INDEX,
    ("POST", ("v2", "repository", "models", "*", "load")): Endpoint.LOAD,
    ("POST", ("v2", "repository", "models", "*", "unload")): Endpoint.UNLOAD,
}
_METHODS: dict[tuple[str, ...], list[str]] = {}
for _method, _segments in _TABLE:
    _METHODS.setdefault(_segments, []).append(_method)
_BEFORE_MODEL = (("models",), ("v2", "models"), ("v2", "repository", "models"))


def find_route(method: str, raw_path: bytes) -> Route:
    """The route of a request.

    Args:
        method: HEAD counts as GET.
        raw_path: As it came, without the query.

    Raises:
        RefusedError: 404 no such address, 405 not with this method.
    """
    segments = _segments_of(raw_path)
    model, version = "", ""
    for before in _BEFORE_MODEL:
        place = len(before)
        if segments[:place] == before and len(segments) > place:
            model, behind = segments[place], segments[place + 1 :]
            if before == ("v2", "models") and len(behind) > 1 and behind[0] == "versions":
                version, behind = behind[1], behind[2:]
            segments = (*before, "*", *behind)
            break
    endpoint = _TABLE.get(("GET" if method == "HEAD" else method, segments))
    if endpoint is not None:
        return Route(endpoint=endpoint, model=model, version=version)
    methods = _METHODS.get(segments)
    if methods is None:
        raise RefusedError(
            404, "no such address; the models are at /models, the protocol at /v2"
        )
    raise RefusedError(
        405,
        f"expected {' or '.join(methods)}, got {method[:20]}",
        (("allow", ", ".join([*methods, *(["HEAD"] if "GET" in methods else [])])),),
    )


def _segments_of(raw_path: bytes) -> tuple[str, ...]:
    """The segments of a path, decoded one by one; one that decodes to a way around is none."""
    if raw_path in (b"/", b""):
        return ()
    try:
        segments = [unquote_to_bytes(segment).decode() for segment in raw_path[1:].split(b"/")]
    except UnicodeDecodeError as error:
        raise RefusedError(404, "no such address: its path is not UTF-8") from error
    for segment in segments:
        if segment in ("", ".", "..", "*") or not segment.isprintable() or "/" in segment:
            raise RefusedError(
                404, "no such address; the models are at /models, the protocol at /v2"
            )
    return tuple(segments)
