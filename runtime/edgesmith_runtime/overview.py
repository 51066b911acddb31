"""A bundle on one screen: its parts, one a line, for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgesmith_runtime.portability import portability_of

if TYPE_CHECKING:
    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["overview"]


def overview(bundle: Bundle) -> list[tuple[str, ...]]:
    """What is in it, line by line: what the line is about, and what it says."""
    manifest = bundle.manifest
    version = ".".join(str(part) for part in manifest.format)
    rows: list[tuple[str, ...]] = [
        ("name", f"{manifest.name} ({manifest.task}, bundle format {version})"),
        ("identity", bundle.identity),
        ("signature", _signature(bundle.seal)),
        ("size", f"{bundle.size_bytes:,} bytes in {len(bundle.files)} files"),
    ]
    rows.extend(
        ("raw input", f"{raw.name}: {raw.kind}, {raw.accepts}") for raw in manifest.raw_inputs
    )
    for index, step in enumerate(manifest.transform):
        mark = "  (augmentation acts here in training)" if step.augment_after else ""
        made = f"{', '.join(step.inputs)} -> {', '.join(step.outputs)}"
        rows.append((f"step {index}", f"{step.op}: {made}{mark}"))
    for output in manifest.outputs:
        meaning = f"{len(output.labels)} labels" if output.labels else output.unit or "numbers"
        shape = " x ".join(str(axis) for axis in output.shape) or "one number"
        rows.append(("output", f"{output.name}: {shape}, {meaning}, decode {output.decode.op}"))
    for entry in manifest.artifacts:
        size = f"{bundle.artifact(entry.file).size_bytes:,} bytes"
        score = "" if entry.score is None else f", {entry.score.metric} {entry.score.value:.4g}"
        rows.append(("artifact", f"{entry.file}: {entry.precision}, {size}{score}"))
        if (portability := portability_of(manifest, entry.file)) is not None:
            rows.append(("portability", portability))
        if entry.file in manifest.host_part:
            takes = ", ".join(_tensor_text(spec) for spec in entry.signature.inputs)
            rows.append(("fused", f"{entry.file} takes {takes}; before it the host does"))
            rows.extend(
                (f"host step {one.step}", f"{one.op}: {one.why}")
                for one in manifest.host_part[entry.file]
            )
    for title, chosen in (
        ("default", manifest.default_artifact),
        ("fastest", manifest.fastest),
    ):
        if chosen is not None:
            needs = f" (needs {', '.join(chosen.needs)})" if chosen.needs else ""
            rows.append((title, f"{chosen.file}: {chosen.reason}{needs}"))
    rows.extend(
        (f"made from {key}", value if isinstance(value, str) else json.dumps(value))
        for key, value in manifest.provenance.items()
    )
    return rows


def _signature(seal: bytes | None) -> str:
    if seal is None:
        return "none"
    from edgesmith_runtime.seal import read_seal

    said = read_seal(seal)
    return (
        f"by key {said.key_id} as version {said.version} (checked where a public key is given)"
    )


def _tensor_text(spec: TensorSpec) -> str:
    return f"{spec.name} ({' x '.join(map(str, spec.shape))}, {spec.dtype})"
