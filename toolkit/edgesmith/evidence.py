"""What a search found out: how candidates compare, layer by layer, and where they would not hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith.core import Candidate, Rejected
    from edgesmith.recipe import Target
    from edgesmith_runtime.latency import Estimate
    from edgesmith_runtime.spec import Format

__all__ = [
    "CallTime",
    "CalibrationAccount",
    "Drop",
    "LayerAccount",
    "LayerEntry",
    "Portability",
    "SaturatingLayer",
    "Search",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """How much worse than the original an artifact is on the same samples, with 95 % interval.

    Args:
        metric: The task metric; of an anomaly detection ``auc_or_agreement``, whichever lost more;
            without the truth ``agreement`` with the original's decisions, or
            ``fidelity``, the share of its outputs' variance that is reproduced.
        value: Above 0 is worse: the difference of the metric; of an error the share of the
            original's that was added.
        low: Lower end of the paired interval.
        high: Upper end: what a budget is held against.
        p_value: McNemar's exact test on the decisions, two-sided; None for other metrics.
        n_samples: That both answered.
    """

    metric: str
    value: float
    low: float
    high: float
    p_value: float | None
    n_samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTime:
    """One call at batch 1, one thread, in fresh processes, in turn with the float artifact.

    Args:
        p50_ns: Median with its 95 % interval.
        p95_ns: None where the calls are too few.
        ratio: Median to that of the float artifact with its interval; 1 for that one itself.
    """

    p50_ns: Estimate
    p95_ns: float | None
    ratio: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationAccount:
    """What the ranges of activations come from.

    Args:
        n_samples: How many.
        source: Where they are from, in words: ``training split``.
        seed: That drew them; None for samples that were given.
        sha256: Of each sample's tensors.
        ranges: By format, then by tensor: lowest and highest, of the candidate that is accounted
            for.
        halves_apart: The largest difference between the ranges of two disjoint halves, as a share
            of the tensor's range; None with fewer than two samples.
        warning: What to do about it; None where the halves agree.
    """

    n_samples: int
    source: str
    seed: int | None
    sha256: tuple[str, ...]
    ranges: Mapping[Format, Mapping[str, tuple[float, float]]] = field(
        default_factory=dict["Format", "Mapping[str, tuple[float, float]]"]
    )
    halves_apart: float | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerEntry:
    """One Keras layer in the account of the formats.

    Args:
        layer: Its path.
        weight_bytes: Of its weights in float32.
        snr_db: By format, signal to noise of its output in the candidate, in decibel; missing
            where that output is not in the artifact.
        effect: By format, how much worse the model's answers are with this layer alone quantized,
            as ``Drop.value``; missing where nothing of it is quantized.
        float_because: By format, whose wish it was that it stays float: an op without an int8
            kernel, a rule, the search; missing where it is quantized.
    """

    layer: str
    weight_bytes: int
    snr_db: Mapping[Format, float] = field(default_factory=dict["Format", float])
    effect: Mapping[Format, float] = field(default_factory=dict["Format", float])
    float_because: Mapping[Format, str] = field(default_factory=dict["Format", str])


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerAccount:
    """Where the numbers of the best int8 candidates lose precision, worst layer first.

    Args:
        recipes: By format, the candidate that is accounted for.
        metric: What the effects are differences of, as in ``Drop``.
        entries: One a layer.
    """

    recipes: Mapping[Format, str]
    metric: str
    entries: tuple[LayerEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaturatingLayer:
    """A layer whose u8 x s8 products overflow 16 bits, pair by pair.

    Args:
        layer: Its path.
        share: Of its outputs that change.
        worst_error: Largest change of one of its outputs, in real numbers.
    """

    layer: str
    share: float
    worst_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Portability:
    """Whether an int8 ONNX artifact answers the same on a CPU without VNNI.

    Args:
        recipe: Of the artifact.
        n_samples: Of calibration that it was emulated on.
        layers: That saturate, worst first; empty where none does.
        worst_error: Largest change of an output of the model, in real numbers.
        n_changed: Samples with another decision; None for a task without.
    """

    recipe: str
    n_samples: int
    layers: tuple[SaturatingLayer, ...]
    worst_error: float
    n_changed: int | None

    @property
    def is_portable(self) -> bool:
        """No output changed, whatever saturated on the way."""
        return self.worst_error == 0 and not self.n_changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """All that was tried under a target.

    Args:
        target: The budget.
        candidates: Every one, in the order in which they were tried; the float ones first.
        rejected: Recipes that gave no artifact, and why.
        missed: What the nearest candidate misses where no one keeps the budget; else None.
        calibration: None where no recipe needed it.
        layers: None where nothing was quantized.
        portability: Of the int8 ONNX artifacts that were looked at.
        notes: What people should know, a sentence each.
        n_computed: Artifacts made, each once: candidates, and those with one layer in int8.
        seconds: From start to end.
    """

    target: Target
    candidates: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...] = ()
    missed: str | None = None
    calibration: CalibrationAccount | None = None
    layers: LayerAccount | None = None
    portability: tuple[Portability, ...] = ()
    notes: tuple[str, ...] = ()
    n_computed: int = 0
    seconds: float = 0.0
