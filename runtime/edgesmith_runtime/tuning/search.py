"""``tune``: measure every setup of a bundle on this host, and record the best one for ``load``."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import BackendError, BundleError
from edgesmith_runtime.golden import read_golden
from edgesmith_runtime.host import available_threads, this_host
from edgesmith_runtime.settings import Engine, EngineSettings, engines_for
from edgesmith_runtime.tuned import Choice, Setup, has_version
from edgesmith_runtime.tuning.contest import Contest
from edgesmith_runtime.tuning.deciding import decide
from edgesmith_runtime.tuning.doubting import doubt_of
from edgesmith_runtime.tuning.eligibility import objections
from edgesmith_runtime.tuning.laboratory import Effort, Laboratory
from edgesmith_runtime.tuning.recording import close_folder, opened_folder, record_choice
from edgesmith_runtime.tuning.rounds import hold
from edgesmith_runtime.tuning.setups import absence, can_end_runs, setups_of
from edgesmith_runtime.tuning.standings import Standing, Tuning

if TYPE_CHECKING:
    from edgesmith_runtime.bench import Progress
    from edgesmith_runtime.bundle import Bundle

__all__ = ["tune"]


def tune(
    path: str | os.PathLike[str],
    *,
    budget_s: float = 60.0,
    n_threads: int | None = None,
    timeouts: bool = False,
    progress: Progress | None = None,
    effort: Effort | None = None,
) -> Tuning:
    """Find out how a bundle runs fastest on this host, and record it: ``load`` uses it from then on.

    Every artifact that may stand in for the default one, with every engine that is installed and
    runs it, with few and with all threads, spinning and sleeping, in both layouts: each in fresh
    processes, in turn, with the inputs of the golden samples, which it must reproduce. The calls
    follow each other without a pause and one at a time. The default keeps its place unless
    another is faster beyond noise.

    Args:
        path: Of the bundle, a file or a directory.
        budget_s: The measurements end by then, the rest takes moments; above 0.
        n_threads: The most threads to try; None tries up to what affinity and quota allow.
        timeouts: The app gives ``timeout=`` to its calls: only engines that can end a run compete,
            which LiteRT cannot.
        progress: For a progress bar: how many processes are done, how many there are at most,
            and which runs now.
        effort: How precisely to measure; None takes ``Effort()``.

    Raises:
        BundleError: Not a bundle, or one without golden samples.
        BackendError: The default artifact does not run here as it should, or not in time; or
            there is no interpreter to start a process with.
        WriteError: The choice cannot be recorded.
        ValueError: ``budget_s`` or ``n_threads`` is out of range.
    """
    if not budget_s > 0:
        raise ValueError(f"budget_s: expected seconds above 0, got {budget_s}")
    most_threads = available_threads() if n_threads is None else n_threads
    if not 1 <= most_threads <= available_threads():
        raise ValueError(
            f"n_threads: expected 1 to {available_threads()} on this host, got {n_threads}"
        )
    started = time.monotonic()
    effort = effort or Effort()
    bundle = read_bundle(path)
    _check_golden(bundle)
    folder = opened_folder(bundle.identity)  # before minutes of measuring, not after
    lab = Laboratory(
        path=os.fspath(path), identity=bundle.identity, effort=effort, host=this_host()
    )
    try:
        setups, untried = _setups(bundle, most_threads, timeouts=timeouts)
        contest = Contest(setups=setups, host=lab.host)
        contest_s = started + budget_s - time.monotonic()
        hold(contest, lab.measure, effort.schedule, budget_s=contest_s, progress=progress)
        _check_default(contest, budget_s)
        rng = np.random.default_rng(effort.schedule.seed)
        setup, reason = decide(contest, effort.schedule, rng)
        doubt = doubt_of(contest, setup, effort.schedule, budget_s=budget_s, rng=rng)
        opened_folder(bundle.identity)  # again: another process may have removed it when empty
        tried = lab.try_copy(setup, folder, end=started + budget_s, progress=progress)
        no_copy = tried.reason if isinstance(tried, Problem) else None
        copy, graph = tried if isinstance(tried, tuple) else (None, None)
        kept = graph if copy is not None and copy.is_kept else None
        choice = Choice(setup=setup, reason=reason, graph=kept)
        recorded = record_choice(folder, choice)
    finally:
        close_folder(folder)
    return Tuning(
        bundle=bundle.manifest.name,
        identity=bundle.identity,
        host=lab.host,
        standings=(*contest.standings(rng), *untried),
        choice=choice,
        copy=copy,
        seconds=time.monotonic() - started,
        recorded=str(recorded),
        no_copy=no_copy,
        doubt=doubt,
    )


def _check_default(contest: Contest, budget_s: float) -> None:
    if (reason := contest.out.get(contest.default)) is not None:
        raise BackendError(f"{contest.default}: does not run here as it should: {reason}")
    if contest.default not in contest.rounds:
        raise BackendError(
            f"{contest.default}: could not be measured within {budget_s:g} s; give more"
        )


def _check_golden(bundle: Bundle) -> None:
    golden = read_golden(bundle)
    default = bundle.manifest.artifact(bundle.manifest.default_artifact.file)
    absent = [spec.name for spec in default.signature.inputs if spec.name not in golden.tensors]
    if absent:
        raise BundleError(
            f"{bundle.manifest.name}: the golden samples have no tensors {absent}, which "
            f"{default.file} takes; pack it again with samples"
        )


def _setups(
    bundle: Bundle, most_threads: int, *, timeouts: bool
) -> tuple[tuple[Setup, ...], list[Standing]]:
    """What is measured, the default first, and what is not, with the reason."""
    manifest = bundle.manifest
    entry = manifest.artifact(manifest.default_artifact.file)
    settings = EngineSettings(engine=engines_for(entry.format)[0], n_threads=most_threads)
    tried = [Setup(file=entry.file, settings=settings)]
    untried: list[Standing] = []
    for file, objection in objections(manifest).items():
        if objection is not None:
            untried.append(Standing(name=file, out=objection))
            continue
        rival = manifest.artifact(file)
        out = {
            engine: reason
            for engine in engines_for(rival.format)
            if (reason := _reason_against(engine, timeouts=timeouts)) is not None
        }
        untried += [
            Standing(name=f"{file} with {engine}", out=reason) for engine, reason in out.items()
        ]
        tried += [
            setup
            for setup in setups_of(rival, most_threads=most_threads)
            if setup.settings.engine not in out and setup != tried[0]
        ]
    return tuple(tried), untried


def _reason_against(engine: Engine, *, timeouts: bool) -> str | None:
    if timeouts and not can_end_runs(engine):
        return f"{engine} cannot end a run at its timeout"
    if (reason := absence(engine)) is not None or has_version(engine):
        return reason
    return f"no version of {engine} is to be found, without which a choice is not used"
