"""Raw inputs of a command line as they are sent to a device, and named in its answers."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.manifest import Kind
from edgesmith_runtime.raw_files import read_raw_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from edgesmith_runtime.manifest import RawInput

__all__ = ["Sent", "sent_inputs"]

_SINGLE_FILES = frozenset({Kind.IMAGE, Kind.AUDIO, Kind.SERIES})
STANDARD_INPUT = "standard input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Raw inputs for a device.

    Args:
        words: As its command line has them.
        parts: Files below its working folder, and what they hold.
        names: By word there, the word here, where they differ.
    """

    words: tuple[str, ...]
    parts: dict[str, Path | bytes]
    names: dict[str, str]

    def as_here(self, line: str, *, is_json: bool) -> str:
        """A line of the answer, its raw input named as it was given here."""
        start = '{"input": "' if is_json else ""
        for there, here in self.names.items():
            named = start + _escaped(there, is_json=is_json)
            if line.startswith(named):
                return start + _escaped(here, is_json=is_json) + line[len(named) :]
        return line


def sent_inputs(raw_inputs: Sequence[RawInput], words: Iterable[str]) -> Sent:
    """What the words of ``predict`` stand for, to be sent.

    A path keeps its name, and its length too: in front, and for ``..``, underscores stand.

    Args:
        raw_inputs: Of the manifest.
        words: Files, folders, texts, ``@FILE`` or ``-``, as the runtime's ``predict`` has them.

    Raises:
        InputError: A file is not there, or two would have one name on the device.
    """
    sent = Sent(words=(), parts={}, names={})
    placed = [_place(sent, raw_inputs, word) for word in words]
    return Sent(words=tuple(placed), parts=sent.parts, names=sent.names)


def _place(sent: Sent, raw_inputs: Sequence[RawInput], word: str) -> str:
    kind = raw_inputs[0].kind if len(raw_inputs) == 1 else None
    if kind is Kind.TEXT:
        if word == "-":
            sent.parts[f"inputs/{STANDARD_INPUT}"] = sys.stdin.buffer.read()
            return f"@{STANDARD_INPUT}"
        if not word.startswith("@"):
            return word
        return f"@{_put(sent, word[1:])}"
    if kind not in _SINGLE_FILES:
        return _put(sent, word)
    for path in _files(raw_inputs, word):
        _put(sent, str(path))
    return _named(sent, word)


def _files(raw_inputs: Sequence[RawInput], word: str) -> Iterator[Path]:
    for given in read_raw_inputs(raw_inputs, [word]):
        if isinstance(given.raw, InputError):
            raise given.raw
        yield Path(given.name)


def _put(sent: Sent, word: str) -> str:
    path = Path(word)
    if not path.is_file():
        raise InputError(f"{word}: no such file; expected a raw input to send to the device")
    there = _named(sent, word)
    name = f"inputs/{there}"
    before = sent.parts.get(name)
    if isinstance(before, Path) and before.resolve() != path.resolve():
        raise InputError(
            f"{before} and {word}: both would be {there} on the device; give one by another path"
        )
    sent.parts[name] = path
    return there


def _named(sent: Sent, word: str) -> str:
    there = _renamed(word)
    if there != word:
        sent.names[there] = word
    return there


def _renamed(word: str) -> str:
    parts = ["__" if part == ".." else part for part in word.replace(os.sep, "/").split("/")]
    name = "/".join(parts)
    return f"_{name[1:]}" if name.startswith("/") else name


def _escaped(name: str, *, is_json: bool) -> str:
    return json.dumps(name)[1:-1] if is_json else name
