"""The comparison itself: every subject in turn, round by round, each in a fresh process."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from edgesmith_runtime.bench.comparison import Comparison, Load
from edgesmith_runtime.bench.conditions import this_state
from edgesmith_runtime.bench.measuring.child import WORKER, run_child
from edgesmith_runtime.bench.measuring.entrants import (
    Entrant,
    Field,
    checked_engines,
    entrants_of,
    rivals,
)
from edgesmith_runtime.bench.measuring.ledger import Ledger
from edgesmith_runtime.bench.measuring.raws import golden_raws, write_raws
from edgesmith_runtime.bench.measuring.references import golden_references, sample_references
from edgesmith_runtime.bench.phases import Phase
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.bench.subject import CallStyle, Subject, SubjectKind
from edgesmith_runtime.bundle import Bundle, read_bundle
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.files import scratch
from edgesmith_runtime.golden import has_golden
from edgesmith_runtime.host import Host, available_threads, this_host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.bench.measuring.exchange import Request

__all__ = ["Job", "Progress", "compare", "measured"]

T = TypeVar("T")

# Called before each process: how many are done, how many there are at most, and what runs now.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What ``compare`` was asked, argument by argument."""

    bundle: str | os.PathLike[str]
    against: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None
    engines: Sequence[str] = ()
    samples: Mapping[str, NDArray[Any]] | None = None
    raws: Sequence[object] | None = None
    plan: Plan = field(default_factory=Plan)
    progress: Progress | None = None


def compare(  # noqa: PLR0913 - what is compared, on what, and how precisely
    bundle: str | os.PathLike[str],
    *,
    against: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    engines: Sequence[str] = (),
    samples: Mapping[str, NDArray[Any]] | None = None,
    raws: Sequence[object] | None = None,
    plan: Plan | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Measure every artifact of a bundle, and what it is compared with, with the same inputs.

    Each subject runs in a process of its own in every round, in an order that is drawn anew;
    the ways to call Keras share one. With two rounds or more the default artifact takes part a
    second time, as "FILE again", for what two equal subjects differ by. A subject counts only if
    its answers are right: those of the golden samples, or on ``samples`` those of the default
    artifact. What cannot run is a subject with a ``problem``; what fails after a round that went
    well keeps what was measured, with the reason among its ``failures``. Neither takes part in
    later rounds.

    Args:
        bundle: The bundle, as a file or a directory.
        against: The Keras file that the bundle was made from, and any number of ``.onnx`` and
            ``.tflite`` files, which run in their bare engine; None compares artifacts alone.
        engines: Engines that run artifacts once more, beside the default one of their format.
        samples: Prepared tensors by input name, ``(n, ...)``; the first ``max(batches)`` rows
            are used, repeated where there are fewer. None takes the golden samples.
        raws: Raw inputs for the phase RAW, as ``predict`` takes them, each in turn; None takes
            those of the golden samples, images and sounds as files.
        plan: What to spend; None takes ``Plan()``.
        progress: For a progress bar.

    Raises:
        BundleError: The bundle cannot be read.
        InputError: ``against`` is not there or holds two Keras files, ``engines`` names one that
            runs no artifact, there are no samples, or a raw input is of no kind that another
            process can be given.
        SignatureError: ``samples`` are not what the default artifact takes.
        BackendError: The default artifact cannot be run on ``samples``, or there is no
            interpreter to start a process with.
        WriteError: There is no place for temporary files.
    """
    job = Job(
        bundle=bundle,
        against=against,
        engines=engines,
        samples=samples,
        raws=raws,
        plan=plan or Plan(),
        progress=progress,
    )
    return measured(job)


def measured(job: Job, *, worker: str = WORKER) -> Comparison:
    """``compare``.

    Args:
        job: Its arguments.
        worker: The module that each process runs: ``edgesmith_runtime.bench.measuring.worker``, or one of
            a benchmark of the comparison itself, which calls its ``main``.
    """
    opened, plan = read_bundle(job.bundle), job.plan
    files, engines = rivals(job.against), checked_engines(job.engines, opened)
    if job.samples is None:
        references = golden_references(opened)
    else:
        references = sample_references(opened, job.samples, max(plan.batches))
    host, n_threads = this_host(), plan.n_threads or available_threads()
    conditions_start, load_start = this_state(), _load_average()
    with scratch() as folder:
        entrants = entrants_of(
            Field(
                bundle=opened,
                path=Path(job.bundle),
                plan=plan,
                n_threads=n_threads,
                references=references,
                folder=folder,
                raws=_raws(job, opened, folder),
            ),
            files,
            engines,
        )
        track = _Track(
            entrants=entrants, plan=plan, host=host, worker=worker, progress=job.progress
        )
        ledger = track.run()
    return Comparison(
        bundle=opened.manifest.name,
        identity=opened.identity,
        host=host,
        versions=ledger.versions,
        plan=plan,
        n_threads=n_threads,
        n_available_threads=available_threads(),
        load=Load(start=load_start, end=_load_average()),
        subjects=tuple(one for entrant in entrants for one in _subjects(entrant, ledger)),
        baseline=opened.manifest.default_artifact.file,
        conditions_start=conditions_start,
        conditions_end=this_state(),
    )


def _raws(job: Job, bundle: Bundle, folder: Path) -> Path | None:
    """Where the raw inputs are, None where none are needed."""
    if Phase.RAW not in job.plan.phases:
        return None
    place = folder / "raws"
    place.mkdir()
    raws = job.raws
    if raws is None:
        if not has_golden(bundle):
            raise InputError(
                f"{bundle.manifest.name}: the bundle has no golden samples to take raw inputs "
                "from; give raws, or leave the phase raw out"
            )
        raws = golden_raws(bundle, place)
    write_raws(place, raws)
    return place


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    """Runs the processes, one after the other."""

    entrants: tuple[Entrant, ...]
    plan: Plan
    host: Host
    worker: str
    progress: Progress | None

    def run(self) -> Ledger:
        """All rounds; then what heats the machine, so that no other subject meets it hot."""
        rng = np.random.default_rng(self.plan.seed)
        ledger = Ledger()
        for entrant in self.entrants:
            if entrant.problem is not None:
                ledger.refuse(entrant.request.name, entrant.problem, ())
        has_heat = Phase.SUSTAINED in self.plan.phases
        n_processes = (self.plan.n_rounds + has_heat) * len(self.entrants)
        for turn in range(self.plan.n_rounds + has_heat):
            is_heat = turn == self.plan.n_rounds
            for place, entrant in enumerate(_shuffled(self.entrants, rng)):
                request = _part(entrant.request, ledger, rng, is_heat=is_heat)
                if request is None:
                    continue
                if self.progress is not None:
                    what = "sustained" if is_heat else f"round {turn + 1}"
                    done = turn * len(self.entrants) + place
                    self.progress(done, n_processes, f"{what}: {request.name}")
                reply = run_child(
                    request,
                    host=self.host,
                    deadline_s=self.plan.deadline_s,
                    worker=self.worker,
                )
                if is_heat:
                    ledger.enter_series(reply, request.settings)
                else:
                    ledger.enter(reply, entrant.request.settings, turn)
        return ledger


def _part(
    request: Request, ledger: Ledger, rng: np.random.Generator, *, is_heat: bool
) -> Request | None:
    """What is asked of an entrant this time; None where it is out."""
    # The styles are shuffled too: the first one meets a cold process.
    styles = tuple(CallStyle(name) for name in _shuffled(ledger.left(request.styles), rng))
    settings = tuple(
        one for one in request.settings if (one.phase is Phase.SUSTAINED) == is_heat
    )
    if not ledger.left(request.subjects) or (is_heat and not settings):
        return None
    return dataclasses.replace(request, styles=styles, settings=settings)


def _shuffled(items: Sequence[T], rng: np.random.Generator) -> list[T]:
    order = cast("list[int]", rng.permutation(len(items)).tolist())
    return [items[index] for index in order]


def _subjects(entrant: Entrant, ledger: Ledger) -> list[Subject]:
    request = entrant.request
    return [
        Subject(
            name=f"keras {key}" if request.kind is SubjectKind.KERAS else key,
            kind=request.kind,
            style=CallStyle(key) if request.kind is SubjectKind.KERAS else None,
            engine=request.engine,
            setup=entrant.setup,
            size_bytes=entrant.size_bytes,
            score=entrant.score,
            rounds=tuple(ledger.rounds.get(key, ())),
            problem=ledger.problems.get(key),
        )
        for key in request.subjects
    ]


def _load_average() -> float | None:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None  # Windows has none
