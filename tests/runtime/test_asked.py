"""A call that another thread takes up says since when it was waited for."""

from __future__ import annotations

import threading

from edgesmith_runtime.asked import ASKED_NS, end_watching, moment_ns, taking_up, watch


def seen(given: str, *, timeout: float | None) -> tuple[str, float | None, tuple[int, ...]]:
    return given, timeout, ASKED_NS.get()


class Watcher:
    """Takes moments as a recorder does."""


def test_nobody_asks_for_the_time_unless_somebody_records() -> None:
    recorder = Watcher()

    assert moment_ns() == 0
    watch(recorder)
    taken = moment_ns()
    end_watching(recorder)
    end_watching(recorder)

    assert taken > 0
    assert moment_ns() == 0


def test_who_is_gone_takes_no_moments() -> None:
    recorder = Watcher()
    watch(recorder)

    del recorder

    assert moment_ns() == 0


def test_the_moments_are_there_for_the_call_alone() -> None:
    call = taking_up(seen, [5, 0, 7])

    assert call("raw", timeout=2.0) == ("raw", 2.0, (5, 7))
    assert ASKED_NS.get() == ()


def test_a_call_that_nobody_waited_for_stays_what_it_is() -> None:
    assert taking_up(seen, [0]) is seen


def test_another_thread_does_not_see_them() -> None:
    others: list[tuple[int, ...]] = []

    def call(given: str, *, timeout: float | None) -> None:
        other = threading.Thread(target=lambda: others.append(ASKED_NS.get()))
        other.start()
        other.join()

    taking_up(call, [5])("raw", timeout=None)

    assert others == [()]
