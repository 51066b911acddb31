"""What a fused artifact takes, and the steps that the host does before it, as a line and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.reporting.plain import plain

if TYPE_CHECKING:
    from edgesmith.core import Candidate, Report
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["host_part_json", "host_part_lines"]


def host_part_json(candidate: Candidate) -> dict[str, Any]:
    """Where it starts in the transform; both are None of one that takes the model's tensors."""
    fused = candidate.fused
    return {
        "starts_after": None if fused is None else fused.starts_after,
        "host_part": None if fused is None else [plain(one) for one in fused.host_part],
    }


def host_part_lines(report: Report) -> list[str]:
    """One sentence a fused artifact."""
    return [_line(one) for one in report.candidates if one.fused is not None]


def _line(candidate: Candidate) -> str:
    artifact, fused = candidate.artifact, candidate.fused
    takes = ", ".join(_tensor(spec) for spec in artifact.signature.inputs)
    steps = [] if fused is None else [f"{one.op} ({one.why})" for one in fused.host_part]
    before = f"the host does {'; '.join(steps)}" if steps else "nothing is left to the host"
    return f"{artifact.file} takes {takes}. Before it {before}."


def _tensor(spec: TensorSpec) -> str:
    return f"{spec.name} as {spec.dtype} ({', '.join(map(str, spec.shape))})"
