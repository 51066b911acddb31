"""What is wrong with a configuration, in one line: where, expected, got, and the closest key."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast, get_args

from pydantic import BaseModel, ValidationError

from edgesmith.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

__all__ = ["first_fault"]

Location = tuple[int | str, ...]

# Pydantic's types of fault, in our words; the names in braces are pydantic's own.
_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "enum": "one of {expected}",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "at least {ge}",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "less_than": "a number below {lt}",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "literal_error": "one of {expected}",
    "model_attributes_type": "a table",
    "model_type": "a table",
    "path_type": "a path",
    "string_type": "a text",
    "too_long": "at most {max_length} items",
    "too_short": "at least {min_length} item",
    "tuple_type": "a list",
}


def first_fault(error: ValidationError, values: dict[str, Any]) -> str:
    """The one fault to mend first: a misspelt key before the key that it leaves missing.

    Args:
        error: What pydantic found.
        values: What the TOML held, overrides applied.
    """
    details = error.errors()
    first = min(details, key=lambda detail: detail["type"] != "extra_forbidden")
    location = _written(first, values)
    path = ".".join(str(part) for part in location)
    match first["type"]:
        case "extra_forbidden":
            return f"{path}: unknown key{_did_you_mean(location, values)}"
        case "missing" if isinstance(first["loc"][-1], str):
            return f"{path}: missing{_what_it_is(location, values)}"
        case "union_tag_not_found":
            return f"{path}.kind: missing; expected one of {_kinds(location, values)}"
        case "union_tag_invalid":
            got = str(first.get("ctx", {}).get("tag", ""))
            known = _kinds(location, values)
            close = get_close_matches(got, known.split(", "), n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            return f"{path}.kind: expected one of {known}, got {_shown(got)}{hint}"
        case "value_error":
            return f"{path}: {first['msg'].removeprefix('Value error, ')}"
        case _:
            same = [detail for detail in details if _written(detail, values) == location]
            return f"{path}: expected {_expected(same)}, got {_shown(_at(location, values))}"


def _written(detail: ErrorDetails, values: object) -> Location:
    """Where a fault is, in keys that the user wrote: without the tags of unions in between.

    A key that is missing from a list of fixed length is a fault of the list.
    """
    kept: list[int | str] = []
    place: Any = values
    for part in detail["loc"]:
        if isinstance(place, dict) and part in place:
            place = cast("dict[str, Any]", place)[cast("str", part)]
        elif (
            isinstance(place, list) and isinstance(part, int) and part < len(cast("Any", place))
        ):
            place = cast("list[Any]", place)[part]
        else:
            continue
        kept.append(part)
    absent = detail["loc"][-1]
    if detail["type"] == "missing" and isinstance(absent, str):
        kept.append(absent)
    return tuple(kept)


def _expected(details: list[ErrorDetails]) -> str:
    """All that a value may be, where a union has a fault for each kind."""
    phrases = [_phrase(detail) for detail in details]
    return " or ".join(dict.fromkeys(phrases))


def _phrase(detail: ErrorDetails) -> str:
    context = dict(detail.get("ctx", {}))
    match detail["type"]:
        case "missing":
            return f"at least {cast('int', detail['loc'][-1]) + 1} items"
        case "string_pattern_mismatch":
            return f"a text that matches {context['pattern']}"
        case "literal_error" | "enum":
            context["expected"] = (
                str(context["expected"]).replace("'", "").replace(" or ", ", ")
            )
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            context = {
                name: limit if isinstance(limit, int) else f"{limit:g}"
                for name, limit in context.items()
            }
        case _:
            pass
    if detail["type"] not in _EXPECTED:
        return detail["msg"].removeprefix("Input should be ")
    return _EXPECTED[detail["type"]].format(**context)


def _at(location: Location, values: object) -> object:
    place: Any = values
    for part in location:
        place = place[part]
    return place


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    text = f"'{value}'" if isinstance(value, str) else text
    return text if len(text) <= 60 else f"{text[:57]}..."


def _did_you_mean(location: Location, values: dict[str, Any]) -> str:
    """The closest key of the same table, else the same key of another one, else all keys."""
    last = str(location[-1])
    known = list(_fields_at(location[:-1], values))
    close = get_close_matches(last, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    elsewhere = [path for path in _all_paths() if path.rpartition(".")[2] == last]
    if elsewhere:
        return f"; did you mean '{elsewhere[0]}'?"
    return f"; known: {', '.join(known)}"


def _what_it_is(location: Location, values: dict[str, Any]) -> str:
    field = _fields_at(location[:-1], values).get(str(location[-1]))
    if field is None or not field.description:
        return f"; expected a table [{location[-1]}]"
    return f" ({field.description.removesuffix('.')})"


def _fields_at(location: Location, values: dict[str, Any]) -> Mapping[str, FieldInfo]:
    """The keys of the table at a location."""
    section: type[BaseModel] = Config
    place: Any = values
    for part in location:
        place = place[part]
        if isinstance(part, str):
            section = _section(section.model_fields[part], place)
    return section.model_fields


def _section(field: FieldInfo, value: object) -> type[BaseModel]:
    """The section that a key holds; of several kinds the one that the value names."""
    sections = list(_sections(field.annotation))
    named = cast("dict[str, Any]", value).get("kind") if isinstance(value, dict) else None
    for section in sections:
        kind = section.model_fields.get("kind")
        if kind is not None and named in get_args(kind.annotation):
            return section
    return sections[0]


def _sections(annotation: object) -> Iterator[type[BaseModel]]:
    arguments = get_args(annotation)
    for argument in arguments:
        yield from _sections(argument)
    if not arguments and isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation


def _kinds(location: Location, values: dict[str, Any]) -> str:
    field = _fields_at(location[:-1], values)[str(location[-1])]
    kinds = (section.model_fields["kind"].annotation for section in _sections(field.annotation))
    return ", ".join(get_args(kind)[0] for kind in kinds)


def _all_paths() -> Iterator[str]:
    for name, field in Config.model_fields.items():
        yield name
        for section in _sections(field.annotation):
            yield from (f"{name}.{inner}" for inner in section.model_fields)
