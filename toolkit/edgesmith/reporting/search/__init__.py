"""What a search under a target found out: a chapter, tables on the terminal, JSON."""

from edgesmith.reporting.search.chapter import search_chapter
from edgesmith.reporting.search.members import (
    candidates_json,
    rejected_json,
    search_json,
    target_json,
)
from edgesmith.reporting.search.terminal import render_search

__all__ = [
    "candidates_json",
    "rejected_json",
    "render_search",
    "search_chapter",
    "search_json",
    "target_json",
]
