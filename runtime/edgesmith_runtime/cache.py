"""Where this user's programs keep what can be made again."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["cache_folder", "choices_folder", "has_choices"]

# Each load asks has_choices: with os.path, because pathlib takes 5 ms to import.


def cache_folder() -> Path | None:
    r"""The folder of Edgesmith in this user's cache, which need not be there.

    ``$XDG_CACHE_HOME/edgesmith``, or else ``~/.cache/edgesmith``; on macOS
    ``~/Library/Caches/edgesmith``, on Windows ``%LOCALAPPDATA%\edgesmith\cache``. As the XDG
    Base Directory Specification 0.8 has it, a relative path in the variable is ignored.

    Returns:
        None for a user without a home.
    """
    from pathlib import Path

    place = _cache()
    return None if place is None else Path(place)


def _cache() -> str | None:
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):  # noqa: PTH117
        return f"{given}/edgesmith"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return f"{local}/edgesmith/cache" if local else None
    home = os.path.expanduser("~")  # noqa: PTH111
    below = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return f"{home}/{below}/edgesmith" if os.path.isabs(home) else None  # noqa: PTH117


def choices_folder(identity: str) -> Path | None:
    """Where ``tune`` records its choices for one bundle; None without a cache.

    Args:
        identity: Of the bundle.
    """
    cache = cache_folder()
    return None if cache is None else cache / "tuned" / identity


def has_choices(identity: str) -> bool:
    """Whether ``tune`` recorded anything for one bundle.

    Args:
        identity: Of the bundle.
    """
    cache = _cache()
    return cache is not None and os.path.isdir(f"{cache}/tuned/{identity}")  # noqa: PTH112
