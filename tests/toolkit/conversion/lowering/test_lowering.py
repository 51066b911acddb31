from __future__ import annotations

import functools
import importlib

import pytest

from edgesmith.conversion.lowering import LOWERINGS, Lowering


def test_no_function_is_replaced_twice_for_a_target() -> None:
    places = [(one.replaces, target) for one in LOWERINGS for target in one.targets]

    assert sorted(places) == sorted(set(places))


@pytest.mark.parametrize("place", sorted({one.replaces for one in LOWERINGS}))
def test_what_is_replaced_exists(place: str) -> None:
    module, _, path = place.partition(":")

    found = functools.reduce(getattr, path.split("."), importlib.import_module(module))

    assert callable(found) or isinstance(found, property)


@pytest.mark.parametrize("lowering", LOWERINGS, ids=lambda one: one.replaces)
def test_the_table_has_something_to_say_of_each(lowering: Lowering) -> None:
    assert lowering.what
    assert lowering.why
