from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith.reference.custom_objects import custom_objects
from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from pathlib import Path

_MODULE = """
import keras
from keras.layers import Dense

class Swirl(keras.layers.Layer):
    pass

def twice(x):
    return 2 * x

STEPS = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "__init__.py").write_text("")
    (tmp_path / "people" / "swirls.py").write_text(_MODULE)
    (tmp_path / "people" / "broken.py").write_text("import nothing_of_that_name")
    monkeypatch.syspath_prepend(tmp_path)
    return "people.swirls"


def test_a_module_offers_its_classes_and_functions(module: str) -> None:
    assert sorted(custom_objects((module,))) == ["Swirl", "twice"]


def test_one_name_can_be_asked_for(module: str) -> None:
    offered = custom_objects((f"{module}:twice",))

    assert offered["twice"](3) == 6
    assert list(offered) == ["twice"]


def test_a_name_that_is_not_there_is_refused_with_those_that_are(module: str) -> None:
    with pytest.raises(
        ConversionError, match=r"module 'people.swirls' has no 'Swril'; it has Swirl, twice"
    ):
        custom_objects((f"{module}:Swril",))


def test_a_module_that_is_not_there_is_refused() -> None:
    with pytest.raises(
        ConversionError,
        match=r"custom objects 'not_there': the module .* cannot be imported: No",
    ):
        custom_objects(("not_there",))


def test_a_module_that_fails_is_refused_with_its_own_words(module: str) -> None:
    with pytest.raises(ConversionError, match="No module named 'nothing_of_that_name'"):
        custom_objects(("people.broken",))
