"""``python -m edgesmith_runtime`` is the command ``edgesmith-runtime``."""

from __future__ import annotations

import sys

from edgesmith_runtime.commands import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
