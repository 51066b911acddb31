"""Words that several commands take, and what a wrong one is told."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, NoReturn, Protocol

from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Commands",
    "Parser",
    "artifact",
    "common",
    "count",
    "engine",
    "engine_name",
    "key_file",
    "seconds",
    "trust",
    "version",
]


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with exit code 2."""
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


class Commands(Protocol):
    """What a command is put among."""

    def add_parser(
        self,
        name: str,
        *,
        help: str,  # noqa: A002 - argparse calls it so
        parents: Sequence[argparse.ArgumentParser],
    ) -> argparse.ArgumentParser:
        """A parser for the words after the command's name."""
        ...


def common() -> Parser:
    """The bundle, and how to answer."""
    parser = Parser(add_help=False)
    parser.add_argument("bundle", metavar="BUNDLE", help="NAME.edge or its unpacked directory")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a failure")
    return parser


def engine() -> Parser:
    """How the model runs."""
    parser = Parser(add_help=False)
    parser.add_argument("--threads", type=count, metavar="N", help="threads of one run")
    return parser


def artifact() -> Parser:
    """Which model file of the bundle runs, and by what."""
    parser = Parser(add_help=False)
    parser.add_argument(
        "--artifact", metavar="A", help="file or format (onnx, tflite) instead of the default"
    )
    parser.add_argument(
        "--engine",
        metavar="E",
        type=engine_name,
        help="onnxruntime, litert or openvino instead of the default",
    )
    parser.add_argument(
        "--untrusted",
        action="store_true",
        help="try the model in a child process first, with limits of time and memory",
    )
    return parser


def trust() -> Parser:
    """Who must have signed the bundle, and how old it may be."""
    parser = Parser(add_help=False)
    parser.add_argument(
        "--public-key",
        metavar="F.pub",
        type=key_file,
        action="append",
        help="refuse a bundle that this key did not sign; again: one of them",
    )
    parser.add_argument(
        "--min-version",
        metavar="N",
        type=version,
        help="refuse a bundle that was signed as an older version",
    )
    return parser


def key_file(name: str) -> bytes:
    """The 32 bytes of the public key in a file."""
    from edgesmith_runtime.seal import public_key_file

    try:
        return public_key_file(name)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def version(text: str) -> int:
    """A whole number from 0."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"expected a whole number from 0, got '{text}'")
    return int(text)


def count(text: str) -> int:
    """A whole number from 1."""
    count = int(text) if text.isascii() and text.isdigit() else 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got '{text}'")
    return count


def engine_name(text: str) -> str:
    """An engine that this runtime knows, installed or not."""
    from edgesmith_runtime.settings import Engine

    if text not in (known := [str(engine) for engine in Engine]):
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(known)}, got '{text}'")
    return text


def seconds(text: str) -> float:
    """A time from 0."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected seconds from 0, got '{text}'")
    return seconds
