"""One seeded mistake: a bundle's transform, a raw input, and what an app makes of it on its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.bundle import make_bundle
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
from edgesmith_runtime.model import Model
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.doctor import Diagnosis, Fault

__all__ = ["Case", "model_of", "named_right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A mistake and what the doctor has to say of it.

    Args:
        name: In words.
        model: Whose transform the app should have followed.
        raw: The raw input.
        tensor: What the app feeds.
        faults: What is wrong; none where nothing is.
    """

    name: str
    model: Model
    raw: Any
    tensor: NDArray[Any]
    faults: tuple[Fault, ...]


class _Idle:
    """A runner of an artifact that is never run."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact

    def run(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        raise AssertionError(
            f"the doctor runs no artifact, and was about to on {sorted(tensors)}"
        )


def model_of(kind: Kind, shape: tuple[int, ...], *steps: tuple[str, dict[str, Any]]) -> Model:
    """A loaded bundle of one raw input and a straight chain of steps."""
    chain = tuple(
        Step(
            op=op,
            inputs=("raw" if index == 0 else f"value{index - 1}",),
            outputs=(f"value{index}",),
            params=params,
        )
        for index, (op, params) in enumerate(steps)
    )
    spec = TensorSpec(f"value{len(steps) - 1}", "float32", ("batch", *shape))
    output = TensorSpec("answer", "float32", ("batch", 1))
    manifest = Manifest(
        name="case",
        task=Task.REGRESSION,
        raw_inputs=(RawInput("raw", kind, "one"),),
        transform=chain,
        outputs=(Output(name="answer", shape=(1,), unit="points"),),
        artifacts=(
            ArtifactEntry(
                file="model.onnx",
                format=Format.ONNX,
                precision=Precision.FLOAT32,
                version=18,
                signature=Signature((spec,), (output,)),
                starts_after=len(steps) - 1,
            ),
        ),
        default_artifact=Selection(file="model.onnx", reason="the only one"),
    )
    bundle = make_bundle(manifest, {"model.onnx": b"never run"})
    transform = Transform(chain, ("raw",), bundle.files)
    return Model(bundle, transform, _Idle(bundle.artifact("model.onnx")))


def named_right(case: Case, diagnosis: Diagnosis) -> bool:
    """Whether the doctor names what is wrong, all of it and nothing else."""
    return set(diagnosis.faults) == set(case.faults)
