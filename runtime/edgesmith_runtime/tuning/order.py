"""In which order setups are looked at first: what tells most, before the time is up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgesmith_runtime.tuned import Setup
    from edgesmith_runtime.tuning.contest import Contest, Schedule

__all__ = ["heads", "looks"]


def heads(setups: Sequence[Setup]) -> list[Setup]:
    """One setup of each artifact and engine, with the default's threads where there is such a one.

    The default comes first, then every artifact with its first engine, then the other engines.
    """
    n_threads = setups[0].settings.n_threads
    by_group: dict[tuple[str, str], Setup] = {}
    # Sorting is stable: among those with the same threads the first one stays the first.
    for setup in sorted(setups, key=lambda one: one.settings.n_threads != n_threads):
        by_group.setdefault(_group(setup), setup)
    files: dict[str, int] = {}
    places: dict[Setup, int] = {}
    for group in dict.fromkeys(map(_group, setups)):
        place = places[by_group[group]] = files.get(group[0], 0)
        files[group[0]] = place + 1
    return sorted(places, key=places.__getitem__)


def looks(contest: Contest, schedule: Schedule) -> Iterator[Setup]:
    """All setups: the heads, then the others of each head's group in turn, fastest heads first.

    Groups whose head is so slow that round 1 would send it home come last. What the heads took
    is read from the contest when they have all been given out.
    """
    first = heads(contest.setups)
    yield from first
    medians = contest.medians()
    fastest = min(medians.values(), default=0.0)
    by_group = {_group(head): medians.get(head, float("inf")) for head in first}
    places: dict[tuple[str, str], int] = {}
    ranked: list[tuple[bool, int, float, Setup]] = []
    for setup in contest.setups:
        if setup in first:
            continue
        group = _group(setup)
        place = places[group] = places.get(group, 0) + 1
        is_far = by_group[group] > schedule.lead(1) * fastest
        ranked.append((is_far, place, by_group[group], setup))
    ranked.sort(key=lambda entry: entry[:3])
    yield from (entry[3] for entry in ranked)


def _group(setup: Setup) -> tuple[str, str]:
    return setup.file, setup.settings.engine
