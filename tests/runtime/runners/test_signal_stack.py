"""A signal stack that a library puts in place is taken away again."""

from __future__ import annotations

import ctypes
import sys

import pytest

from edgesmith_runtime.runners.signal_stack import _Stack, signal_stack_kept

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sigaltstack of Linux")
SIZE = 1 << 17


def _current() -> tuple[int | None, int, int]:
    found = _Stack()
    assert ctypes.CDLL(None).sigaltstack(None, ctypes.byref(found)) == 0
    return found.sp, found.flags, found.size


def test_the_stack_is_afterwards_what_it_was_before() -> None:
    memory = ctypes.create_string_buffer(SIZE)
    other = _Stack(sp=ctypes.addressof(memory), flags=0, size=SIZE)
    before = _current()

    with signal_stack_kept():
        ctypes.CDLL(None).sigaltstack(ctypes.byref(other), None)
        within = _current()

    assert within == (ctypes.addressof(memory), 0, SIZE)
    assert _current() == before


def test_an_error_gives_it_back_too() -> None:
    memory = ctypes.create_string_buffer(SIZE)
    other = _Stack(sp=ctypes.addressof(memory), flags=0, size=SIZE)
    before = _current()

    with pytest.raises(ZeroDivisionError), signal_stack_kept():
        ctypes.CDLL(None).sigaltstack(ctypes.byref(other), None)
        raise ZeroDivisionError

    assert _current() == before
