"""The original that a build left beside its bundle, and the score that it had."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.cli.device_options import note
from edgesmith.packing import ORIGINAL
from edgesmith.packing.beside import build_beside
from edgesmith.verification import answers, score
from edgesmith_runtime.bench import SubjectKind
from edgesmith_runtime.bundle import read_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.packing import Record
    from edgesmith_runtime.bench import Comparison
    from edgesmith_runtime.manifest import Manifest, Score

__all__ = ["LeftOriginal", "left_original", "scored"]

TEST = "test"


@dataclass(frozen=True, slots=True)
class LeftOriginal:
    """The ``.keras`` file; its score on the test split, None where the truth was not left."""

    path: Path
    score: Score | None


def left_original(bundle: Path) -> LeftOriginal | None:
    """What the build of this bundle left in ``build/`` beside it, its digests checked.

    None where there is nothing; where it is another bundle's, which standard error tells; and
    where it is a model file: that is no subject, its artifact is the same graph in the same
    engine.

    Raises:
        BundleError: The bundle cannot be read, or what was left is not what was recorded.
    """
    opened = read_bundle(bundle)
    found = build_beside(bundle, opened)
    if found.is_of_another:
        note(f"{found.place / ORIGINAL} is of another bundle; give --against")
    if found.record is None:
        return None
    path = found.record.original
    if path is None or path.suffix != ".keras":
        return None
    return LeftOriginal(path, _score(found.record, opened.manifest))


def scored(comparison: Comparison, original: LeftOriginal) -> Comparison:
    """The comparison with the original's score beside its speed."""
    subjects = tuple(
        dataclasses.replace(one, score=original.score) if one.kind is SubjectKind.KERAS else one
        for one in comparison.subjects
    )
    return dataclasses.replace(comparison, subjects=subjects)


def _score(record: Record, manifest: Manifest) -> Score | None:
    """By the outputs and the truth that were left, in the metric of the artifacts."""
    judged = record.sets.get(TEST)
    default = manifest.default_artifact.file
    of_artifact = next(one.score for one in manifest.artifacts if one.file == default)
    if judged is None or judged.targets is None or not judged.outputs or of_artifact is None:
        return None
    outputs = {name: np.load(path) for name, path in judged.outputs.items()}
    given = answers(manifest.task, manifest.outputs[0], outputs)
    if given is None:
        return None
    rng = np.random.default_rng(0)
    return score(of_artifact.metric, np.load(judged.targets), given, rng=rng)
