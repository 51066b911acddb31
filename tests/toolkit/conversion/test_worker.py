from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from edgesmith.conversion.job import Job
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.reference import Reference


def test_a_converter_whose_parent_is_gone_ends(reference: Reference, tmp_path: Path) -> None:
    graph, result = tmp_path / "graph.pb", tmp_path / "result"
    frozen = reference.freeze()
    graph.write_bytes(frozen.content)
    job = Job(
        format=Format.ONNX,
        signature=reference.signature,
        input_nodes=frozen.input_nodes,
        output_nodes=frozen.output_nodes,
        scopes=frozen.scopes,
        labels={},
        opset=18,
    )

    ended = subprocess.run(
        [sys.executable, "-m", "edgesmith.conversion.worker", "onnx", str(graph), str(result)],
        input=job.to_json() + "\n",
        text=True,
        capture_output=True,
    )

    assert ended.returncode == 1
    assert not result.exists()
