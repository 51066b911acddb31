"""Keys that would do nothing to a kind of data are refused, and their defaults are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.preparation.suitability import checked_kind
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.config import Config
    from edgesmith.core import Dataset

IMAGE = {"image": {"height": 4, "width": 4}}


@pytest.fixture
def images(make_dataset: Callable[..., Dataset]) -> Dataset:
    return make_dataset("image", np.zeros((2, 4, 4), np.uint8), ["a", "b"])


@pytest.mark.parametrize(
    ("cleaning", "message"),
    [
        (
            {"unknown_category": "zeros"},
            "cleaning.unknown_category: for the categories of a table, the source is an image; "
            "leave it out",
        ),
        (
            {"fill_categories": "none"},
            "cleaning.fill_categories: for the categories of a table, the source is an image; "
            "leave it out",
        ),
        (
            {"fill": "median"},
            "cleaning.fill: for tables and series, the source is an image; leave it out",
        ),
        ({"fill_by_column": {"a": 1.0}}, "cleaning.fill_by_column: an image has no columns"),
    ],
)
def test_cleaning_of_tables_is_for_tables(
    images: Dataset,
    make_config: Callable[..., Config],
    cleaning: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(ConfigError) as caught:
        checked_kind(images, make_config(cleaning=cleaning, **IMAGE))

    assert str(caught.value) == message


def test_a_section_of_another_kind_is_refused(
    images: Dataset, make_config: Callable[..., Config]
) -> None:
    audio = {"sample_rate": 8000, "seconds": 1.0}

    with pytest.raises(ConfigError, match=r"^audio: for audio only, the source is an image$"):
        checked_kind(images, make_config(audio=audio))


def test_defaults_are_no_fault(images: Dataset, make_config: Callable[..., Config]) -> None:
    assert (
        checked_kind(images, make_config(cleaning={"on_error": "skip"}, **IMAGE)) is Kind.IMAGE
    )
