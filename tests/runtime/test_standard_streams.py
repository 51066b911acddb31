from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.standard_streams import refused_output

if TYPE_CHECKING:
    from pathlib import Path

_CHILD = """
import sys
from edgesmith_runtime.standard_streams import hold_closed_streams
hold_closed_streams()
print("answer", flush=True)
print("failure", file=sys.stderr, flush=True)
with open(sys.argv[1], "w") as file:
    file.write(f"{file.fileno()} {sys.stdin}")
"""


def _run(closed: str, path: Path) -> subprocess.CompletedProcess[str]:
    words = ["sh", "-c", f'exec "$0" -c "$1" "$2" {closed}', sys.executable, _CHILD, str(path)]
    return subprocess.run(words, capture_output=True, text=True, check=True)


def test_a_file_never_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    _run("<&- >&- 2>&-", tmp_path / "number")

    number, given = (tmp_path / "number").read_text().split()
    assert int(number) > 2
    assert given == "None"


def test_a_failure_is_not_printed_among_the_answers(tmp_path: Path) -> None:
    assert _run("2>&-", tmp_path / "number").stdout == "answer\n"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_an_answer_without_room_is_told(code: int) -> None:
    told = refused_output(OSError(code, os.strerror(code)))

    assert told == (
        f"the answer cannot be written: {os.strerror(code)}; make room where it goes"
    )


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full", "a file"), OSError(errno.EPERM, "not permitted")]
)
def test_another_failure_is_not_that_of_an_answer(error: OSError) -> None:
    assert refused_output(error) is None
