"""What a bundle says of itself: the nouns in ``manifest.json``."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.records import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith_runtime.spec import Format, Precision, Signature

__all__ = [
    "FORMAT_VERSION",
    "ArtifactEntry",
    "Decode",
    "DecodeOp",
    "HostStep",
    "Kind",
    "Manifest",
    "Output",
    "Parity",
    "RawInput",
    "Score",
    "Selection",
    "Step",
    "Task",
]

FORMAT_VERSION = (1, 0)


class Task(StrEnum):
    """What the outputs of a model mean to an app."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    ANOMALY = "anomaly"
    TENSOR = "tensor"


class Kind(StrEnum):
    """What an app hands in as a raw input."""

    IMAGE = "image"
    AUDIO = "audio"
    TABLE = "table"
    TEXT = "text"
    SERIES = "series"
    TENSOR = "tensor"


@record()
class RawInput:
    """One raw input of an app; ``accepts`` says what it may be, in words for people."""

    name: str
    kind: Kind
    accepts: str


@record(kw_only=True)
class Step:
    """One line of a transform program: ``outputs = op(inputs, **params)``.

    In JSON ``inputs`` is ``from`` and ``outputs`` is ``to``.

    Args:
        op: A name of the closed vocabulary in ``edgesmith_runtime.transforms``.
        inputs: Named values that exist before this step.
        outputs: New names; a name is given once in a program.
        params: Plain JSON values; what was fitted on the training split is here.
        asset: A file under ``assets/`` for what is too big for the manifest.
        augment_after: In training, augmentation acts on this step's output, and nowhere else.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    asset: str | None = None
    augment_after: bool = False


class DecodeOp(StrEnum):
    """How an output tensor becomes an answer."""

    NONE = "none"
    ARGMAX = "argmax"  # probabilities by class: the largest wins
    SOFTMAX = "softmax"  # logits by class
    THRESHOLD = "threshold"  # one probability: the second label from `threshold` up
    SIGMOID = "sigmoid"  # one logit, then as `threshold`
    INVERSE_SCALE = "inverse_scale"  # value = output * scale + offset


@record(kw_only=True)
class Decode:
    """A decode op with its numbers; those that an op does not use keep their neutral value.

    ``output * scale + offset`` comes first, whatever the op. It undoes the scaling of what a
    regression was trained on; what a quantized output stands for, its artifact's signature says.
    """

    op: DecodeOp = DecodeOp.NONE
    threshold: float = 0.5
    scale: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if self.scale == 0:
            raise BundleError("manifest.json: decode: scale: expected another number than 0")


@record(kw_only=True)
class Output:
    """One output: its sample shape (without the batch axis), labels or unit, and its decode."""

    name: str
    shape: tuple[int | str, ...]
    labels: tuple[str, ...] | None = None
    unit: str | None = None
    decode: Decode = Decode()

    def __post_init__(self) -> None:
        where = f"manifest.json: output '{self.name}'"
        for axis in self.shape:
            if axis == "" or (isinstance(axis, int) and axis < 0):
                raise BundleError(
                    f"{where}: an axis is a length from 0 or a name, got {axis!r}"
                )
        if self.labels is not None and not self.labels:
            raise BundleError(f"{where}: expected labels, got an empty list; leave them out")
        for label in self.labels or ():
            if label and label.splitlines() != [label]:
                raise BundleError(f"{where}: a label is one line, got {label!r}")
        if self.labels is not None and len(set(self.labels)) != len(self.labels):
            raise BundleError(f"{where}: labels must differ, got {list(self.labels)}")


@record(kw_only=True)
class Score:
    """The task metric of an artifact on the test split, with its 95 % interval."""

    metric: str
    value: float
    low: float
    high: float
    n_samples: int

    def __post_init__(self) -> None:
        if self.low > self.high:  # of a bootstrap the value itself may lie outside
            raise BundleError(
                f"manifest.json: score: expected low up to high, got {self.low} and {self.high}"
            )


@record(kw_only=True)
class Parity:
    """How far an artifact is from the original model on the same samples.

    ``agreement`` is the share of samples with the same decision, None without decisions.
    """

    max_abs_error: float
    mean_abs_error: float
    agreement: float | None
    n_samples: int

    def __post_init__(self) -> None:
        if self.agreement is not None and not 0 <= self.agreement <= 1:
            raise BundleError(
                f"manifest.json: parity: agreement: expected 0 to 1, got {self.agreement}"
            )


@record(kw_only=True)
class ArtifactEntry:
    """What the manifest says of one model file.

    Args:
        file: Name in the bundle.
        format: File format.
        precision: What its numbers are.
        version: The opset (ONNX) or the schema version (TFLite).
        signature: Its own inputs and outputs.
        starts_after: Index of the transform step whose values it takes; None when it takes the
            raw inputs themselves.
        needs: What it needs from the host beyond the base install, e.g. an extra.
        score: Task metric, where a test split exists.
        parity: Error against the original, where samples exist.
    """

    file: str
    format: Format
    precision: Precision
    version: int
    signature: Signature
    starts_after: int | None
    needs: tuple[str, ...] = ()
    score: Score | None = None
    parity: Parity | None = None

    def __post_init__(self) -> None:
        if not self.file.endswith(f".{self.format}"):
            raise BundleError(
                f"manifest.json: artifact '{self.file}': expected a name that ends in "
                f"'.{self.format}'"
            )


@record(kw_only=True)
class HostStep:
    """A step of the transform that an app does itself before it calls a fused artifact.

    Args:
        step: Its index in the transform.
        op: Its op, so that the entry can be read alone.
        why: Why it is not in the artifact, in one sentence.
    """

    step: int
    op: str
    why: str


@record(kw_only=True)
class Selection:
    """An artifact chosen by the build, with what it needs and why it was chosen."""

    file: str
    reason: str
    needs: tuple[str, ...] = ()


@record(kw_only=True)
class Manifest:
    """All that a runtime needs to know about a bundle; see the runtime README, field by field.

    ``calibration``, ``portability`` and ``layers`` are plain JSON: what the build found out about
    the artifacts that it quantized. ``host_part`` has, by file of a fused artifact, the steps
    that are not in it.
    """

    name: str
    task: Task
    raw_inputs: tuple[RawInput, ...]
    transform: tuple[Step, ...]
    outputs: tuple[Output, ...]
    artifacts: tuple[ArtifactEntry, ...]
    default_artifact: Selection
    fastest: Selection | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict[str, Any])
    calibration: Mapping[str, Any] | None = None
    portability: Mapping[str, Any] | None = None
    layers: Mapping[str, Any] | None = None
    host_part: Mapping[str, tuple[HostStep, ...]] = field(
        default_factory=dict[str, "tuple[HostStep, ...]"]
    )
    format: tuple[int, int] = FORMAT_VERSION

    def __post_init__(self) -> None:
        if any(letter < " " or "\x7f" <= letter < "\xa0" for letter in self.name):
            raise BundleError(
                f"manifest.json: name: expected no control characters, got {self.name!r}"
            )
        files = [entry.file for entry in self.artifacts]
        for key, names in (
            ("raw_inputs", [raw_input.name for raw_input in self.raw_inputs]),
            ("outputs", [output.name for output in self.outputs]),
            ("artifacts", files),
        ):
            if not names or "" in names or len(set(names)) != len(names):
                raise BundleError(
                    f"manifest.json: {key}: expected different names, got {names}"
                )
        for entry in self.artifacts:
            step = entry.starts_after
            if step is not None and not 0 <= step < len(self.transform):
                raise BundleError(
                    f"manifest.json: artifact '{entry.file}': starts_after: expected a step from "
                    f"0 to {len(self.transform) - 1}, got {step}"
                )
        self._check_host_part(files)
        for key, chosen in (
            ("default_artifact", self.default_artifact),
            ("fastest", self.fastest),
        ):
            if chosen is not None and chosen.file not in files:
                raise BundleError(
                    f"manifest.json: {key}: expected one of {files}, got '{chosen.file}'"
                )

    def _check_host_part(self, files: list[str]) -> None:
        for file, steps in self.host_part.items():
            if file not in files:
                raise BundleError(
                    f"manifest.json: host_part: expected some of {files}, got '{file}'"
                )
            starts_after = self.artifact(file).starts_after
            expected = list(range(0 if starts_after is None else starts_after + 1))
            given = [one.step for one in steps]
            if given != expected:
                raise BundleError(
                    f"manifest.json: host_part: {file}: expected the steps {expected} before "
                    f"those of the artifact, got {given}"
                )
            for one in steps:
                if one.op != self.transform[one.step].op:
                    raise BundleError(
                        f"manifest.json: host_part: {file}: step {one.step} is "
                        f"'{self.transform[one.step].op}', got '{one.op}'"
                    )

    def artifact(self, file: str) -> ArtifactEntry:
        """The entry of one file; BundleError when the manifest has none."""
        for entry in self.artifacts:
            if entry.file == file:
                return entry
        known = ", ".join(entry.file for entry in self.artifacts)
        raise BundleError(f"the bundle has no artifact '{file}'; it has {known}")
