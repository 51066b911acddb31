"""The signs that a machine was disturbed while a comparison ran, as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.bench.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from edgesmith_runtime.bench.comparison.comparison import Comparison
    from edgesmith_runtime.bench.conditions import Conditions
    from edgesmith_runtime.bench.phases import Setting
    from edgesmith_runtime.bench.subject import Subject

__all__ = ["signs_of_noise", "words_of_noise"]

NOISY_DRIFT = 0.10
NOISY_STEAL = 0.01
NOISY_WIDTH = 0.10
MOST_NAMED = 4


def signs_of_noise(comparison: Comparison) -> tuple[str, ...]:
    """A sentence a sign, empty where there is none; each begins with ``noisy: ``.

    - The load average was above the threads that this host offers.
    - A hypervisor gave more than 1 % of the processors' time to others.
    - The quota of a control group stopped the process, or heat slowed the processors down.
    - The later half of a subject's rounds differs from the earlier by more than 10 %.
    - The interval of the A/A ratio does not hold 1.
    - The interval of a median is wider than 10 % to one side.
    - The warm-up of a subject ended at its limit.

    Drift and width are not judged after idle time, where the calls are too few.
    """
    return tuple(f"noisy: {sign}" for _, sign in _signs(comparison))


def words_of_noise(comparison: Comparison) -> tuple[str, ...]:
    """What kind each of ``signs_of_noise`` is, in a word or two and in the same order."""
    return tuple(word for word, _ in _signs(comparison))


def _signs(comparison: Comparison) -> Iterator[tuple[str, str]]:
    yield from (("load", sign) for sign in _load(comparison))
    yield from _counters(comparison.conditions_start, comparison.conditions_end)
    yield from (("drift", sign) for sign in _drift(comparison))
    yield from (("A/A ratio", sign) for sign in _floors(comparison))
    yield from (("wide intervals", sign) for sign in _wide(comparison))
    yield from (("warm-up", sign) for sign in _unsettled(comparison))


def _load(comparison: Comparison) -> Iterator[str]:
    load, n_threads = comparison.load, comparison.n_available_threads
    for moment, average in (("start", load.start), ("end", load.end)):
        if average is not None and average > n_threads:
            yield (
                f"the load average at the {moment} was {average:.1f}, "
                f"above the {n_threads} threads of this host"
            )


def _counters(start: Conditions, end: Conditions) -> Iterator[tuple[str, str]]:
    stolen_s, counted_s = (
        _grown(start.stolen_s, end.stolen_s),
        _grown(start.counted_s, end.counted_s),
    )
    if counted_s and stolen_s > NOISY_STEAL * counted_s:
        yield (
            "steal",
            f"the hypervisor gave {stolen_s / counted_s:.1%} of this machine's processor time to "
            "others meanwhile (steal)",
        )
    if n_throttled := _grown(start.n_throttled, end.n_throttled):
        throttled_s = _grown(start.throttled_s, end.throttled_s)
        yield (
            "quota",
            f"the processor quota was used up in {n_throttled:g} periods, and all stood still for "
            f"{throttled_s:.1f} s",
        )
    if n_thermal := _grown(start.n_thermal, end.n_thermal):
        yield "heat", f"the processor slowed itself down {n_thermal:g} times because of heat"


def _drift(comparison: Comparison) -> Iterator[str]:
    def of(subject: Subject, setting: Setting) -> str | None:
        drift = subject.drift_at(setting) if _is_dense(setting) else None
        return None if drift is None or drift <= NOISY_DRIFT else f"by {drift:.0%}"

    if found := _each(comparison, of):
        yield f"the later half of the rounds differs from the earlier: {found}"


def _floors(comparison: Comparison) -> Iterator[str]:
    found = [
        f"{floor.value:.3f} [{floor.low:.3f}, {floor.high:.3f}] ({setting})"
        for setting in comparison.settings(comparison.baseline)
        if (floor := comparison.noise_floor(setting)) is not None
        and not floor.low <= 1 <= floor.high
    ]
    if found:
        yield (
            f"{comparison.baseline} measured again differs from itself: {_listed(found)}; no "
            "ratio there is told more exactly"
        )


def _wide(comparison: Comparison) -> Iterator[str]:
    def of(subject: Subject, setting: Setting) -> str | None:
        found = comparison.percentiles(subject.name, setting)
        if found is None or not _is_dense(setting):
            return None
        p50 = found.p50
        width = max(p50.high / p50.value - 1, 1 - p50.low / p50.value)
        return None if width <= NOISY_WIDTH else f"{width:.0%}"

    if found := _each(comparison, of):
        yield f"medians are uncertain: {found}"


def _unsettled(comparison: Comparison) -> Iterator[str]:
    def of(subject: Subject, setting: Setting) -> str | None:
        is_stable = all(one.is_stable is not False for one in subject.series(setting))
        return None if is_stable else ""

    if found := _each(comparison, of):
        yield f"the latency had not settled when the warm-up ended: {found}"


def _is_dense(setting: Setting) -> bool:
    return setting.phase is not Phase.IDLE


def _each(comparison: Comparison, of: Callable[[Subject, Setting], str | None]) -> str:
    found = [
        f"{subject.name} ({setting}) {sign}".rstrip()
        for subject in comparison.subjects
        for setting in comparison.settings(subject.name)
        if (sign := of(subject, setting)) is not None
    ]
    return _listed(found)


def _listed(found: Sequence[str]) -> str:
    rest = len(found) - MOST_NAMED
    more = f", and {rest} more" if rest > 0 else ""
    return ", ".join(found[:MOST_NAMED]) + more


def _grown(start: float | None, end: float | None) -> float:
    """What a counter grew by; 0 where it is not known, or began anew meanwhile."""
    return 0 if start is None or end is None else max(end - start, 0)
