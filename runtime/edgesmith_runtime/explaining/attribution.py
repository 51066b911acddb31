"""The gap between a typical call of an app and one of the bench, taken apart into causes."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from edgesmith_runtime.explaining.cause import Cause, Reason
from edgesmith_runtime.explaining.wording import bytes_text, time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgesmith_runtime.explaining.laboratory import Laboratory
    from edgesmith_runtime.explaining.typical import Typical

__all__ = ["Circumstances", "causes_of"]

_PREPROCESSING = ("decode", "prepare")

# Most that a copy of scattered numbers takes by byte, half a nanosecond: where a step of the
# transform reads them in place, how long that alone took is not known.
_COPY_NS_PER_BYTE = 0.5

_FEWEST_STAGES = 3  # that show whether all of them are stretched alike

_FEW_CORES = 0.3  # of other threads' work beside the calls, from which on they are in the way
_TOGETHER = 1.5  # runs at once, on average, from which on calls are in each other's way


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What else is known of the app.

    Args:
        other_cores: Processors' worth of work of its process beside what one call at a time may
            use with its own thread and the engine's.
        n_process_threads: None is not known.
        settings: How the engine's settings are unlike the bench's.
        host: How the host is unlike the bench's.
    """

    other_cores: float
    n_process_threads: int | None
    settings: Sequence[str]
    host: Sequence[str]


@dataclass(slots=True)
class _Excess:
    """What each stage takes beyond the bench, as far as no cause has it yet."""

    left_ns: dict[str, float]
    causes: list[Cause] = field(default_factory=list[Cause])

    def total_ns(self, stages: Iterable[str] | None = None) -> float:
        return sum(self.left_ns[stage] for stage in stages or self.left_ns)

    def beyond_ns(self, stage: str, base_ns: float, app: Typical) -> float:
        """What is left of a stage above a time that it may take."""
        return min(max(app.stages_ns[stage] - base_ns, 0.0), self.left_ns[stage])

    def take(self, stages: Iterable[str], most_ns: float) -> float:
        """Up to so much of these stages, of each in proportion to what it has left."""
        chosen = list(stages)
        there_ns = self.total_ns(chosen) if chosen else 0.0
        taken_ns = min(max(most_ns, 0.0), there_ns)
        for stage in chosen:
            self.left_ns[stage] -= self.left_ns[stage] * taken_ns / max(there_ns, 1e-9)
        return taken_ns


def causes_of(app: Typical, lab: Laboratory, around: Circumstances) -> list[Cause]:
    """All causes, those of nothing too, the largest first and REST last; their sum is the gap.

    Args:
        app: A typical call.
        lab: The stages of the bench; others of the app take no part.
        around: What else is known.
    """
    stages = [stage for stage in lab.stages_ns if stage in app.stages_ns]
    excess = _Excess(
        {stage: max(app.stages_ns[stage] - lab.stages_ns[stage], 0.0) for stage in stages}
    )
    waiting_ns = _waiting_ns(app, lab, stages, around)
    causes = [
        _copies(app, excess),
        _queueing(app, excess, stages, waiting_ns),
        *_threads_and_idle(app, lab, excess, around, waiting_ns),
        _preprocessing(app, lab, excess),
        _host(excess, around),
    ]
    gap_ns = app.stages_ns["wait"] + sum(
        app.stages_ns[stage] - lab.stages_ns[stage] for stage in stages
    )
    own_copy_ns = 0.0 if "prepare" in stages or app.is_raw else app.stages_ns["prepare"]
    gap_ns += own_copy_ns
    rest_ns = gap_ns - sum(cause.lost_ns for cause in causes)
    causes.sort(key=lambda cause: -cause.lost_ns)
    return [*causes, Cause(reason=Reason.REST, lost_ns=rest_ns, evidence="what is left over")]


def _copies(app: Typical, excess: _Excess) -> Cause:
    if not app.is_raw:  # of ``run`` it is the prepare stage, nothing else
        lost_ns = app.stages_ns["prepare"]
    else:
        stages = [stage for stage in _PREPROCESSING if stage in excess.left_ns]
        lost_ns = excess.take(stages, app.copied_bytes * _COPY_NS_PER_BYTE)
    evidence = (
        f"{bytes_text(app.copied_bytes)} a call are not contiguous or put together"
        if app.copied_bytes
        else "no array had to be copied"
    )
    return Cause(reason=Reason.COPIES, lost_ns=lost_ns, evidence=evidence)


def _common_factor(app: Typical, lab: Laboratory) -> float:
    """By how much all stages are longer than the bench's, as cold caches or a slow clock make them.

    The median of the stages, and no more than the engine or the answer has, whose work is the same
    for every raw input. 1 where they are not longer, or too few to see.
    """
    ratios = {
        stage: app.stages_ns[stage] / max(ns, 1.0)
        for stage, ns in lab.stages_ns.items()
        if stage in app.stages_ns
    }
    same_work = [ratios[stage] for stage in ("infer", "answer") if stage in ratios]
    if len(ratios) < _FEWEST_STAGES or not same_work:
        return 1.0
    return max(min(median(ratios.values()), max(same_work)), 1.0)


def _waiting_ns(
    app: Typical, lab: Laboratory, stages: Sequence[str], around: Circumstances
) -> float:
    """The part of a call's time lost to others at work that is no matter of its larger work.

    Whatever keeps the processors busy stretches a call: its time is its work by a factor. Of
    twice the work at twice the time, half of what both add together is due to each.

    The factor is seen by the time without a processor, and where others are known to be at work
    also by the engine, whose work is the same for every raw input: two threads to a core, caches
    and a hypervisor stretch the processor time of a thread itself.
    """
    served_ns = sum(ns for stage, ns in app.stages_ns.items() if stage != "wait")
    if served_ns <= 0:
        return 0.0
    share = max((app.waiting_ns or 0.0) / served_ns, _stretched(app, lab, stages, around))
    if share <= 0:
        return 0.0
    here_ns = sum(app.stages_ns[stage] for stage in stages)
    work_ns = max(here_ns * (1 - share), 1.0)
    return share * here_ns * (1 + min(lab.total_ns / work_ns, 1.0)) / 2


def _stretched(
    app: Typical, lab: Laboratory, stages: Sequence[str], around: Circumstances
) -> float:
    """The share of the engine's time that it has beyond the bench, where others are at work.

    0 where something else makes its work another: a batch, other settings, another host.
    """
    is_contended = app.n_in_flight >= _TOGETHER or around.other_cores >= _FEW_CORES
    is_other_work = app.n_sharing > 1 or around.settings or around.host
    if not is_contended or is_other_work or "infer" not in stages:
        return 0.0
    infer_ns = max(app.stages_ns["infer"], 1.0)
    return max(1 - lab.stages_ns["infer"] / infer_ns, 0.0)


def _queueing(app: Typical, excess: _Excess, stages: Sequence[str], waiting_ns: float) -> Cause:
    wait_ns = app.stages_ns["wait"]
    lost_ns = wait_ns
    evidence = [f"{time_text(wait_ns)} from the asking until it began"]
    if app.n_sharing > 1:
        # The run of a batch is for others as well.
        shared = 1 - 1 / app.n_sharing
        lost_ns += excess.take(stages, shared * sum(app.stages_ns[stage] for stage in stages))
        evidence.append(f"{app.n_sharing:.3g} calls to a run")
    if app.n_in_flight >= _TOGETHER:
        lost_ns += excess.take(stages, waiting_ns)
        evidence.append(f"{app.n_in_flight:.3g} runs of the model at once")
    return Cause(reason=Reason.QUEUEING, lost_ns=lost_ns, evidence=", ".join(evidence))


def _threads_and_idle(
    app: Typical,
    lab: Laboratory,
    excess: _Excess,
    around: Circumstances,
    waiting_ns: float,
) -> tuple[Cause, Cause]:
    """In this order: time without a processor is seen by itself, the rest by what is around."""
    is_alone = app.n_in_flight < _TOGETHER  # else it is for its own like that a call waits
    evidence: list[str] = []
    lost_ns = 0.0
    if is_alone:
        lost_ns = excess.take(excess.left_ns, waiting_ns)
        if app.waiting_ns:
            evidence.append(f"{time_text(app.waiting_ns)} of a call without a processor")
    idle = _idle(app, lab, excess)
    is_crowded = is_alone and around.other_cores >= _FEW_CORES
    if "infer" in excess.left_ns and is_crowded:
        lost_ns += excess.take(["infer"], float("inf"))
    elif "infer" in excess.left_ns and around.settings:
        # They are of the engine alone: not what its stages have in common with all others.
        base_ns = lab.stages_ns["infer"] * _common_factor(app, lab)
        lost_ns += excess.take(["infer"], excess.beyond_ns("infer", base_ns, app))
    evidence += around.settings
    if is_crowded:
        evidence.append(f"{around.other_cores:.1f} processors busy in the process otherwise")
    if around.n_process_threads is not None:
        evidence.append(f"{around.n_process_threads} threads in the process")
    return Cause(reason=Reason.THREADS, lost_ns=lost_ns, evidence=", ".join(evidence)), idle


def _idle(app: Typical, lab: Laboratory, excess: _Excess) -> Cause:
    if not app.is_after_pause:
        evidence = "the calls follow each other"
        return Cause(reason=Reason.IDLE, lost_ns=0.0, evidence=evidence)
    lost_ns, how = 0.0, "the bench has no phase after idle time to compare with"
    factor = _common_factor(app, lab)
    for stage in excess.left_ns:
        slower_ns = lab.slowing_ns(stage, app.pause_ns / 1e9)
        if app.after_pause_ns is not None:
            slower_ns, how = app.after_pause_ns[stage], "slower than its own back to back"
        elif slower_ns is not None:
            how = "after which the bench is slower too"
        elif factor > 1:
            slower_ns = (factor - 1) * lab.stages_ns[stage]
            how = f"and all stages take {factor:.2g} times as long as the bench's back to back"
        else:
            continue
        lost_ns += excess.take([stage], slower_ns)
    if lost_ns <= 0 and (app.after_pause_ns is not None or lab.after_idle_ns):
        how = "which are not seen to make them slower"
    evidence = f"the calls come after pauses of {time_text(app.pause_ns)}, {how}"
    return Cause(reason=Reason.IDLE, lost_ns=lost_ns, evidence=evidence)


def _preprocessing(app: Typical, lab: Laboratory, excess: _Excess) -> Cause:
    """What its stages have grown beyond what all stages have in common."""
    stages = [stage for stage in _PREPROCESSING if stage in excess.left_ns]
    if not app.is_raw:
        evidence = "the calls give prepared tensors"
    elif not stages:
        evidence = "the bench has no phase from raw inputs to compare with"
    else:
        evidence = ", ".join(
            f"{stage} {time_text(app.stages_ns[stage])} against "
            f"{time_text(lab.stages_ns[stage])}"
            for stage in stages
        )
    factor = _common_factor(app, lab)
    lost_ns = 0.0
    for stage in stages if app.is_raw else ():
        own_ns = excess.beyond_ns(stage, factor * lab.stages_ns[stage], app)
        lost_ns += excess.take([stage], own_ns)
    return Cause(reason=Reason.PREPROCESSING, lost_ns=lost_ns, evidence=evidence)


def _host(excess: _Excess, around: Circumstances) -> Cause:
    lost_ns = excess.take(excess.left_ns, float("inf")) if around.host else 0.0
    evidence = "; ".join(around.host) if around.host else "the host is the same"
    return Cause(reason=Reason.HOST, lost_ns=lost_ns, evidence=evidence)
