from __future__ import annotations

import pytest

from edgesmith.registry import Registry
from edgesmith_runtime.errors import ConfigError


def test_a_member_is_found_by_its_name() -> None:
    registry: Registry[int] = Registry("number")

    registry.add("one")(1)

    assert registry["one"] == 1


def test_a_taken_name_raises() -> None:
    registry: Registry[int] = Registry("number")
    registry.add("one")(1)

    with pytest.raises(ValueError, match="the number 'one' is registered already"):
        registry.add("one")(2)


def test_an_unknown_name_lists_the_known_and_the_closest() -> None:
    registry: Registry[int] = Registry("number")
    registry.add("one")(1)
    registry.add("two")(2)

    with pytest.raises(
        ConfigError, match=r"^unknown number 'onee'; known: one, two; did you mean 'one'\?$"
    ):
        _ = registry["onee"]
