"""Strict JSON, and what is said of a fault in it."""

from __future__ import annotations

import json
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.fields import Fields, shown, strict_json


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def parse(text: str | bytes) -> object:
    content = text.encode() if isinstance(text, str) else text
    return strict_json(content, "f.json", max_bytes=1 << 20)


def fields(**members: object) -> Fields:
    return Fields(members, "f.json:")


NESTED = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1, "a": 2}', 'f.json: the key "a" stands twice in one object'),
        ('[{"b": {"a": 1, "c": 0, "a": 1}}]', 'f.json: the key "a" stands twice'),
        ("NaN", 'f.json: "NaN" is not a finite number'),
        ("[-Infinity]", 'f.json: "-Infinity" is not a finite number'),
        ("1e999", 'f.json: "1e999" is not a finite number'),
        ("9" * 5000, "f.json: expected a number of at most 309 digits, got 5000"),
        ("-" + "9" * 311, "f.json: expected a number of at most 309 digits, got 312"),
        ("", "f.json: not strict UTF-8 JSON"),
        ("{'a': 1}", "f.json: not strict UTF-8 JSON"),
        ('{"a": 1} {}', "f.json: not strict UTF-8 JSON"),
        ('["\n"]', "f.json: not strict UTF-8 JSON"),
        (b'["\xff"]', "f.json: not strict UTF-8 JSON"),
        ("[]".encode("utf-16"), "f.json: not strict UTF-8 JSON"),
        ("[]".encode("utf-8-sig"), "f.json: not strict UTF-8 JSON"),
        (r'["\ud800"]', "f.json: not strict UTF-8 JSON"),
        (r'{"\udc00": 1}', "f.json: not strict UTF-8 JSON"),
        (NESTED, "f.json: not strict UTF-8 JSON"),
    ],
)
def test_what_is_not_strict_json_is_refused(text: str | bytes, reason: str) -> None:
    with pytest.raises(BundleError) as caught:
        parse(text)

    assert reason in str(caught.value)
    assert len(str(caught.value)) < 250


def test_a_file_above_its_limit_is_not_parsed() -> None:
    with pytest.raises(BundleError, match=r"^f\.json: expected at most 3 bytes, got 4$"):
        strict_json(b"1234", "f.json", max_bytes=3)


def test_a_view_is_read_like_bytes() -> None:
    assert strict_json(memoryview('["ä"]'.encode()), "f.json", max_bytes=9) == ["ä"]


def test_an_escaped_pair_of_surrogates_is_one_character() -> None:
    assert parse(r'"\ud83d\ude00"') == "😀"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip


@given(JSON)
def test_all_json_is_read_as_the_standard_library_wrote_it(value: object) -> None:
    assert parse(json.dumps(value)) == value


@given(st.binary(max_size=40))
def test_no_bytes_give_another_error_than_a_bundle_error(content: bytes) -> None:
    try:
        value = parse(content)
    except BundleError:
        return

    assert value == json.loads(content)


@pytest.mark.parametrize(
    ("value", "of_type", "reason"),
    [
        ("1", int, 'f.json: k: expected a whole number, got "1"'),
        (1.0, int, "f.json: k: expected a whole number, got 1.0"),
        (True, int, "f.json: k: expected a whole number, got true"),
        (True, float, "f.json: k: expected a number, got true"),
        (10**400, float, "f.json: k: too large: 1000"),
        (1, bool, "f.json: k: expected true or false, got 1"),
        (None, str, "f.json: k: expected a string, got null"),
        ([], dict, "f.json: k: expected an object, got []"),
        ({}, list, "f.json: k: expected an array, got {}"),
    ],
)
def test_a_member_of_another_type_is_named(value: object, of_type: type, reason: str) -> None:
    with pytest.raises(BundleError) as caught:
        fields(k=value).take("k", of_type)

    assert str(caught.value).startswith(reason)


def test_a_whole_number_is_taken_as_a_number() -> None:
    number = fields(k=3).take("k", float)

    assert isinstance(number, float)
    assert number == 3.0


def test_a_missing_member_is_named() -> None:
    with pytest.raises(BundleError, match=r"^f\.json: k: missing$"):
        fields().take("k", str)


def test_a_missing_member_with_a_default_has_it() -> None:
    assert fields().take("k", str, "neutral") == "neutral"


@pytest.mark.parametrize("members", [{}, {"k": None}])
def test_absent_and_null_are_none_where_a_member_is_optional(members: dict[str, None]) -> None:
    assert fields(**members).maybe("k", str) is None


def test_an_optional_member_has_its_type_checked() -> None:
    with pytest.raises(BundleError, match=r"^f\.json: k: expected a string, got 1$"):
        fields(k=1).maybe("k", str)


def test_the_path_of_a_nested_fault_is_complete() -> None:
    nested = fields(a=[{"b": {"c": 0}}, {"b": {"c": "1"}}])

    with pytest.raises(BundleError, match=r"^f\.json: a\[1\]\.b\.c: expected a whole number"):
        nested.children("a", lambda item: item.child("b", lambda inner: inner.take("c", int)))


@pytest.mark.parametrize("value", [1, "x", None, []])
def test_a_child_that_is_no_object_is_named(value: object) -> None:
    with pytest.raises(BundleError, match=r"^f\.json: a\[0\]: expected an object, got "):
        fields(a=[value]).children("a", lambda item: item)


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(BundleError, match=r"^f\.json: a\.surplus: unknown key$"):
        fields(a={"surplus": 1}).child("a", lambda item: item)


def test_unknown_keys_are_ignored_where_tolerated_at_any_depth() -> None:
    tolerant = Fields({"a": {"b": 1, "surplus": 2}, "surplus": 3}, "f.json:", tolerant=True)

    taken = tolerant.child("a", lambda item: item.take("b", int))
    tolerant.finish()

    assert taken == 1


@pytest.mark.parametrize("members", [{}, {"k": None}])
def test_an_optional_child_may_be_absent_or_null(members: dict[str, None]) -> None:
    assert fields(**members).maybe_child("k", lambda item: item) is None


def test_each_reads_all_members_that_are_left() -> None:
    group = fields(kind=1, a={"n": 1}, b={"n": 2})
    group.take("kind", int)

    assert group.each(lambda item: item.take("n", int)) == {"a": 1, "b": 2}


def test_strings_may_be_absent() -> None:
    assert fields(k=["a"]).maybe_strings("k") == ("a",)
    assert fields(k=[]).maybe_strings("k") == ()
    assert fields(k=None).maybe_strings("k") is None
    assert fields().maybe_strings("k") is None


def test_strings_are_strings() -> None:
    assert fields(k=["a", "b"]).strings("k") == ("a", "b")
    with pytest.raises(BundleError, match=r"^f\.json: k: expected strings, got 1$"):
        fields(k=["a", 1]).strings("k")


def test_a_choice_names_what_is_known() -> None:
    assert fields(k="red").choice("k", Colour) is Colour.RED
    with pytest.raises(
        BundleError, match=r'^f\.json: k: expected one of red, blue, got "green"$'
    ):
        fields(k="green").choice("k", Colour)


@pytest.mark.parametrize("axis", [True, 1.0, None, []])
def test_an_axis_is_a_length_or_a_name(axis: object) -> None:
    assert fields(k=["batch", 3]).axes("k") == ("batch", 3)
    with pytest.raises(BundleError, match=r"^f\.json: k: an axis is a length or a name, got "):
        fields(k=["batch", axis]).axes("k")


def test_a_long_value_is_cut_for_a_message() -> None:
    assert shown("x" * 100) == '"' + "x" * 56 + "..."


def test_a_deep_value_is_shown_without_an_error() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    assert len(shown(deep)) <= 60


def test_a_whole_number_within_its_bounds_is_taken() -> None:
    assert Fields({"k": 3}, "f.json:").whole("k", low=3, high=3) == 3


@pytest.mark.parametrize("number", [-1, 8, 1 << 63])
def test_a_whole_number_beyond_its_bounds_is_named(number: int) -> None:
    with pytest.raises(BundleError, match=rf"^f\.json: k: expected 0 to 7, got {number}$"):
        Fields({"k": number}, "f.json:").whole("k", low=0, high=7)


@pytest.mark.parametrize("number", [1 << 64, -(1 << 64)])
def test_a_whole_number_of_more_than_64_bits_is_named(number: int) -> None:
    with pytest.raises(
        BundleError, match=rf"^f\.json: k: expected at most 64 bits, got {number}"
    ):
        Fields({"k": number}, "f.json:").take("k", int)


def test_an_axis_longer_than_any_format_has_is_named() -> None:
    with pytest.raises(
        BundleError, match=r"k: expected a length up to 2147483647, got 2147483648"
    ):
        Fields({"k": [1, 1 << 31]}, "f.json:").axes("k")
