"""The finding itself: which calls are compared, the causes, the sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.explaining.attribution import Circumstances, causes_of
from edgesmith_runtime.explaining.cause import Reason, cure
from edgesmith_runtime.explaining.explanation import Explanation
from edgesmith_runtime.explaining.laboratory import laboratory_of, subject_of
from edgesmith_runtime.explaining.likeness import (
    host_differences,
    other_bundle,
    settings_differences,
)
from edgesmith_runtime.explaining.typical import MIN_CALLS, typical_calls
from edgesmith_runtime.explaining.wording import time_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.bench.subject import Subject
    from edgesmith_runtime.explaining.cause import Cause
    from edgesmith_runtime.explaining.laboratory import Laboratory
    from edgesmith_runtime.explaining.typical import Typical
    from edgesmith_runtime.recorded import Recording

__all__ = ["explain"]

# A gap is none below such a share of the bench's call, by percentile, below a microsecond, which
# recording itself takes, and where a round of the bench was as slow.
_GAP_SHARE = {50: 0.2, 90: 1.0}
_GAP_NS = 1_000
_MIN_SLOW_CALLS = 100  # before one in ten of them is looked at
# A cause stands out with so much of the gap.
_MAIN_SHARE = 0.3


def explain(app: Recording, lab: Comparison, *, force: bool = False) -> Explanation:
    """Say where an app loses time against the bench.

    Calls are compared as their most frequent kind has them: from raw inputs or prepared tensors,
    and of one batch size. A typical call is the mean of those whose latency lies in the middle
    fifth, so that the stages add up. Where that is not slower, the slow calls are looked at, those
    around the 90th percentile.

    Args:
        app: Of ``model.record()``, in the app.
        lab: Of the same bundle, best with the phases steady, raw and idle.
        force: Compare another bundle or artifact as well.

    Raises:
        InputError: There are not 10 calls of a kind, the bundle or the artifact is another, or
            the bench has no calls like those of the app.
    """
    subject = subject_of(lab, app)
    unlike = other_bundle(app, lab, subject)
    if unlike is not None and not force:
        raise InputError(
            f"the app's recording: expected {unlike}; record what was measured, or force it "
            "to compare different things"
        )
    subject = subject or lab.subject(lab.baseline)
    chosen = _most_frequent(app)
    around = Circumstances(
        other_cores=_other_cores(app),
        n_process_threads=app.n_process_threads,
        settings=settings_differences(app, lab, subject),
        host=host_differences(app, lab),
    )
    forced = () if unlike is None else (f"forced: the bench has {unlike}",)
    usual = _at(50, app, subject, chosen, around)
    found = usual
    if usual.main is None and int(chosen.sum()) >= _MIN_SLOW_CALLS:
        slow = _at(90, app, subject, chosen, around)
        # Where neither is slower, both are said, each with the rule that it is judged by.
        both = f"{usual.sentence}; {slow.sentence}"
        found = replace(usual, sentence=both) if slow.main is None else slow
    if found.main is None:
        found = replace(found, sentence=f"{found.sentence}; nothing to mend")
    return replace(found, notes=(*forced, *found.notes, *_unlike_notes(around)))


def _at(
    percent: int,
    app: Recording,
    subject: Subject,
    chosen: NDArray[np.bool_],
    around: Circumstances,
) -> Explanation:
    """The finding for calls at a percentile."""
    typical = typical_calls(app, chosen, percent=percent)
    measured = laboratory_of(
        subject, is_raw=typical.is_raw, batch=typical.batch, percent=percent
    )
    causes = causes_of(typical, measured, around)
    app_ns = measured.total_ns + sum(cause.lost_ns for cause in causes)
    main = _main(causes, app_ns, measured, percent)
    return Explanation(
        main=None if main is None else main.reason,
        sentence=_sentence(main, app_ns, measured, percent),
        percent=percent,
        app_ns=app_ns,
        lab_ns=measured.total_ns,
        causes=tuple(causes),
        notes=tuple(_notes(app, typical, measured)),
    )


def _most_frequent(app: Recording) -> NDArray[np.bool_]:
    """The calls of the kind and batch size that is there most."""
    own = app.n_rows // np.maximum(app.n_sharing, 1)
    kinds = np.stack([app.is_raw.astype(np.int64), own], axis=1)
    if not len(kinds):
        raise InputError(f"the app's recording: expected {MIN_CALLS} calls, got none")
    known, counts = np.unique(kinds, axis=0, return_counts=True)
    place = int(np.argmax(counts))
    if counts[place] < MIN_CALLS:
        raise InputError(
            f"the app's recording: expected {MIN_CALLS} calls of a kind, got {counts[place]}; "
            "record for longer"
        )
    return np.all(kinds == known[place], axis=1)


def _other_cores(app: Recording) -> float:
    if app.wall_ns <= 0:
        return 0.0
    n_threads = 1 if app.settings is None else app.settings.n_threads
    return max(app.process_cpu_ns / app.wall_ns - n_threads, 0.0)


def _main(
    causes: list[Cause], app_ns: float, measured: Laboratory, percent: int
) -> Cause | None:
    if _no_gap(app_ns, measured, percent) is not None:
        return None
    gap_ns = app_ns - measured.total_ns
    largest = causes[0]
    if largest.lost_ns < _MAIN_SHARE * gap_ns:
        return causes[-1]  # what no cause explains
    return largest


def _no_gap(app_ns: float, measured: Laboratory, percent: int) -> str | None:
    """The rule by which a call is as quick as the bench's, as a clause; None: it is slower."""
    lab_ns = measured.total_ns
    gap_ns = app_ns - lab_ns
    if gap_ns <= 0:
        return "no slower"
    if gap_ns < _GAP_NS:
        return f"less than the {time_text(_GAP_NS)} more that recording itself takes"
    if gap_ns < _GAP_SHARE[percent] * lab_ns:
        return (
            f"{100 * gap_ns / lab_ns:.0f} % more, below the {100 * _GAP_SHARE[percent]:.0f} % from "
            "which on a gap is looked into"
        )
    if app_ns < measured.slowest_ns:
        return f"no slower than the slowest round there, {time_text(measured.slowest_ns)}"
    return None


def _sentence(main: Cause | None, app_ns: float, measured: Laboratory, percent: int) -> str:
    of = "call" if "decode" in measured.stages_ns else "run of the model"
    which = f"a typical {of}" if percent == 50 else f"one {of} in ten"
    figures = (
        f"{which} takes {time_text(app_ns)} in the app against "
        f"{time_text(measured.total_ns)} in the lab ({measured.setting})"
    )
    if main is None:
        return f"{figures}: {_no_gap(app_ns, measured, percent)}"
    part = f"{time_text(main.lost_ns)} of it is {main.reason}: {main.evidence}"
    if main.reason is Reason.REST:
        part = f"no cause that is looked for explains {time_text(main.lost_ns)} of it"
    return f"{figures}; {part}; what to do: {cure(main.reason)}"


def _notes(app: Recording, typical: Typical, measured: Laboratory) -> list[str]:
    notes: list[str] = []
    if typical.n_calls < len(app):
        notes.append(
            f"{typical.n_calls} of {len(app)} calls are compared, those "
            f"{'from raw inputs' if typical.is_raw else 'of run'} with batch {typical.batch}"
        )
    if app.every > 1:
        notes.append(f"one call in {app.every} was recorded")
    if app.n_calls > len(app):
        notes.append(f"the recording has the last {len(app)} of {app.n_calls} calls")
    if typical.is_raw and "decode" not in measured.stages_ns:
        alone = sum(typical.stages_ns[name] for name in ("decode", "prepare", "answer"))
        notes.append(
            f"the app spends {time_text(alone)} a call outside of the engine, to which the bench "
            "has nothing to compare; measure the phase raw: edgesmith bench --phases steady,raw"
        )
    if typical.is_after_pause and typical.after_pause_ns is None and not measured.after_idle_ns:
        notes.append(
            f"the app's calls come after pauses of {time_text(typical.pause_ns)}, and the bench "
            "has none; measure the phase idle: edgesmith bench --phases steady,idle"
        )
    if typical.waiting_ns is None:
        notes.append("no processor time was read; record more calls to tell threads apart")
    return notes


def _unlike_notes(around: Circumstances) -> list[str]:
    if not around.host:
        return []
    return [
        f"the hosts are unlike ({'; '.join(around.host)}); what is slower may be the host's"
    ]
