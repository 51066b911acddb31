"""The artifacts that take raw pixels, samples or numbers: the model with steps of the transform in front."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.choosing import misses
from edgesmith.core import Candidate, Fused, Rejected
from edgesmith.evaluation import evaluate
from edgesmith.foreign import ForeignModel
from edgesmith.recipe import Recipe
from edgesmith_runtime.errors import ParityError
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.config import ConversionConfig
    from edgesmith.core import KerasModel, Progress
    from edgesmith.evaluation import Evaluation
    from edgesmith.foreign import AnyReference
    from edgesmith.fusing import FusedModel
    from edgesmith.recipe import Target
    from edgesmith_runtime.bundle import Artifact, Bundle
    from edgesmith_runtime.transforms import Batch

__all__ = ["FusingGround", "boundary_batches", "fused_candidates", "fused_in", "fused_within"]

_N_EXAMPLES = 8  # raw inputs that say how values of the transform look
_BATCH_SIZE = 64  # raw inputs that are prepared at once
_OF_FILES = {"decode_image", "decode_audio", "read_series"}  # one of them may take much memory


@dataclass(frozen=True, slots=True, kw_only=True)
class FusingGround:
    """What is fused, and what it is held against.

    Args:
        model: The Keras model.
        reference: The same, traced.
        transform: From the raw inputs to its tensors.
        evaluation: Of the plain artifacts.
        original: The original's outputs on its samples, ``(n, ...)`` by output.
        raw_samples: Raw inputs of some of them, as batches by raw input name.
    """

    model: KerasModel
    reference: AnyReference
    transform: Transform
    evaluation: Evaluation
    original: Mapping[str, NDArray[Any]]
    raw_samples: Callable[[list[int]], Mapping[str, Batch]]

    def __len__(self) -> int:
        return len(next(iter(self.original.values())))


def fused_candidates(
    ground: FusingGround, config: ConversionConfig, *, directory: Path, progress: Progress
) -> tuple[Candidate, ...]:
    """A fused artifact of each format, proven on all samples from where it begins.

    Says a warning and gives none where no step can be put in. Each must answer as the original
    does on what the transform in numpy prepares, within the tolerance of a conversion.

    Args:
        ground: What is fused.
        config: Formats and limits.
        directory: Where scratch files may be.
        progress: Shown while they are converted and verified.

    Raises:
        ConversionError: A converter fails.
        ParityError: A fused artifact answers differently from the original.
    """
    fused = _fused(ground)
    if isinstance(fused, str):
        progress.say(f"warning: no fused artifact is made: {fused}")
        return ()
    from edgesmith.reference import trace  # with TensorFlow, which a model file does not need

    n_steps = 0 if fused.starts_after is None else fused.starts_after + 1
    head = Transform(
        ground.transform.steps[:n_steps], ground.transform.raw_inputs, ground.transform.assets
    )
    evaluation = replace(
        ground.evaluation,
        batches=lambda: boundary_batches(ground.raw_samples, len(ground), head, fused.takes),
        original=ground.original,
    )
    try:
        verdict = evaluate(
            trace(fused.model), evaluation, config, directory=directory, progress=progress
        )
    except ParityError as error:
        raise ParityError(
            f"fused with the transform: {error}; leave conversion.fuse out to ship the others"
        ) from error
    how = Fused(starts_after=fused.starts_after, host_part=fused.host_part)
    return tuple(
        replace(
            one,
            recipe=_recipe(one.artifact),
            artifact=replace(one.artifact, file=f"model.fused.{one.artifact.format}"),
            fused=how,
        )
        for one in verdict.candidates
    )


def _recipe(artifact: Artifact) -> Recipe:
    return Recipe(name=f"float32_{artifact.format}_fused", format=artifact.format)


def fused_within(
    candidates: tuple[Candidate, ...], target: Target | None, progress: Progress
) -> tuple[tuple[Candidate, ...], tuple[Rejected, ...]]:
    """Those that a device bears, and the others with what they miss; each of these is said too.

    They are float, and nothing makes them smaller. Their latency is not measured by a search.

    Args:
        candidates: The fused ones.
        target: What the device bears; None bears all.
        progress: Told what is left out.
    """
    rejected: list[Rejected] = []
    kept: list[Candidate] = []
    for one in candidates:
        missed = [] if target is None else list(misses(one, target))
        if target is not None and one.artifact.format not in target.formats:
            missed.insert(0, f"the device runs {', '.join(target.formats)}")
        if not missed:
            kept.append(one)
            continue
        reason = "; ".join(missed)
        progress.say(f"{one.artifact.file} is left out: {reason}")
        rejected.append(Rejected(recipe=one.recipe.name, reason=reason))
    return tuple(kept), tuple(rejected)


def fused_in(bundle: Bundle) -> tuple[Candidate, ...]:
    """Those of a bundle as they are, with the figures of their build."""
    entries = [
        entry for entry in bundle.manifest.artifacts if entry.file in bundle.manifest.host_part
    ]
    return tuple(
        Candidate(
            recipe=_recipe(artifact),
            artifact=artifact,
            score=entry.score,
            parity=entry.parity,
            fused=Fused(
                starts_after=entry.starts_after,
                host_part=bundle.manifest.host_part[entry.file],
            ),
        )
        for entry in entries
        for artifact in [bundle.artifact(entry.file)]
    )


def _fused(ground: FusingGround) -> FusedModel | str:
    reference = ground.reference
    if isinstance(reference, ForeignModel):
        return "a model file is shipped as it is"
    if reference.lifted is not None:
        return "the transform has the string layers of the model, and strings stay on the host"
    if reference.signature.batch_size is not None:
        return "the model has a fixed batch, and lengths are free in a fused one"
    from edgesmith.fusing import fused_model  # and Keras

    examples = ground.transform(ground.raw_samples(list(range(min(_N_EXAMPLES, len(ground))))))
    return fused_model(ground.model, reference, ground.transform, examples)


def boundary_batches(
    raw_samples: Callable[[list[int]], Mapping[str, Batch]],
    n_samples: int,
    head: Transform,
    names: tuple[str, ...],
) -> Iterator[dict[str, NDArray[Any]]]:
    """The values that a fused model takes, of all samples in order; one by one where sizes differ.

    What is read from files is one by one at all times: 64 photographs of 3 megapixels are 0.6 GB.

    Args:
        raw_samples: Raw inputs of some rows, as batches by raw input name.
        n_samples: How many there are.
        head: The steps before a fused model.
        names: Of the values that it takes.
    """
    size = 1 if any(step.op in _OF_FILES for step in head.steps) else _BATCH_SIZE
    for start in range(0, n_samples, size):
        rows = list(range(start, min(start + size, n_samples)))
        values = head(raw_samples(rows))
        taken = {name: values[name] for name in names}
        if all(isinstance(value, np.ndarray) for value in taken.values()):
            yield taken
            continue
        for index in range(len(rows)):
            yield {name: np.asarray(value[index])[None] for name, value in taken.items()}
