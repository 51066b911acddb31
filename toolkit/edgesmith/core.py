"""The nouns of the build side; each stage takes some and gives others."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from edgesmith.evidence import CallTime, Drop, Search
    from edgesmith.recipe import Recipe
    from edgesmith.store import Store
    from edgesmith_runtime.bench import Comparison
    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.manifest import HostStep, Output, Parity, RawInput, Score, Task
    from edgesmith_runtime.spec import TensorSpec
    from edgesmith_runtime.transforms import Batch, Transform

__all__ = [
    "Account",
    "Candidate",
    "Choice",
    "Curve",
    "Dataset",
    "Dropped",
    "Fused",
    "KerasModel",
    "Original",
    "Standing",
    "Prepared",
    "PreparedSplit",
    "Progress",
    "Provenance",
    "Rejected",
    "Report",
    "Samples",
    "Split",
]


KerasModel: TypeAlias = Any  # a keras.Model; Keras ships no types, and no stage below needs it


class Progress(Protocol):
    """Where long work says how far it is; the command line shows a bar, a log gets lines."""

    def track(self, items: Iterable[Any], label: str, *, total: int) -> Iterator[Any]:
        """Pass the items through, counting them under a label."""
        ...

    def say(self, message: str) -> None:
        """One line for people."""
        ...


class Split(StrEnum):
    """The three parts of a data set."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a data set is from: its source in words, licence, and a sha256 over its content."""

    source: str
    licence: str
    sha256: str


class Samples(Protocol):
    """Raw samples, read as they are needed; nothing is held that does not have to be."""

    def __len__(self) -> int: ...

    def read(self, rows: NDArray[np.intp]) -> Mapping[str, Batch]:
        """The raw inputs of some rows, by raw input name, as batches (see the transforms)."""
        ...

    def key(self, row: int) -> bytes:
        """A digest of one sample's content: equal samples have equal keys."""
        ...

    def place(self, row: int) -> str:
        """Where one sample is, for messages: a file, or a file and row."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Raw samples with their targets, as a source gives them.

    Args:
        raw_inputs: What a sample consists of.
        samples: The raw samples.
        targets: One a sample, ``(n,)``: texts (object) for classes, float64 for a regression.
        splits: The given split of each sample, ``(n,)`` of ``Split`` values or "" where none is
            given.
        groups: ``(n,)`` of texts that must not be torn apart, or None.
        provenance: Where it is from.
        notes: What the source left out or found odd, for the account's warnings.
    """

    raw_inputs: tuple[RawInput, ...]
    samples: Samples
    targets: NDArray[Any]
    splits: NDArray[Any]
    groups: NDArray[Any] | None = None
    provenance: Provenance
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Rows left out, and why."""

    reason: str
    n_rows: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What preparation did: rows read, dropped and why, cells filled by column, class balance.

    ``balance`` counts samples by class, or by label of an anomaly detection, within each split;
    empty for a regression.
    """

    n_read: int
    dropped: tuple[Dropped, ...] = ()
    filled: Mapping[str, int] = field(default_factory=dict[str, int])
    balance: Mapping[Split, Mapping[str, int]] = field(
        default_factory=dict["Split", "Mapping[str, int]"]
    )
    n_by_split: Mapping[Split, int] = field(default_factory=dict["Split", int])
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSplit:
    """One split after preparation.

    Args:
        store: The cached values: what the transform gives up to ``augment_after``.
        targets: ``(n,)`` int64 class indices; ``(n, 1)`` float32 scaled values; or ``(n,)`` int64,
            1 for an anomaly and 0 for none.
        rows: ``(n,)`` row of each sample in the Dataset.
    """

    store: Store
    targets: NDArray[Any]
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A data set ready to learn from, and the fitted transform that made it so.

    Args:
        task: Classification, regression or anomaly.
        raw_inputs: As in the Dataset.
        transform: The whole program, fitted on the training split.
        inputs: The model's input tensors, which the transform gives; first axis "batch".
        output: The model's one output: name, sample shape, labels or unit, and decode.
        splits: By split; the validation split may be absent.
        augment: Changes a batch of the value that ``augment_after`` marks, or None.
        account: What was done.
        n_tokens: Where the tensor holds indices of tokens how many there are, padding and unknown
            ones among them; else None.
    """

    task: Task
    raw_inputs: tuple[RawInput, ...]
    transform: Transform
    inputs: tuple[TensorSpec, ...]
    output: Output
    splits: Mapping[Split, PreparedSplit]
    augment: Callable[[NDArray[Any], np.random.Generator], NDArray[Any]] | None
    account: Account
    n_tokens: int | None = None
    _rest: Transform = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rest", self.transform.split()[1])

    def tensors(
        self, split: Split, positions: NDArray[np.intp] | slice
    ) -> dict[str, NDArray[Any]]:
        """The model's input tensors of some samples of a split, without augmentation."""
        return self._finished(self.splits[split].store.read(positions))

    def augmented(
        self, positions: NDArray[np.intp], rng: np.random.Generator
    ) -> dict[str, NDArray[Any]]:
        """The same of training samples, augmented at the marked point."""
        values = self.splits[Split.TRAIN].store.read(positions)
        if self.augment is not None:
            marked = next(step for step in self.transform.steps if step.augment_after)
            values[marked.outputs[0]] = self.augment(values[marked.outputs[0]], rng)
        return self._finished(values)

    def _finished(self, values: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        finished = self._rest(values)
        return {spec.name: finished[spec.name] for spec in self.inputs}


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The learning curve: one number an epoch; validation is empty where there is no such split."""

    train_loss: tuple[float, ...]
    validation_loss: tuple[float, ...] = ()
    learning_rate: tuple[float, ...] = ()
    best_epoch: int
    stop_reason: str


class Standing(StrEnum):
    """What became of a candidate."""

    CHOSEN = "chosen"
    KEEPS = "keeps the budget"  # and another is better
    MISSES = "misses the budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """Where an artifact begins that does steps of the transform itself.

    Args:
        starts_after: Index of the last step that is not in it; None where all are.
        host_part: The steps that are not in it, each with its reason.
    """

    starts_after: int | None
    host_part: tuple[HostStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An artifact with how it was made and how it did.

    Args:
        recipe: How it was made.
        artifact: What was made.
        score: The task metric; None without the truth.
        parity: Error against the original.
        drop: How much worse than the original it is on the same samples; None for the float one,
            and where nothing was searched.
        latency: One call at batch 1; None where it was not measured.
        standing: None where nothing was searched.
        reason: Why that, in one sentence.
        fused: Where it begins; None where it takes the model's tensors.
    """

    recipe: Recipe
    artifact: Artifact
    score: Score | None
    parity: Parity | None
    drop: Drop | None = None
    latency: CallTime | None = None
    standing: Standing | None = None
    reason: str = ""
    fused: Fused | None = None

    @property
    def bundle_file(self) -> str:
        """What its file is called in a bundle, which has one artifact a format."""
        if self.recipe.is_float:
            return self.artifact.file
        return f"model.{self.recipe.precision}.{self.artifact.format}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A recipe that gave nothing to ship, and why."""

    recipe: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The artifact that ships as the default, and why it."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What everything is compared with; ``name`` says it to people: Keras, or a model file."""

    score: Score | None
    size_bytes: int
    name: str = "Keras"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a build found out, for people and for scripts.

    Args:
        name: Of the bundle.
        task: What the outputs mean.
        bundle: Where it is.
        original: The Keras model, or the model file.
        candidates: Every artifact, the choice among them.
        choice: The default artifact.
        rejected: What was tried and not shipped.
        account: What preparation did; None without preparation.
        curve: How training went; None without training.
        comparison: Latencies; None when they were not measured.
        labels: Class names; empty for a regression.
        expected: Test targets, ``(n,)``: class indices, values in the target's unit, or 1 for an
            anomaly and 0 for none.
        predicted: The chosen artifact's answers, likewise; of an anomaly detection the scores.
        provenance: As in the manifest.
        raw_inputs: What an app hands in.
        unit: Of a regression's values.
        threshold: From which score on a sample is an anomaly; None for another task.
        search: What was tried to make it smaller or faster; None where nothing was asked for.
        page: Name of the report's file, beside the bundle.
    """

    name: str
    task: Task
    bundle: Path
    original: Original
    candidates: tuple[Candidate, ...]
    choice: Choice
    rejected: tuple[Rejected, ...] = ()
    account: Account | None = None
    curve: Curve | None = None
    comparison: Comparison | None = None
    labels: tuple[str, ...] = ()
    expected: NDArray[Any] | None = None
    predicted: NDArray[Any] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict[str, Any])
    raw_inputs: tuple[RawInput, ...] = ()
    unit: str | None = None
    threshold: float | None = None
    search: Search | None = None
    page: str = "report.html"
