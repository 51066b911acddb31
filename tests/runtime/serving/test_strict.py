"""JSON that is refused although Python's own reader takes it."""

from __future__ import annotations

import pytest

from edgesmith_runtime.serving.messages import RefusedError
from edgesmith_runtime.serving.strict import json_object, json_value


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"[Infinity]", "'Infinity' is no number of JSON"),
        (b'[{"a": 1, "b": 2, "a": 3}]', "the key 'a' is there twice"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xef\xbb\xbf{}", "expected JSON in UTF-8"),
        (b"\xff", "expected JSON in UTF-8"),
    ],
    ids=["infinity", "key twice", "deep", "mark", "no text"],
)
def test_what_is_not_strict_is_refused(content: bytes, part: str) -> None:
    with pytest.raises(RefusedError) as caught:
        json_value(content)

    assert caught.value.status == 400
    assert part in caught.value.message


def test_an_object_is_asked_for_by_name() -> None:
    assert json_object(b'{"a": [1]}') == {"a": [1]}
    with pytest.raises(RefusedError, match="expected a JSON object, got list"):
        json_object(b"[]")
