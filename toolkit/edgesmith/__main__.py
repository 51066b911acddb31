"""``python -m edgesmith``: the same as the command ``edgesmith``."""

from __future__ import annotations

from edgesmith.cli import main

__all__ = []

main()
