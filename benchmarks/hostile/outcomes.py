"""What becomes of a changed bundle: refused, caught by its golden samples, without effect, or worse."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import EdgesmithError, SelfTestError
from edgesmith_runtime.loading import load
from hostile.bases import PROBES, SAMPLES, base_files, reference

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.model import Model
    from edgesmith_runtime.spec import Format
    from hostile.mutators import Mutant

LABELS = ("ant", "bee", "cat")
ATOL, RTOL = 1e-5, 1e-4  # of the golden samples


class Kind(StrEnum):
    """Of an outcome, the good ones first."""

    REFUSED = "refused"  # with one error of the family
    SELFTEST = "selftest"  # the golden samples showed it
    SAME = "same"  # the same answers as before
    ELSEWHERE = "elsewhere"  # other answers, to inputs alone that no golden sample is like
    MEANING = "meaning"  # the same numbers under other labels, as the manifest now has it
    LATER = "later"  # loaded, and refused by name when it is called
    ACCEPTED = "accepted"  # changed, not re-digested, and read
    MISSED = "missed"  # other answers to the inputs of the golden samples
    STRANGE = "strange"  # an exception of another family
    CRASH = "crash"
    HANG = "hang"


BAD = (Kind.ACCEPTED, Kind.MISSED, Kind.STRANGE, Kind.CRASH, Kind.HANG)


@dataclass(frozen=True)
class Outcome:
    """Of one mutant."""

    kind: Kind
    error: str = ""
    message: str = ""
    names_file: bool = True

    def to_json(self) -> dict[str, Any]:
        """For a line of the progress file; a long message is cut."""
        return {**asdict(self), "message": self.message[:300]}


def outcome_of(fmt: Format, mutant: Mutant, path: Path) -> Outcome:
    """Write a mutant and load it: without its digests' help in a child first."""
    path.write_bytes(mutant.content)
    try:
        if not mutant.is_redigested:
            read_bundle(path)
            return Outcome(Kind.ACCEPTED)
        model = load(path, trusted=False, n_threads=1)
    except EdgesmithError as error:
        kind = Kind.SELFTEST if isinstance(error, SelfTestError) else Kind.REFUSED
        return _refusal(kind, error, path, fmt)
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return Outcome(Kind.STRANGE, type(error).__name__, str(error))
    return _answers(model)


def _refusal(kind: Kind, error: EdgesmithError, path: Path, fmt: Format) -> Outcome:
    message = str(error)
    files = {*base_files(fmt), "SHA256SUMS", "archive directory", "not a bundle", "not listed"}
    files.add("its record in the archive")  # of a member whose name was hit
    names = message.startswith(str(path)) and any(file in message for file in files)
    return Outcome(kind, type(error).__name__, message, names_file=names)


def _answers(model: Model) -> Outcome:
    try:
        if not all(_agrees(model, x) for x in SAMPLES):
            return Outcome(Kind.MISSED)
        if not all(_agrees(model, x) for x in PROBES):
            return Outcome(Kind.ELSEWHERE)
        for x in SAMPLES:
            label = LABELS[int(np.argmax(reference(x[None])))]
            if model.predict(x).label != label:
                return Outcome(Kind.MEANING)
    except EdgesmithError as error:
        return Outcome(Kind.LATER, type(error).__name__, str(error))
    except Exception as error:  # noqa: BLE001
        return Outcome(Kind.STRANGE, type(error).__name__, str(error))
    return Outcome(Kind.SAME)


def _agrees(model: Model, x: np.ndarray[Any, Any]) -> bool:
    (answer,) = model.run(model.prepare(x)).values()
    return answer.shape == (1, len(LABELS)) and np.allclose(
        answer, reference(x[None]), rtol=RTOL, atol=ATOL
    )
