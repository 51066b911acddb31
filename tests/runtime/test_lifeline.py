"""A child process lives as long as the pipe to its parent."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

DEADLINE_S = 120


@contextmanager
def child_of(code: str) -> Generator[subprocess.Popen[str]]:
    """A process that runs the code, where ``read_question`` is imported."""
    code = f"from edgesmith_runtime.lifeline import *\n{code}"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def asked(child: subprocess.Popen[str], question: str) -> str:
    """Its answer of one line, while its standard input stays open."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(question)
    child.stdin.flush()
    return child.stdout.readline()


def test_the_question_is_the_line_that_was_written() -> None:
    with child_of("print(repr(read_question()))") as child:
        assert asked(child, "what?\n") == "'what?\\n'\n"


def test_a_child_that_is_done_ends_beside_its_open_input() -> None:
    with child_of("read_question(); print('done')") as child:
        asked(child, "what?\n")

        assert child.wait(DEADLINE_S) == 0
        assert child.stderr is not None
        assert child.stderr.read() == ""


@pytest.mark.parametrize(
    "work",
    ["while True: pass", "import threading; threading.Event().wait()"],
    ids=["busy", "waiting"],
)
def test_a_child_ends_at_the_end_of_its_input(work: str) -> None:
    with child_of(f"read_question(); print('begun', flush=True)\n{work}") as child:
        asked(child, "what?\n")
        assert child.stdin is not None

        child.stdin.close()

        assert child.wait(DEADLINE_S) == 1


def test_what_the_parent_still_writes_is_thrown_away() -> None:
    with child_of("read_question(); print('begun', flush=True)\nwhile True: pass") as child:
        asked(child, "what?\n")
        assert child.stdin is not None

        child.stdin.write("and this?\n" * 1000)
        child.stdin.close()

        assert child.wait(DEADLINE_S) == 1
