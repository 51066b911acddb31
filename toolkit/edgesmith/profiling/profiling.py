"""Profile a bundle: every artifact in processes of its own, and the figures of what they say."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.layer_times import ArtifactProfile, LayerTime, OpTime, Profile, StepTime
from edgesmith.profiling.exchange import ProfileReply, ProfileRequest, agreed
from edgesmith.profiling.names import LayerNames, layer_names
from edgesmith.profiling.turns import estimate
from edgesmith_runtime.bench.measuring.child import ask
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import EdgesmithError, InputError
from edgesmith_runtime.host import available_threads, this_host
from edgesmith_runtime.latency import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.manifest import ArtifactEntry

__all__ = ["profile_bundle"]

_WORKER = "edgesmith.profiling.worker"
_N_BLOCKS = 9  # of each process
_SEED = 0  # of the resamples
_FAR = 0.10  # layers and framework beyond the whole by more are told


def profile_bundle(  # noqa: PLR0913 - what a measurement may be asked
    bundle: str | Path,
    *,
    files: Sequence[str] = (),
    n_threads: int | None = None,
    n_processes: int = 5,
    seconds: float = 1.2,
    deadline_s: float = 600.0,
    progress: Callable[[int, int, str], None] | None = None,
) -> Profile:
    """Time the artifacts of a bundle by layer, one sample at a time.

    Args:
        bundle: A file or an unpacked directory; the record of its build is looked for beside it.
        files: Artifacts; none takes all.
        n_threads: Of one run; None takes 1, with which every operation's time is its own.
        n_processes: Fresh processes an artifact, one after the other; of 1 there is no interval.
            With 5 the intervals held the truth of a simulation 93 times of 100, with 3 82 times.
        seconds: What each of them measures for, about.
        deadline_s: One that takes longer is ended.
        progress: Called before each process: how many are done, how many there are, what runs.

    Raises:
        BundleError: The bundle cannot be read.
        InputError: It has no such artifact, or this host fewer threads.
        BackendError: There is no interpreter to start a process with.
    """
    opened = read_bundle(bundle)
    manifest = opened.manifest
    entries = _chosen(manifest.artifacts, files)
    threads = n_threads or 1
    if threads > available_threads():
        raise InputError(
            f"expected at most the {available_threads()} threads that this process may use, "
            f"got {threads}"
        )
    scopes, unread = _recorded_scopes(Path(bundle), opened)
    artifacts: list[ArtifactProfile] = []
    problems: dict[str, str] = {}
    for place, entry in enumerate(entries):
        request = ProfileRequest(
            bundle=str(bundle),
            file=entry.file,
            n_threads=threads,
            n_blocks=_N_BLOCKS,
            seconds=seconds,
        )
        replies: list[ProfileReply] = []
        for turn in range(n_processes):
            if progress is not None:
                progress(place * n_processes + turn, len(entries) * n_processes, entry.file)
            replies.append(_asked(request, deadline_s))
            if replies[-1].problem is not None:
                problems[entry.file] = str(replies[-1].problem)
                break
        else:
            alike = agreed(replies)
            names = layer_names(
                [clue for op in alike[0].ops for clue in op.clues],
                file=entry.file,
                recorded=scopes,
                manifest_layers=manifest.layers,
            )
            artifacts.append(_profile(entry, threads, alike, names, unread))
    return Profile(
        bundle=manifest.name, host=this_host(), artifacts=tuple(artifacts), problems=problems
    )


def _chosen(
    entries: Sequence[ArtifactEntry], files: Sequence[str]
) -> tuple[ArtifactEntry, ...]:
    known = {entry.file: entry for entry in entries}
    for file in files:
        if file not in known:
            raise InputError(
                f"no artifact '{file}' in the bundle; expected some of {', '.join(known)}"
            )
    return tuple(known[file] for file in dict.fromkeys(files)) if files else tuple(entries)


def _recorded_scopes(path: Path, bundle: Bundle) -> tuple[Mapping[str, str], list[str]]:
    """Layer paths by name scope, where the build of this bundle left its record beside it.

    Returns:
        With a note where a record is there that is not used.
    """
    from edgesmith.packing.beside import build_beside

    try:
        found = build_beside(path, bundle)
    except EdgesmithError as error:
        return {}, [f"what the build left is not used: {error}"]
    if found.is_of_another:
        return {}, [f"{found.place} is of another bundle, its names of layers are not used"]
    return ({} if found.record is None else found.record.scopes), []


def _asked(request: ProfileRequest, deadline_s: float) -> ProfileReply:
    answer = ask(_WORKER, request.to_json(), deadline_s=deadline_s)
    if not isinstance(answer, str):
        return ProfileReply(problem=answer.reason)
    try:
        return ProfileReply.from_json(answer)
    except (AttributeError, KeyError, TypeError, ValueError):
        return ProfileReply(problem=f"expected a reply in JSON, got {answer[:80]!r}")


class _Blocks:
    """The times by what was timed, each ``(process, block)`` in ns."""

    def __init__(self, replies: Sequence[ProfileReply]) -> None:
        self._times = {
            key: np.array([reply.times[key] for reply in replies]) for key in replies[0].times
        }

    def __getitem__(self, key: str) -> NDArray[np.float64]:
        return self._times[key]

    def figure(self, blocks: NDArray[np.float64]) -> Estimate:
        # A new generator for each: none depends on which others were asked for before.
        return estimate(blocks, np.random.default_rng(_SEED))

    def optional(self, key: str) -> Estimate | None:
        return self.figure(self._times[key]) if key in self._times else None

    def part(self, blocks: NDArray[np.float64]) -> Estimate:
        """Of something that takes time: noise below 0 is none."""
        found = self.figure(blocks)
        return Estimate(
            value=max(found.value, 0.0), low=max(found.low, 0.0), high=max(found.high, 0.0)
        )


def _profile(
    entry: ArtifactEntry,
    n_threads: int,
    replies: Sequence[ProfileReply],
    names: LayerNames,
    unread: Sequence[str],
) -> ArtifactProfile:
    first, blocks = replies[0], _Blocks(replies)
    total = blocks.figure(blocks["run"])
    layers = _layers(first, blocks, names, total.value)
    every = [blocks[f"op:{index}"] for index in range(len(first.ops))]
    framework = blocks["whole"] - np.sum(every, axis=0)
    is_raw = "predict" in first.times
    found = ArtifactProfile(
        file=entry.file,
        format=entry.format,
        engine=first.settings,
        n_threads=n_threads,
        predict_ns=blocks.optional("predict"),
        total_ns=total,
        layers=layers,
        transform=tuple(
            StepTime(
                index=index,
                op=op,
                output=output,
                time_ns=blocks.figure(blocks[f"step:{index}"]),
            )
            for index, (op, output) in enumerate(first.steps)
        ),
        reading_ns=blocks.figure(_reading(blocks, first)) if is_raw else None,
        colder_ns=blocks.figure(blocks["run_after"] - blocks["run"]) if is_raw else None,
        answer_ns=blocks.optional("answer"),
        copies_ns=blocks.figure(blocks["run"] - blocks["engine"]),
        framework_ns=blocks.figure(framework),
        method=first.method,
        notes=(*_notes(first, blocks, framework, names), *unread),
    )
    return _with_rest_noted(found)


def _notes(
    reply: ProfileReply, blocks: _Blocks, framework: NDArray[np.float64], names: LayerNames
) -> list[str]:
    notes = [*reply.notes, *([names.note] if names.note is not None else [])]
    bare = [op for op in reply.ops if names.of(op.clues) is None]
    if names.scopes and bare:
        shown = ", ".join(dict.fromkeys(op.name for op in bare[:3]))
        notes.append(
            f"no name tells the layer of {len(bare)} of {len(reply.ops)} operations ({shown}"
            f"{', ...' if len(bare) > 3 else ''}): they stand for themselves"
        )
    if len(framework) == 1:
        notes.append("one process: no intervals, which would be between processes")
    if reply.lost:
        notes.append(
            f"what cannot run alone ({len(reply.lost)}) is in the framework's time: "
            f"{'; '.join(reply.lost[:3])}"
        )
    share = float(np.median(framework)) / float(np.median(blocks["whole"]))
    if share < -_FAR:
        notes.append(
            f"the operations by themselves came to {-share:.0%} more than the whole: take the "
            "order of the layers from this, not their times"
        )
    return notes


def _with_rest_noted(found: ArtifactProfile) -> ArtifactProfile:
    whole = found.total_ns if found.predict_ns is None else found.predict_ns
    share = found.rest_ns / whole.value
    if abs(share) <= _FAR:
        return found
    note = (
        f"the parts do not account for {abs(share):.0%} of the whole: the machine was disturbed, "
        "profile again"
    )
    return dataclasses.replace(found, notes=(*found.notes, note))


def _reading(blocks: _Blocks, reply: ProfileReply) -> NDArray[np.float64]:
    steps = [blocks[f"step:{index}"] for index in range(len(reply.steps))]
    return blocks["prepare"] - np.sum(steps, axis=0)


def _layers(
    reply: ProfileReply, blocks: _Blocks, names: LayerNames, total_ns: float
) -> tuple[LayerTime, ...]:
    by_layer: dict[str, list[int]] = {}
    for index, op in enumerate(reply.ops):
        by_layer.setdefault(names.of(op.clues) or op.name, []).append(index)
    found: list[LayerTime] = []
    for layer, indices in by_layer.items():
        time_ns = blocks.part(np.sum([blocks[f"op:{index}"] for index in indices], axis=0))
        ops = tuple(
            OpTime(
                name=reply.ops[index].name,
                op=reply.ops[index].op,
                time_ns=blocks.part(blocks[f"op:{index}"]),
            )
            for index in indices
        )
        share = time_ns.value / total_ns
        found.append(LayerTime(layer=layer, ops=ops, time_ns=time_ns, share=share))
    return tuple(found)
