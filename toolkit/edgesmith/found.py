"""What a search gives: the shipped artifacts, and the account of all that was tried."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgesmith.choosing import is_float, lasting_reason, nearest
from edgesmith.core import Candidate, Choice
from edgesmith.evidence import CalibrationAccount, Search
from edgesmith.layer_account import layer_account
from edgesmith.recipe import Target, Weights
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith.choosing import Judgement
    from edgesmith.core import Progress
    from edgesmith.evidence import Portability
    from edgesmith.trials import Trials

__all__ = ["Found", "Spoils", "found_by"]

_HALVES_WARNING = 0.3  # of a tensor's range


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search gives.

    Args:
        search: All that was tried.
        shipped: One candidate a format, under the file names of a bundle.
        choice: The default artifact.
        ranges: By shipped file that is static, then by tensor, lowest and highest.
        layers: By shipped file that is quantized, the Keras layer of each of its nodes.
        predicted: By shipped file, its answers on the evaluation samples; None for a task without
            and for float artifacts.
    """

    search: Search
    shipped: tuple[Candidate, ...]
    choice: Choice
    ranges: Mapping[str, Mapping[str, tuple[float, float]]] = field(repr=False)
    layers: Mapping[str, Mapping[str, str]] = field(repr=False)
    predicted: Mapping[str, NDArray[Any] | None] = field(repr=False)

    @property
    def every(self) -> tuple[Candidate, ...]:
        """All candidates, and what ships under its name in a bundle; each file once."""
        candidates = (*self.search.candidates, *self.shipped)
        return tuple({one.artifact.file: one for one in candidates}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoils:
    """What a search found out beside its candidates.

    Args:
        target: The budget.
        best_static: By format, the static candidate with the least noise.
        portability: By recipe.
        notes: What people should know.
    """

    target: Target
    best_static: Mapping[Format, Candidate]
    portability: Mapping[str, Portability]
    notes: Sequence[str]


def found_by(trials: Trials, judgement: Judgement, spoils: Spoils, progress: Progress) -> Found:
    """Account for what was tried, and name what ships as a bundle does.

    Args:
        trials: All that was computed.
        judgement: What became of it.
        spoils: What was found out on the way.
        progress: Layers looked at.
    """
    accounted = {fmt: _accounted(judgement, best) for fmt, best in spoils.best_static.items()}
    calibration = _calibration(trials, accounted)
    notes = [
        *spoils.notes,
        *([calibration.warning] if calibration and calibration.warning else []),
    ]
    if judgement.missed is None:
        notes += [
            f"{fmt} is left out: nothing of it keeps the target; {nearest(those, spoils.target)}"
            for fmt, those in _by_format(judgement.candidates).items()
            if fmt in spoils.target.formats and fmt not in judgement.shipped
        ]
    account = layer_account(trials, accounted, progress) if accounted else None
    found = Search(
        target=spoils.target,
        candidates=judgement.candidates,
        rejected=tuple(trials.rejected),
        missed=judgement.missed,
        calibration=calibration,
        layers=account,
        portability=tuple(spoils.portability.values()),
        notes=tuple(notes),
        n_computed=trials.n_computed,
    )
    renamed = {fmt: _as_shipped(one) for fmt, one in sorted(judgement.shipped.items())}
    default = renamed[min(renamed, key=lambda fmt: fmt is not Format.ONNX)]
    return Found(
        search=found,
        shipped=tuple(renamed.values()),
        choice=Choice(file=default.artifact.file, reason=lasting_reason(default) or "float"),
        ranges={
            one.artifact.file: seen.ranges(one.recipe.ranges)
            for fmt, one in renamed.items()
            if one.recipe.is_static
            and (seen := trials.calibration(fmt, one.recipe.weights)) is not None
        },
        layers={
            one.artifact.file: {
                node.name: node.layer for node in trials.nodes(fmt, one.recipe.weights)
            }
            for fmt, one in renamed.items()
            if not is_float(one)
        },
        predicted={
            one.artifact.file: trials.answers[one.recipe]
            for one in renamed.values()
            if one.recipe in trials.answers
        },
    )


def _by_format(candidates: Sequence[Candidate]) -> dict[Format, list[Candidate]]:
    found: dict[Format, list[Candidate]] = {}
    for one in candidates:
        found.setdefault(one.artifact.format, []).append(one)
    return found


def _accounted(judgement: Judgement, best: Candidate) -> Candidate:
    """What ships if it is static, else the best static candidate."""
    chosen = judgement.shipped.get(best.artifact.format)
    is_static = chosen is not None and chosen.recipe.is_static
    usual = chosen is not None and chosen.recipe.weights is Weights.TRAINED
    return chosen if chosen is not None and is_static and usual else best


def _as_shipped(candidate: Candidate) -> Candidate:
    """The same under the name that it has in a bundle."""
    artifact = dataclasses.replace(candidate.artifact, file=candidate.bundle_file)
    return dataclasses.replace(candidate, artifact=artifact)


def _calibration(
    trials: Trials, accounted: Mapping[Format, Candidate]
) -> CalibrationAccount | None:
    samples = trials.ground.calibration
    if samples is None or not accounted:
        return None
    seen = {fmt: trials.calibration(fmt) for fmt in accounted}
    apart = [
        halves
        for fmt, one in accounted.items()
        if (calibration := seen[fmt]) is not None
        and (halves := calibration.halves_apart(one.recipe.ranges)) is not None
    ]
    halves_apart = max(apart, default=None)
    warning = None
    if halves_apart is not None and halves_apart > _HALVES_WARNING:
        warning = (
            f"two halves of the {len(samples)} calibration samples give ranges that differ by "
            f"{halves_apart:.0%}; take more samples"
        )
    return CalibrationAccount(
        n_samples=len(samples),
        source=samples.source,
        seed=samples.seed,
        sha256=samples.digests(),
        ranges={
            fmt: dict(calibration.ranges(accounted[fmt].recipe.ranges))
            for fmt, calibration in seen.items()
            if calibration is not None
        },
        halves_apart=halves_apart,
        warning=warning,
    )
