"""A TOML file to a ``Config``: overrides applied, every fault named by its key path."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from edgesmith.config import Config
from edgesmith.config.faults import first_fault
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["load_config", "parse_config"]

_MODELS = (".keras", ".h5", ".hdf5", ".onnx", ".tflite")


def load_config(path: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Read a configuration file; relative paths in it start at its folder.

    Args:
        path: A TOML file.
        overrides: ``a.b=c`` each; ``c`` is a TOML value, or a text where it is not one.

    Raises:
        ConfigError: The file is missing or not TOML, or a key is unknown, missing or ill-typed;
            the message gives its path and, for an unknown one, the closest right one.
    """
    path = Path(path)
    if path.suffix in _MODELS:
        raise ConfigError(
            f"{path}: expected a configuration in TOML, got a model file; for a bundle of a model "
            f"use: edgesmith convert {path} --out out"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: no such file; expected a configuration, e.g. from: edgesmith new DIR"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a UTF-8 text: {error.reason}") from error
    return parse_config(text, where=str(path), folder=path.parent, overrides=overrides)


def parse_config(
    text: str, *, where: str, folder: Path, overrides: Iterable[str] = ()
) -> Config:
    """The same from a text; ``where`` names it in messages."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not TOML: {error}") from error
    for override in overrides:
        _override(values, override)
    try:
        content = json.dumps(values)
    except TypeError as error:
        raise ConfigError(
            f"{where}: {_dated(values)}: expected a text, a number, a list or a table, got a date "
            "or time; put it in quotes"
        ) from error
    try:
        return Config.model_validate_json(content, context={"folder": folder})
    except ValidationError as error:
        raise ConfigError(f"{where}: {first_fault(error, values)}") from error


def _override(values: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals or not path.strip():
        raise ConfigError(f"--set {override}: expected key=value, e.g. training.epochs=10")
    try:
        nested = tomllib.loads(f"{path} = 0")
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"--set {override}: '{path}' is not a key; quote a part with blanks or dots in it, "
            'e.g. cleaning.fill_by_column."body mass"=0'
        ) from error
    table = values
    name, inner = _only_member(nested)
    while isinstance(inner, dict):
        child = table.setdefault(name, {})
        if not isinstance(child, dict):
            raise ConfigError(f"--set {override}: '{name}' is a value, not a table")
        table = cast("dict[str, Any]", child)
        name, inner = _only_member(cast("dict[str, Any]", inner))
    table[name] = _toml_value(text)


def _only_member(table: dict[str, Any]) -> tuple[str, Any]:
    ((name, inner),) = table.items()
    return name, inner


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _dated(value: object, path: str = "") -> str:
    """The path of the first value that TOML has and a configuration has not."""
    members: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict):
        members = cast("dict[object, object]", value).items()
    elif isinstance(value, list):
        members = enumerate(cast("list[object]", value))
    elif not isinstance(value, str | int | float):
        return path
    found = (_dated(child, f"{path}.{key}" if path else str(key)) for key, child in members)
    return next((place for place in found if place), "")
