"""Raw inputs of a command line as they are sent to a device, and named in its answers."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.manifest import Kind
from edgesmith_runtime.raw_files import read_raw_inputs
from edgesmith_runtime.transforms.raw_source import file_size, reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from edgesmith_runtime.manifest import RawInput

__all__ = ["Absent", "Sent", "absent_inputs", "sent_inputs"]

_SINGLE_FILES = frozenset({Kind.IMAGE, Kind.AUDIO, Kind.SERIES})
# What follows a word in an answer: a file of the folder, a row, or the end of the name.
_NAME_END = re.compile(r"""/|\[\d+\]|:\d|  |"|$""")
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
        for there in sorted(self.names, key=len, reverse=True):
            here = self.names[there]
            named = start + _escaped(there, is_json=is_json)
            if line.startswith(named) and _NAME_END.match(line, len(named)):
                return start + _escaped(here, is_json=is_json) + line[len(named) :]
        return line


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A raw input that is not here, as ``predict`` tells of it.

    Args:
        name: As it was given.
        problem: In one line.
    """

    name: str
    problem: str

    def told(self, *, is_json: bool) -> str:
        """The line of the answer."""
        if is_json:
            return json.dumps({"input": self.name, "error": self.problem})
        return f"{self.name}  error: {self.problem}"


def absent_inputs(raw_inputs: Sequence[RawInput], words: Iterable[str]) -> list[Absent]:
    """What of the words of ``predict`` is not here, in the words of the runtime.

    Args:
        raw_inputs: Of the manifest.
        words: As ``sent_inputs`` has them.
    """
    return [
        Absent(name=word, problem=" ".join(str(error).split()))
        for word in words
        for error in _problems(raw_inputs, word)
    ]


def _problems(raw_inputs: Sequence[RawInput], word: str) -> Iterator[InputError]:
    kind = raw_inputs[0].kind if len(raw_inputs) == 1 else None
    if kind is Kind.TEXT:
        if not word.startswith("@"):
            return
        path = Path(word[1:])
    else:
        path = Path(word)
    if path.is_file():
        return
    for given in read_raw_inputs(raw_inputs, [word]):
        if isinstance(given.raw, InputError):
            yield given.raw
        elif kind in _SINGLE_FILES and given.raw == path:
            try:
                with reading(word):
                    file_size(word, f"{kind} file")
            except InputError as error:
                yield error


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
