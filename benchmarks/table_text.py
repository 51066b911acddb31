"""What every rendered table has: figures from ``results/``, and the host that they are true for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def results(question: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{question}.json").read_text())


def host_line(document: dict[str, Any]) -> str:
    host = document["host"]
    engines = f"numpy {host['numpy']}, onnxruntime {host['onnxruntime']}"
    return (
        f"Measured {document['date']} on {host['cpu']}, {host['n_cpus']} cores, {host['os']}; "
        f"Python {host['python']}, {engines}, ai-edge-litert {host['ai_edge_litert']}."
    )


def closed(lines: list[str], meaning: str, document: dict[str, Any]) -> str:
    """A table with what its figures mean and where they are from."""
    return "\n".join([*lines, "", f"{meaning} {host_line(document)}"])
