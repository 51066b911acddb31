"""Names that a request may address, and pages that may send one."""

from __future__ import annotations

import pytest

from edgesmith_runtime.serving.hosts import check_host, check_origin, host_name, is_loopback
from edgesmith_runtime.serving.messages import RefusedError


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::ffff:10.0.0.1", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_loopback_is_known_by_name_and_address(host: str, expected: bool) -> None:  # noqa: FBT001
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("value", "name"),
    [("a:80", "a"), ("a", "a"), ("[::1]:80", "::1"), ("[::1]", "::1"), ("::1", "::1")],
)
def test_a_host_is_named_without_its_port(value: str, name: str) -> None:
    assert host_name(value) == name


def test_on_loopback_other_names_are_refused_and_elsewhere_only_beside_a_list() -> None:
    check_host("a.example", bound_to="0.0.0.0", allowed=None)
    check_host("a.example", bound_to="127.0.0.1", allowed=("a.example",))
    for bound_to, allowed in (("127.0.0.1", None), ("0.0.0.0", ("b.example",))):
        with pytest.raises(RefusedError, match=r"'a\.example' is not a name of this server"):
            check_host("a.example", bound_to=bound_to, allowed=allowed)


def test_an_origin_is_the_host_that_is_asked_or_refused() -> None:
    check_origin({"host": "a:80"})
    check_origin({"host": "a:80", "origin": "http://A:80"})
    for origin in ("http://a", "null", "http://b:80", ""):
        with pytest.raises(RefusedError, match="ask from its own page"):
            check_origin({"host": "a:80", "origin": origin})
