"""The time that the timing goes by: the system's, or in a test one that the test moves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What tells the time and what lets it pass.

    Args:
        now_ns: Read right before and right after each timed call.
        sleep_s: Waits, in seconds, without using the processor.
    """

    now_ns: Callable[[], int] = time.perf_counter_ns
    sleep_s: Callable[[float], None] = time.sleep
