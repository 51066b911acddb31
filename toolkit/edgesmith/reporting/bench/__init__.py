"""The report of a comparison and of a profile: a page with plots, and Markdown."""

from edgesmith.reporting.bench.markdown import comparison_markdown
from edgesmith.reporting.bench.page import render_comparison, render_profile

__all__ = ["comparison_markdown", "render_comparison", "render_profile"]
