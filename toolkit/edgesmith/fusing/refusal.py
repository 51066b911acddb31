"""The error of a step that a graph cannot do."""

from __future__ import annotations

__all__ = ["NotInGraphError"]


class NotInGraphError(Exception):
    """A step stays on the host; its text is the reason, a part of a sentence."""
