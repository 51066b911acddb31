"""Checks of architecture options; a wrong one is named by its key path."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_choice", "check_count", "check_counts", "check_share"]


def check_count(option: str, value: object) -> None:
    """A whole number from 1, else ConfigError."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _unexpected(option, "a whole number from 1", value)


def check_counts(option: str, values: object) -> None:
    """Whole numbers from 1, any number of them, else ConfigError."""
    if not isinstance(values, tuple | list):
        raise _unexpected(option, "whole numbers, e.g. [64, 32]", values)
    for value in cast("Sequence[object]", values):
        check_count(option, value)


def check_share(option: str, value: object) -> None:
    """A number from 0 and below 1, else ConfigError."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1:
        raise _unexpected(option, "a number from 0, below 1", value)


def check_choice(option: str, value: object, known: Sequence[object]) -> None:
    """One of some values, else ConfigError."""
    if value not in known:
        raise _unexpected(option, f"one of {', '.join(map(str, known))}", value)


def _unexpected(option: str, expected: str, value: object) -> ConfigError:
    return ConfigError(f"training.options.{option}: expected {expected}, got {value!r}")
