"""The artifacts that take raw pixels, samples or numbers: the model with steps of the transform in front."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.core import Fused
from edgesmith.evaluation import evaluate
from edgesmith.foreign import ForeignModel
from edgesmith_runtime.errors import ParityError
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.config import ConversionConfig
    from edgesmith.core import Candidate, KerasModel, Progress
    from edgesmith.evaluation import Evaluation
    from edgesmith.foreign import AnyReference
    from edgesmith.fusing import FusedModel
    from edgesmith_runtime.transforms import Batch

__all__ = ["FusingGround", "fused_candidates"]

_N_EXAMPLES = 8  # raw inputs that say how values of the transform look
_BATCH_SIZE = 64  # raw inputs that are prepared at once


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
        batches=lambda: _boundary_batches(ground, head, fused.takes),
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
            recipe=replace(one.recipe, name=f"{one.recipe.name}_fused"),
            artifact=replace(one.artifact, file=f"model.fused.{one.artifact.format}"),
            fused=how,
        )
        for one in verdict.candidates
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


def _boundary_batches(
    ground: FusingGround, head: Transform, names: tuple[str, ...]
) -> Iterator[dict[str, NDArray[Any]]]:
    """The values that a fused model takes, of all samples in order; one by one where sizes differ."""
    for start in range(0, len(ground), _BATCH_SIZE):
        rows = list(range(start, min(start + _BATCH_SIZE, len(ground))))
        values = head(ground.raw_samples(rows))
        taken = {name: values[name] for name in names}
        if all(isinstance(value, np.ndarray) for value in taken.values()):
            yield taken
            continue
        for index in range(len(rows)):
            yield {name: np.asarray(value[index])[None] for name, value in taken.items()}
