"""When the memory that an engine took for a large input is worth giving back."""

from __future__ import annotations

__all__ = ["LARGE_BYTES", "differs_much", "is_much_less"]

LARGE_BYTES = 1 << 20  # of the inputs of one run; what lies below is not worth the time
MUCH = 4  # times


def is_much_less(n_bytes: int, than_bytes: int) -> bool:
    """Whether inputs of a run are so much smaller than those before that memory lies idle."""
    return than_bytes > LARGE_BYTES and n_bytes * MUCH < than_bytes


def differs_much(n_bytes: int, from_bytes: int) -> bool:
    """The same in both directions: small inputs after large ones, or large ones after small."""
    return is_much_less(n_bytes, from_bytes) or is_much_less(from_bytes, n_bytes)
