"""Addresses and what they stand for."""

from __future__ import annotations

import pytest

from edgesmith_runtime.serving.messages import RefusedError
from edgesmith_runtime.serving.routes import Endpoint, Route, find_route


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", b"/", Route(endpoint=Endpoint.PAGE)),
        ("HEAD", b"/v2", Route(endpoint=Endpoint.SERVER)),
        ("GET", b"/v2/models/a%20b", Route(endpoint=Endpoint.MODEL, model="a b")),
        ("POST", b"/models/a/predict", Route(endpoint=Endpoint.PREDICT, model="a")),
        (
            "POST",
            b"/v2/models/a/versions/12/infer",
            Route(endpoint=Endpoint.INFER, model="a", version="12"),
        ),
        ("GET", b"/v2/models/versions", Route(endpoint=Endpoint.MODEL, model="versions")),
        ("POST", b"/v2/repository/models/a/load", Route(endpoint=Endpoint.LOAD, model="a")),
    ],
)
def test_an_address_is_an_endpoint_with_what_it_names(
    method: str, path: bytes, route: Route
) -> None:
    assert find_route(method, path) == route


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", b"/models/a/predict", 405),
        ("POST", b"/v2/models/a/versions", 404),
        ("POST", b"/models/a/versions/1/predict", 404),
        ("POST", b"/models/a%2fb/predict", 404),
        ("GET", b"/v2/models/%2e%2e", 404),
    ],
)
def test_any_other_is_refused(method: str, path: bytes, status: int) -> None:
    with pytest.raises(RefusedError) as caught:
        find_route(method, path)

    assert caught.value.status == status
