"""Answers as bytes."""

from __future__ import annotations

import json

import pytest

from edgesmith_runtime.serving.messages import error_answer, json_bytes, media_type


def test_an_error_is_one_line_under_one_key() -> None:
    answer = error_answer(400, "first\n  second", (("allow", "GET"),))

    assert json.loads(answer.body) == {"error": "first second"}
    assert (answer.status, answer.headers) == (400, (("allow", "GET"),))


def test_half_of_a_surrogate_pair_is_escaped() -> None:
    assert json_bytes("\ud800\u00e4") == b'"\\ud800\xc3\xa4"'


def test_a_number_that_json_has_not_is_a_fault_here_not_there() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_bytes([float("nan")])


@pytest.mark.parametrize(
    ("value", "kind"),
    [("Text/CSV; charset=utf-8", "text/csv"), (" text/csv ", "text/csv"), ("", "")],
)
def test_a_media_type_is_without_its_parameters(value: str, kind: str) -> None:
    assert media_type({"content-type": value}) == kind
