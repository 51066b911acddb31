"""Bodies of raw requests by kind and media type."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.manifest import Kind, RawInput
from edgesmith_runtime.npy import npy_from_array
from edgesmith_runtime.serving.messages import RefusedError
from edgesmith_runtime.serving.raw_bodies import MAX_SAMPLES, media_types, raw_body

JSON = "application/json"
NPY = "application/octet-stream"


def _of(kind: Kind) -> tuple[RawInput, ...]:
    return (RawInput("x", kind, "anything"),)


PAIR = (RawInput("photo", Kind.IMAGE, "any"), RawInput("row", Kind.TABLE, "any"))


EMPTY_ROWS = npy_from_array(np.empty((20_000_000, 0), np.float32), "x")


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_taken_in_some_form_and_another_is_told_which(kind: Kind) -> None:
    with pytest.raises(RefusedError) as caught:
        raw_body(_of(kind), "application/x-other", b"x")

    assert caught.value.status == 415
    assert dict(caught.value.headers)["accept"] == ", ".join(media_types(_of(kind)))


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        (Kind.IMAGE, "image/jpeg"),
        (Kind.IMAGE, "image/png"),
        (Kind.AUDIO, "audio/wav"),
        (Kind.SERIES, "text/csv"),
    ],
)
def test_a_file_is_its_bytes(kind: Kind, media_type: str) -> None:
    whole = raw_body(_of(kind), media_type, b"\xff\xd8")

    assert [given.raw for given in whole.given] == [b"\xff\xd8"]
    assert not whole.is_list


def test_a_text_is_decoded_whole() -> None:
    whole = raw_body(_of(Kind.TEXT), "text/plain", "ä\nb".encode())

    assert [given.raw for given in whole.given] == ["ä\nb"]


def test_texts_and_rows_come_as_lists_too() -> None:
    texts = raw_body(_of(Kind.TEXT), JSON, b'["a", 1]')
    rows = raw_body(_of(Kind.TABLE), JSON, b'[{"a": 1}, {"a": [1]}]')

    assert (texts.given[0].name, texts.given[0].raw) == ("x[0]", "a")
    assert isinstance(texts.given[1].raw, InputError)
    assert rows.given[0].raw == {"a": 1}
    assert isinstance(rows.given[1].raw, InputError)
    assert texts.is_list
    assert rows.is_list


def test_an_array_is_rows_of_a_tensor_and_one_of_another_kind() -> None:
    body = npy_from_array(np.arange(4, dtype=np.float32).reshape(2, 2), "x")

    rows = raw_body(_of(Kind.TENSOR), NPY, body)
    image = raw_body(_of(Kind.IMAGE), NPY, body)

    assert [np.asarray(given.raw).tolist() for given in rows.given] == [[0, 1], [2, 3]]
    assert np.asarray(image.given[0].raw).tolist() == [[0, 1], [2, 3]]


def test_several_raw_inputs_are_one_object_with_files_in_base64() -> None:
    sample = {"photo": base64.b64encode(b"\xff").decode(), "row": {"a": 1}}

    one = raw_body(PAIR, JSON, json.dumps(sample).encode())
    two = raw_body(PAIR, JSON, json.dumps([sample, {}]).encode())

    assert one.given[0].raw == {"photo": b"\xff", "row": {"a": 1}}
    assert isinstance(two.given[1].raw, InputError)


@pytest.mark.parametrize(
    ("raw_inputs", "media_type", "body", "part"),
    [
        (_of(Kind.IMAGE), "image/png", b"", "expected a body of image/png, got none"),
        (_of(Kind.TEXT), "text/plain", b"\xff", "expected text in UTF-8"),
        (_of(Kind.TEXT), JSON, b"1", "'x': expected a text, got int"),
        (_of(Kind.TABLE), JSON, b'"a"', "'x': expected a row"),
        (_of(Kind.SERIES), JSON, b'"/etc/passwd"', "'x': expected numbers"),
        (_of(Kind.TENSOR), JSON, b'"/etc/passwd"', "'x': expected numbers"),
        (_of(Kind.TENSOR), NPY, b"\x93NUMPY", "expected a .npy 1.0"),
        (
            _of(Kind.TENSOR),
            NPY,
            EMPTY_ROWS,
            "expected numbers, got an array of shape (20000000, 0)",
        ),
        (
            _of(Kind.SERIES),
            NPY,
            EMPTY_ROWS,
            "expected numbers, got an array of shape (20000000, 0)",
        ),
        (PAIR, JSON, b'{"photo": "?", "row": {}}', "'photo': not base64"),
        (PAIR, JSON, b'{"photo": 1, "row": {}}', "'photo': expected the bytes of a file"),
        (PAIR, JSON, b'{"row": {}}', "expected an object with the raw inputs"),
    ],
)
def test_what_is_not_what_its_type_says_is_a_bad_request(
    raw_inputs: tuple[RawInput, ...], media_type: str, body: bytes, part: str
) -> None:
    with pytest.raises(RefusedError) as caught:
        raw_body(raw_inputs, media_type, body)

    assert caught.value.status == 400
    assert part in caught.value.message


@pytest.mark.parametrize(
    ("kind", "media_type", "body"),
    [
        (Kind.TENSOR, NPY, npy_from_array(np.zeros(MAX_SAMPLES + 1, np.uint8), "x")),
        (Kind.TEXT, JSON, json.dumps([""] * (MAX_SAMPLES + 1)).encode()),
        (Kind.TABLE, "text/csv", b"a\n" + b"1\n" * (MAX_SAMPLES + 1)),
    ],
    ids=["npy", "json", "csv"],
)
def test_more_raw_inputs_than_a_body_may_hold_are_refused(
    kind: Kind, media_type: str, body: bytes
) -> None:
    with pytest.raises(RefusedError, match="at most 65536 raw inputs in one body") as caught:
        raw_body(_of(kind), media_type, body)

    assert caught.value.status == 413


def test_no_json_value_of_any_kind_is_a_text_where_a_path_would_be_read() -> None:
    path = json.dumps("/etc/hostname").encode()
    for kind in set(Kind) - {Kind.TEXT}:
        for media_type in media_types(_of(kind)):
            try:
                whole = raw_body(_of(kind), media_type, path)
            except (RefusedError, InputError):
                continue
            assert all(not isinstance(given.raw, str) for given in whole.given)
