"""``[table]``: keys of columns that are not named are refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from edgesmith.config import TableConfig

OF_TEXTS = "of columns of text, and table.texts names none; leave it out"
OF_DATES = "of columns of dates, and table.dates names none; leave it out"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"text_words": 7}, f"text_words: {OF_TEXTS}"),
        ({"text_encoding": "hash", "dates": ["d"]}, f"text_encoding: {OF_TEXTS}"),
        ({"date_parts": ["year"], "texts": ["t"]}, f"date_parts: {OF_DATES}"),
        ({"date_format": "%d"}, f"date_format: {OF_DATES}"),
        ({"cyclic_dates": True}, f"cyclic_dates: {OF_DATES}"),
    ],
)
def test_a_key_without_its_columns_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TableConfig.model_validate(keys, strict=False)

    assert caught.value.errors()[0]["msg"] == f"Value error, {message}"
