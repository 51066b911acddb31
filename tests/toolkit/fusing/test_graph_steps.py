from __future__ import annotations

import re
from pathlib import Path

from edgesmith.fusing.graph_steps import GRAPH_STEPS
from edgesmith_runtime.transforms import OPS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "fused.md"


def test_every_step_in_a_graph_is_one_of_the_vocabulary() -> None:
    assert set(GRAPH_STEPS) <= set(OPS)


def test_the_page_names_the_steps_that_go_in() -> None:
    rows = re.findall(
        r"^\| (?:images|sound|series|numbers) \| (.*) \|$", PAGE.read_text(), re.M
    )

    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == set(GRAPH_STEPS)
