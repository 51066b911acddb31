from __future__ import annotations

import json
import subprocess
import sys

import pytest

from edgesmith.cli.options import one_object

NOISY = """
import os, subprocess, sys
from edgesmith.cli.options import one_object
with one_object(wanted=True) as print_object:
    print("from python")
    os.write(1, b"from a library\\n")
    subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
    print_object({"answer": 42})
print("afterwards")
"""


def test_standard_output_holds_the_object_alone() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", NOISY], capture_output=True, text=True, check=True
    )

    first, rest = shown.stdout.split("\n", 1)
    assert json.loads(first) == {"answer": 42}
    assert rest == "afterwards\n"
    for noise in ("from python", "from a library", "from a child"):
        assert noise in shown.stderr


def test_a_stream_without_a_descriptor_holds_the_object_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with one_object(wanted=True) as print_object:
        sys.stdout.write("chatter\n")
        print_object({"answer": 42})

    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"answer": 42}
    assert shown.err == "chatter\n"


def test_without_the_wish_nothing_is_moved(capsys: pytest.CaptureFixture[str]) -> None:
    with one_object(wanted=False):
        sys.stdout.write("a line for people\n")

    assert capsys.readouterr().out == "a line for people\n"


def test_a_number_that_json_has_not_is_refused() -> None:
    with (
        one_object(wanted=True) as print_object,
        pytest.raises(ValueError, match="not JSON compliant"),
    ):
        print_object({"score": float("nan")})
