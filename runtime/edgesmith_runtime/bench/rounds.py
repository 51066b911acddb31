"""The comparison itself: every subject in turn, round by round, each in a fresh process."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from edgesmith_runtime.bench.child import run_child
from edgesmith_runtime.bench.comparison import Comparison, Load
from edgesmith_runtime.bench.exchange import Problem, Reply, Request
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.bench.references import (
    Expected,
    References,
    elsewhere,
    fixed_batch,
    golden_references,
    sample_references,
)
from edgesmith_runtime.bench.samples import write_tensors
from edgesmith_runtime.bench.subject import CallStyle, Round, Subject, SubjectKind
from edgesmith_runtime.bundle import Bundle, read_bundle
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.files import scratch
from edgesmith_runtime.host import Host, available_threads, this_host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["Progress", "compare"]

T = TypeVar("T")

# Called before each process: how many are done, how many there are at most, and what runs now.
Progress = Callable[[int, int, str], None]


def compare(
    bundle: str | os.PathLike[str],
    *,
    against: str | os.PathLike[str] | None = None,
    samples: Mapping[str, NDArray[Any]] | None = None,
    plan: Plan | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Measure every artifact of a bundle, and the original Keras model, with the same inputs.

    Each subject runs in a process of its own in every round, in an order that is drawn anew;
    the ways to call Keras share one. A subject counts only if its answers are right: those of
    the golden samples, or on ``samples`` those of the default artifact. What cannot run is a
    subject with a ``problem``, and takes no part in later rounds.

    Args:
        bundle: The bundle, as a file or a directory.
        against: The Keras file that the bundle was made from; None compares artifacts alone.
        samples: Prepared tensors by input name, ``(n, ...)``; the first ``max(batches)`` rows
            are used, repeated where there are fewer. None takes the golden samples.
        plan: What to spend; None takes ``Plan()``.
        progress: For a progress bar.

    Raises:
        BundleError: The bundle cannot be read.
        InputError: ``against`` is not there, or there are no samples.
        SignatureError: ``samples`` are not what the default artifact takes.
        BackendError: The default artifact cannot be run on ``samples``, or there is no
            interpreter to start a process with.
        WriteError: There is no place for temporary files.
    """
    spent = plan or Plan()
    opened = read_bundle(bundle)
    original = None if against is None else Path(against)
    if original is not None and not original.exists():
        raise InputError(f"{original}: no such file; expected the Keras model to compare with")
    if samples is None:
        references = golden_references(opened)
    else:
        references = sample_references(opened, samples, max(spent.batches))
    host = this_host()
    n_threads = spent.n_threads or available_threads()
    load_start = _load_average()
    with scratch() as folder:
        template = _template(folder, Path(bundle), spent, n_threads)
        requests = _requests(template, opened, references, original)
        ledger = _Ledger(problems=_unmeasurable(opened, spent))
        _run_rounds(requests, ledger, spent, host, progress)
    return Comparison(
        bundle=opened.manifest.name,
        host=host,
        versions=ledger.versions,
        plan=spent,
        n_threads=n_threads,
        n_available_threads=available_threads(),
        load=Load(start=load_start, end=_load_average()),
        subjects=_subjects(opened, original, ledger),
    )


def _template(folder: Path, bundle: Path, plan: Plan, n_threads: int) -> Request:
    return Request(
        model=str(bundle),
        artifact=None,
        styles=(),
        inputs=str(folder / "inputs.npz"),
        expected="",
        tolerances={},
        batches=plan.batches,
        n_threads=n_threads,
        max_seconds=plan.max_seconds,
        min_calls=plan.min_calls,
        max_calls=plan.max_calls,
    )


def _requests(
    template: Request, bundle: Bundle, references: References, original: Path | None
) -> list[Request]:
    """One for each process of a round; their tensors are written where they say."""
    write_tensors(Path(template.inputs), references.inputs)
    requests = [
        dataclasses.replace(
            _expecting(template, references.artifacts[entry.file], f"{entry.file}.npz"),
            artifact=entry.file,
            batches=tuple(
                size
                for size in template.batches
                if fixed_batch(entry.signature) in (None, size)
            ),
        )
        for entry in bundle.manifest.artifacts
    ]
    if original is not None:
        request = _expecting(template, references.original, "keras.npz")
        requests.append(
            dataclasses.replace(request, model=str(original), styles=tuple(CallStyle))
        )
    return requests


def _expecting(template: Request, expected: Expected, file: str) -> Request:
    path = Path(template.inputs).with_name(file)
    write_tensors(path, expected.outputs)
    return dataclasses.replace(
        template, expected=str(path), tolerances=dict(expected.tolerances)
    )


@dataclass(slots=True)
class _Ledger:
    """What the processes said so far, by subject; who had a problem once is out."""

    rounds: dict[str, list[Round]] = field(default_factory=dict[str, list[Round]])
    problems: dict[str, str] = field(default_factory=dict[str, str])
    versions: dict[str, str] = field(default_factory=dict[str, str])

    def enter(self, reply: Reply) -> None:
        self.versions.update(reply.versions)
        for name, outcome in reply.outcomes.items():
            if isinstance(outcome, Problem):
                self.problems[name] = outcome.reason
            else:
                self.rounds.setdefault(name, []).append(outcome)

    def still_in(self, request: Request) -> bool:
        return any(name not in self.problems for name in request.subjects)


def _unmeasurable(bundle: Bundle, plan: Plan) -> dict[str, str]:
    """Artifacts that cannot be called on the prepared tensors of the plan, and why not.

    A fused one is timed on other work than the rest: steps of the transform are in its call.
    """
    sizes = ", ".join(str(size) for size in plan.batches)
    problems = {
        entry.file: f"it takes batches of {fixed} only, not of {sizes}"
        for entry in bundle.manifest.artifacts
        if (fixed := fixed_batch(entry.signature)) is not None and fixed not in plan.batches
    }
    for entry in elsewhere(bundle.manifest):
        problems[entry.file] = (
            "it takes other values than the default artifact, from before some steps of the "
            "transform; compare both from raw inputs"
        )
    return problems


def _run_rounds(
    requests: Sequence[Request],
    ledger: _Ledger,
    plan: Plan,
    host: Host,
    progress: Progress | None,
) -> None:
    rng = np.random.default_rng(plan.seed)
    n_processes = plan.n_rounds * len(requests)
    for round_index in range(plan.n_rounds):
        for place, chosen in enumerate(_shuffled(requests, rng)):
            # The styles too: the first one meets a cold process.
            styles = [style for style in chosen.styles if style not in ledger.problems]
            request = dataclasses.replace(chosen, styles=tuple(_shuffled(styles, rng)))
            if not ledger.still_in(request):
                continue
            if progress is not None:
                done = round_index * len(requests) + place
                name = request.artifact or "keras"
                progress(done, n_processes, f"round {round_index + 1}: {name}")
            ledger.enter(run_child(request, host=host, deadline_s=plan.deadline_s))


def _shuffled(items: Sequence[T], rng: np.random.Generator) -> list[T]:
    order = cast("list[int]", rng.permutation(len(items)).tolist())
    return [items[index] for index in order]


def _subjects(bundle: Bundle, original: Path | None, ledger: _Ledger) -> tuple[Subject, ...]:
    named: list[tuple[str, CallStyle | None, int]] = [
        (entry.file, None, bundle.artifact(entry.file).size_bytes)
        for entry in bundle.manifest.artifacts
    ]
    if original is not None:
        size_bytes = original.stat().st_size
        named += [(style.value, style, size_bytes) for style in CallStyle]
    return tuple(
        Subject(
            name=key if style is None else f"keras {style}",
            kind=SubjectKind.ARTIFACT if style is None else SubjectKind.KERAS,
            style=style,
            size_bytes=size_bytes,
            rounds=() if key in ledger.problems else tuple(ledger.rounds[key]),
            problem=ledger.problems.get(key),
        )
        for key, style, size_bytes in named
    )


def _load_average() -> float | None:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None  # Windows has none
