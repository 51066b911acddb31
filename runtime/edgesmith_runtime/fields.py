"""Strict JSON: objects taken apart key by key, every fault named by its path."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TypeVar, cast

from edgesmith_runtime.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

__all__ = ["Fields", "shown", "strict_json"]

# Below the 4300 digits that Python itself takes, whose reading takes longer than their number:
# no number of a bundle is above the largest float64, which has 309.
MAX_DIGITS = 309
MAX_WHOLE = (1 << 64) - 1
MAX_AXIS = (1 << 31) - 1  # a TFLite shape has 32 bits

T = TypeVar("T")
E = TypeVar("E", bound="StrEnum")

_TYPE_WORDS: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}


class _Hooks:
    """What the parser asks about each object and number of a file."""

    def __init__(self, file: str) -> None:
        self._file = file

    def unique(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        """An object, if no key stands twice."""
        members = dict(pairs)
        if len(members) != len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))
            raise BundleError(
                f"{self._file}: the key {shown(twice)} stands twice in one object"
            )
        return members

    def finite(self, text: str) -> float:
        """A number with a fraction or exponent, or a word for one, if it is finite."""
        number = float(text)
        if not math.isfinite(number):
            raise BundleError(f"{self._file}: {shown(text)} is not a finite number")
        return number

    def whole(self, text: str) -> int:
        """A whole number, if it is not longer than any that a bundle has."""
        if len(text) > MAX_DIGITS + 1:  # a sign
            raise BundleError(
                f"{self._file}: expected a number of at most {MAX_DIGITS} digits, "
                f"got {len(text)}"
            )
        return int(text)


def strict_json(content: bytes | memoryview, file: str, *, max_bytes: int) -> object:
    """Parse strict UTF-8 JSON: bounded, no key twice, every number finite, every text encodable.

    Arrays and objects may be as deep as Python's recursion limit has it (1000), no deeper.

    Raises:
        BundleError: Names ``file`` and the fault.
    """
    if len(content) > max_bytes:
        raise BundleError(f"{file}: expected at most {max_bytes} bytes, got {len(content)}")

    hooks = _Hooks(file)
    try:
        text = str(content, "utf-8")
        value = json.loads(
            text,
            object_pairs_hook=hooks.unique,
            parse_float=hooks.finite,
            parse_constant=hooks.finite,
            parse_int=hooks.whole,
        )
        if "\\u" in text:  # half of a surrogate pair can be escaped, but never be encoded
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{file}: not strict UTF-8 JSON: {error}") from error
    return value


def shown(value: object) -> str:
    """A JSON value for a message, at most 60 characters."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        text = "a value nested too deep to show"
    return text if len(text) <= 60 else text[:57] + "..."


class Fields:
    """A JSON object being taken apart; what is left at ``finish`` is an error.

    Args:
        value: What the JSON held.
        where: The path of this object for messages, e.g. ``manifest.json: outputs[0]``.
        tolerant: Ignore unknown keys (a newer minor format).
    """

    def __init__(self, value: object, where: str, *, tolerant: bool = False) -> None:
        if not isinstance(value, dict):
            colon = "" if where.endswith(":") else ":"
            raise BundleError(f"{where}{colon} expected an object, got {shown(value)}")
        self._left = dict(cast("dict[str, object]", value))
        self._tolerant = tolerant
        self._where = where

    @property
    def where(self) -> str:
        """The path of this object, for messages."""
        return self._where

    def path(self, key: str) -> str:
        """Where a key of this object is, for messages."""
        return f"{self._where} {key}" if self._where.endswith(":") else f"{self._where}.{key}"

    def take(self, key: str, of_type: type[T], default: T | None = None) -> T:
        """A member of one type; missing is an error unless there is a default."""
        if key not in self._left:
            if default is None:
                raise BundleError(f"{self.path(key)}: missing")
            return default
        return self._typed(key, self._left.pop(key), of_type)

    def maybe(self, key: str, of_type: type[T]) -> T | None:
        """A member of one type, or None where it is absent or null."""
        value = self._left.pop(key, None)
        return None if value is None else self._typed(key, value, of_type)

    def _typed(self, key: str, value: object, of_type: type[T]) -> T:
        if of_type is float and isinstance(value, int) and not isinstance(value, bool):
            try:
                return cast("T", float(value))
            except OverflowError as error:
                raise BundleError(f"{self.path(key)}: too large: {shown(value)}") from error
        if not isinstance(value, of_type) or (of_type is int and isinstance(value, bool)):
            raise BundleError(
                f"{self.path(key)}: expected {_TYPE_WORDS[of_type]}, got {shown(value)}"
            )
        if isinstance(value, int) and abs(value) > MAX_WHOLE:
            raise BundleError(f"{self.path(key)}: expected at most 64 bits, got {shown(value)}")
        return value

    def whole(self, key: str, *, low: int, high: int = MAX_AXIS) -> int:
        """A whole number within bounds."""
        value = self.take(key, int)
        if not low <= value <= high:
            raise BundleError(f"{self.path(key)}: expected {low} to {high}, got {shown(value)}")
        return value

    def child(self, key: str, read: Callable[[Fields], T]) -> T:
        """An object, read to its end."""
        return self._finished(self.take(key, object), self.path(key), read)

    def maybe_child(self, key: str, read: Callable[[Fields], T]) -> T | None:
        """An object read to its end, or None where it is absent or null."""
        value = self.maybe(key, object)
        return None if value is None else self._finished(value, self.path(key), read)

    def children(self, key: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
        """An array of objects, each read to its end."""
        items = cast("list[object]", self.take(key, list))
        return tuple(
            self._finished(item, f"{self.path(key)}[{index}]", read)
            for index, item in enumerate(items)
        )

    def each(self, read: Callable[[Fields], T]) -> dict[str, T]:
        """All members that are left, by name: objects, each read to its end."""
        return {key: self.child(key, read) for key in list(self._left)}

    def each_children(self, read: Callable[[Fields], T]) -> dict[str, tuple[T, ...]]:
        """All members that are left, by name: arrays of objects, each read to its end."""
        return {key: self.children(key, read) for key in list(self._left)}

    def _finished(self, value: object, where: str, read: Callable[[Fields], T]) -> T:
        fields = Fields(value, where, tolerant=self._tolerant)
        result = read(fields)
        fields.finish()
        return result

    def strings(self, key: str, default: list[Any] | None = None) -> tuple[str, ...]:
        """An array of strings."""
        items = cast("list[object]", self.take(key, list, default))
        for item in items:
            if not isinstance(item, str):
                raise BundleError(f"{self.path(key)}: expected strings, got {shown(item)}")
        return tuple(cast("list[str]", items))

    def maybe_strings(self, key: str) -> tuple[str, ...] | None:
        """An array of strings, or None where it is absent or null."""
        if self._left.get(key) is None:
            self._left.pop(key, None)
            return None
        return self.strings(key)

    def choice(self, key: str, enum: type[E]) -> E:
        """A string that is a value of an enum."""
        value = self.take(key, str)
        try:
            return enum(value)
        except ValueError as error:
            known = ", ".join(enum)
            raise BundleError(
                f"{self.path(key)}: expected one of {known}, got {shown(value)}"
            ) from error

    def axes(self, key: str) -> tuple[int | str, ...]:
        """A shape: an array of lengths and axis names."""
        items = cast("list[object]", self.take(key, list))
        for item in items:
            if isinstance(item, bool) or not isinstance(item, int | str):
                raise BundleError(
                    f"{self.path(key)}: an axis is a length or a name, got {shown(item)}"
                )
            if isinstance(item, int) and item > MAX_AXIS:
                raise BundleError(
                    f"{self.path(key)}: expected a length up to {MAX_AXIS}, got {shown(item)}"
                )
        return tuple(cast("list[int | str]", items))

    def finish(self) -> None:
        """Refuse what was not taken."""
        if self._left and not self._tolerant:
            raise BundleError(f"{self.path(min(self._left))}: unknown key")
