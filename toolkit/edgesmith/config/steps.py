"""The steps of a transform as a user writes them: mappings in Python, a JSON or a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from edgesmith_runtime.errors import BundleError, ConfigError, TransformError
from edgesmith_runtime.fields import strict_json
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_steps", "steps_of"]

MAX_FILE_BYTES = 1 << 20  # that of a manifest, where the steps go

_MANIFEST_KEYS = {"from": "inputs", "to": "outputs"}  # as manifest.json has them
_KEYS = ("op", "inputs", "outputs", "params", "asset", "augment_after")


def steps_of(given: Sequence[Step | Mapping[str, Any]]) -> tuple[Step, ...]:
    """Steps from nouns or mappings, as a program that can run.

    Args:
        given: In order. A mapping has ``op``, ``inputs`` and ``outputs``, and ``params`` where
            the op has some; ``from`` and ``to``, as a manifest has them, are taken too.

    Raises:
        ConfigError: One is no step; the message names it by index and op.
        TransformError: The steps do not fit together, or an op does not take its params.
    """
    listed = cast("object", given)  # a user may not use a type checker
    if not isinstance(listed, Sequence) or isinstance(listed, str | bytes):
        raise ConfigError(
            f"transform: expected a list of steps, got {type(listed).__name__}; "
            "put a single step in a list"
        )
    steps = tuple(_step(one, index) for index, one in enumerate(cast("Sequence[Any]", listed)))
    made = {name for step in steps for name in step.outputs}
    used = dict.fromkeys(name for step in steps for name in step.inputs)
    Transform(steps, tuple(name for name in used if name not in made))
    return steps


def _step(given: object, index: int) -> Step:
    if isinstance(given, Step):
        return given
    place = f"transform step {index}"
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"{place}: expected a mapping with op, inputs, outputs and params, "
            f"got {type(given).__name__}"
        )
    members = cast("Mapping[object, Any]", given)
    op = members.get("op")
    if not isinstance(op, str):
        got = "nothing" if op is None else repr(op)
        raise ConfigError(f"{place}: op: expected the name of a step, e.g. 'scale', got {got}")
    place = f"{place} ({op})"
    named = _named(members, place)
    return Step(
        op=op,
        inputs=_names(named, "inputs", place),
        outputs=_names(named, "outputs", place),
        params=_params(named.get("params", {}), place),
        asset=cast("str | None", _typed(named, "asset", str, "a name of a file", place)),
        augment_after=bool(_typed(named, "augment_after", bool, "true or false", place)),
    )


def _named(members: Mapping[object, Any], place: str) -> dict[str, Any]:
    """The members under our names; each of them known, and there once."""
    named: dict[str, Any] = {}
    for key, value in members.items():
        ours = _MANIFEST_KEYS.get(str(key), str(key))
        if ours not in _KEYS:
            close = get_close_matches(ours, _KEYS, n=1)
            hint = (
                f"did you mean '{close[0]}'?"
                if close
                else f"what the op computes with goes into params; known: {', '.join(_KEYS)}"
            )
            raise ConfigError(f"{place}: unknown key '{key}'; {hint}")
        if ours in named:
            raise ConfigError(f"{place}: '{ours}' is given twice, under both of its names")
        named[ours] = value
    return named


def _names(named: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
    if key not in named:
        raise ConfigError(f"{place}: {key}: missing; expected a list of names of values")
    value: object = named[key]
    if isinstance(value, str):
        raise ConfigError(
            f"{place}: {key}: expected a list of names, got '{value}'; write ['{value}']"
        )
    items = list(cast("Sequence[object]", value)) if isinstance(value, list | tuple) else [None]
    if not all(isinstance(item, str) for item in items):
        raise ConfigError(f"{place}: {key}: expected a list of names, got {value!r}")
    return tuple(cast("list[str]", items))


def _params(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{place}: params: expected a mapping by name, got {value!r}")
    return {str(name): one for name, one in cast("Mapping[object, Any]", value).items()}


def _typed(
    named: Mapping[str, Any], key: str, of_type: type, expected: str, place: str
) -> object:
    value = named.get(key)
    if value is not None and not isinstance(value, of_type):
        raise ConfigError(f"{place}: {key}: expected {expected}, got {value!r}")
    return value


def read_steps(path: Path) -> tuple[Step, ...]:
    """The same from a file: a list in ``.json``, or ``[[transform]]`` tables in ``.toml``.

    Raises:
        ConfigError: Missing, of another kind, or not a list of steps; the message names the
            file and the step.
        TransformError: As above.
    """
    if path.suffix not in (".json", ".toml"):
        raise ConfigError(
            f"{path}: expected steps in a .json (a list) or a .toml ([[transform]] tables)"
        )
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; expected the steps of a transform") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    listed = _toml(content, path) if path.suffix == ".toml" else _json(content, path)
    try:
        return steps_of(cast("Any", listed))
    except (ConfigError, TransformError) as error:
        raise type(error)(f"{path}: {error}") from error


def _json(content: bytes, path: Path) -> object:
    try:
        value = strict_json(content, str(path), max_bytes=MAX_FILE_BYTES)
    except BundleError as error:
        raise ConfigError(str(error)) from error
    return _only_transform(cast("object", value), path) if isinstance(value, dict) else value


def _toml(content: bytes, path: Path) -> object:
    try:
        values = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    return _only_transform(values, path)


def _only_transform(value: object, path: Path) -> object:
    members = cast("dict[str, object]", value)
    if set(members) != {"transform"}:
        raise ConfigError(
            f"{path}: expected the key transform alone, with the list of steps, "
            f"got {', '.join(sorted(members)) or 'nothing'}"
        )
    return members["transform"]
