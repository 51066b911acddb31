"""The page of all configuration keys, generated: ``python -m edgesmith.config.page > docs/configuration.md``."""

from __future__ import annotations

import sys
import types
from enum import EnumMeta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from edgesmith.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

__all__ = ["render_page"]

_HEAD = """\
# Configuration

Every key that `edgesmith build CONFIG.toml` reads. This page is generated from the models that
check them: `python -m edgesmith.config.page > docs/configuration.md`.

- A key without a default is required.
- A relative path starts at the folder of the TOML. `${NAME}` in a path is taken from the environment.
- `--set a.b=c` on the command line overrides one key: `--set training.epochs=10`.
- `edgesmith new DIR --kind image` (or `table`, `audio`, `text`, `series`, `tensor`) writes a commented start.
"""
_WORDS: dict[object, str] = {
    bool: "true or false",
    float: "number",
    int: "whole number",
    str: "text",
    Path: "path",
}


def render_page() -> str:
    """The page in Markdown: a table a section, a row a key with type, default and meaning."""
    plain = {name: field for name, field in Config.model_fields.items() if not _sections(field)}
    parts = [_HEAD, "## Top level\n", *_table(plain)]
    for name, field in Config.model_fields.items():
        sections = _sections(field)
        if len(sections) > 1:
            parts += [
                "",
                f"## [{name}]\n",
                "`kind` is required and says which of these it is.",
            ]
            for section in sections:
                kind = _default_kind(section)
                parts += ["", f'### [{name}] with `kind = "{kind}"`\n', *_section(section)]
        elif sections:
            optional = (
                "" if not _is_none(field) else " Leave the section out where it has no use."
            )
            parts += ["", f"## [{name}]\n", *_section(sections[0], optional)]
            parts += list(_inner(name, sections[0]))
    return "\n".join(parts) + "\n"


def _inner(name: str, section: type[BaseModel]) -> Iterator[str]:
    for key, field in section.model_fields.items():
        for inner in _sections(field):
            brackets = f"[[{name}.{key}]]" if _is_list(field) else f"[{name}.{key}]"
            yield from ("", f"### {brackets}\n", *_section(inner))


def _section(section: type[BaseModel], more: str = "") -> Iterator[str]:
    first_line = (section.__doc__ or "").strip().partition("\n")[0]
    yield f"{first_line}{more}\n"
    yield from _table(section.model_fields)


def _table(fields: dict[str, FieldInfo]) -> Iterator[str]:
    yield "| key | type | default | what it is |"
    yield "| --- | --- | --- | --- |"
    for name, field in fields.items():
        if name == "kind":  # the heading says it
            continue
        cells = (f"`{name}`", _type(field), _default(field), field.description or "")
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type(field: FieldInfo) -> str:
    return _words(field.annotation) + _limits(field.metadata)


def _words(annotation: Any) -> str:
    """A type in words, without the None that only says that a key may be left out."""
    if annotation in _WORDS:
        return _WORDS[annotation]
    if isinstance(annotation, EnumMeta):
        return _choices([str(member) for member in cast("Any", annotation)])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    return _composed(get_origin(annotation), get_args(annotation))


def _composed(origin: Any, arguments: tuple[Any, ...]) -> str:
    """A type that is made of others."""
    if origin is Literal:
        return _choices([str(argument) for argument in arguments])
    if origin in (Union, types.UnionType):
        known = [_words(argument) for argument in arguments if argument is not type(None)]
        return " or ".join(dict.fromkeys(known))
    if origin is tuple:
        item = _words(arguments[0])
        return f"list of {'' if Ellipsis in arguments else f'{len(arguments)} '}{_plural(item)}"
    if origin is dict:
        return f"table of {_plural(_words(arguments[1]))}"
    return _words(arguments[0]) + _limits(arguments[1:])


def _plural(words: str) -> str:
    return f"{words}s" if words in (*_WORDS.values(), "table") else words


def _choices(values: list[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _limits(metadata: Any) -> str:
    """The bounds of a number in words."""
    words = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
    found = [
        f"{word} {limit}"
        for bound in metadata
        for name, word in words.items()
        if (limit := getattr(bound, name, None)) is not None
    ]
    return f" {', '.join(found)}" if found else ""


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None:
        return ""
    return f"`{_toml(field.default)}`"


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case tuple() | list():
            return f"[{', '.join(_toml(item) for item in cast('list[object]', value))}]"
        case dict():
            return "{}"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _sections(field: FieldInfo) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = []
    waiting: list[Any] = [field.annotation]
    while waiting:
        annotation = waiting.pop(0)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found.append(annotation)
        waiting += get_args(annotation)
    return found


def _is_none(field: FieldInfo) -> bool:
    return type(None) in get_args(field.annotation)


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _default_kind(section: type[BaseModel]) -> str:
    return get_args(section.model_fields["kind"].annotation)[0]


if __name__ == "__main__":
    sys.stdout.write(render_page())
