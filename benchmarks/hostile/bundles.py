"""A bundle around any model, with right digests: what an attacker can make as well."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.archive import archive_bytes
from edgesmith_runtime.bundle import make_bundle
from edgesmith_runtime.checksums import SUMS, checksums, write_checksums
from edgesmith_runtime.golden import GoldenSamples, Tolerance, golden_files
from edgesmith_runtime.manifest import (
    ArtifactEntry,
    Kind,
    Manifest,
    Output,
    RawInput,
    Selection,
    Step,
    Task,
)
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

N_VALUES = 4
IN = TensorSpec("x", "float32", ("batch", N_VALUES))
OUT = TensorSpec("y", "float32", ("batch", N_VALUES))


def archive_of(files: Mapping[str, bytes | memoryview]) -> bytes:
    """A canonical archive with the digests of whatever is in it."""
    content = {name: bytes(body) for name, body in files.items() if name != SUMS}
    content[SUMS] = write_checksums(checksums(content))
    return b"".join(archive_bytes(content))


def manifest_around(
    fmt: Format,
    *,
    x: TensorSpec = IN,
    y: TensorSpec = OUT,
    steps: tuple[Step, ...] | None = None,
) -> Manifest:
    """One tensor in, one out, one artifact."""
    shape = [axis for axis in x.sample_shape if isinstance(axis, int)]
    made = Step(
        op="tensor", inputs=("raw",), outputs=("x",), params={"dtype": x.dtype, "shape": shape}
    )
    transform = (made,) if steps is None else steps
    entry = ArtifactEntry(
        file=f"model.{fmt}",
        format=fmt,
        precision=Precision.FLOAT32,
        version=18 if fmt is Format.ONNX else 3,
        signature=Signature((x,), (y,)),
        starts_after=len(transform) - 1,
    )
    return Manifest(
        name="hostile",
        task=Task.TENSOR,
        raw_inputs=(RawInput("raw", Kind.TENSOR, "numbers"),),
        transform=transform,
        outputs=(Output(name="y", shape=y.sample_shape),),
        artifacts=(entry,),
        default_artifact=Selection(file=entry.file, reason="the only one"),
    )


def bundle_around(
    model: bytes,
    fmt: Format = Format.ONNX,
    *,
    manifest: Manifest | None = None,
    expected: NDArray[np.float32] | None = None,
) -> bytes:
    """The archive of a bundle around a model.

    Args:
        model: Content of the artifact.
        fmt: Of the model.
        manifest: That of ``manifest_around`` unless given.
        expected: The answer to ones, ``(1, ...)``, for a golden sample; None leaves samples out.
    """
    manifest = manifest or manifest_around(fmt)
    file = manifest.artifacts[0].file
    files = {file: model}
    if expected is not None:
        ones = np.ones((1, N_VALUES), np.float32)
        golden = GoldenSamples(
            raw=({"raw": ones[0]},),
            tensors={"x": ones},
            outputs={file: {"y": expected}},
            tensor_tolerances={"x": Tolerance(0.0, 0.0)},
            output_tolerances={file: {"y": Tolerance(1e-5, 1e-5)}},
        )
        files |= golden_files(golden)
    return archive_of(make_bundle(manifest, files).files)


def with_step(fmt: Format, op: str, params: Mapping[str, object]) -> Manifest:
    """A manifest whose transform is one step of an op."""
    step = Step(op=op, inputs=("raw",), outputs=("x",), params=params)
    return dataclasses.replace(manifest_around(fmt), transform=(step,))
