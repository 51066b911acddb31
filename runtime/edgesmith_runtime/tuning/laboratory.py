"""Where setups are measured: one fresh process each time, whatever becomes of it."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.bench.measuring.child import ask
from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.digests import sha256_hex
from edgesmith_runtime.errors import WriteError
from edgesmith_runtime.files import scratch
from edgesmith_runtime.latency import Measurement, ratio_interval
from edgesmith_runtime.settings import Engine
from edgesmith_runtime.tuned import GraphCopy
from edgesmith_runtime.tuning.contest import TIME_WAS_UP, Schedule
from edgesmith_runtime.tuning.copier import COPIER
from edgesmith_runtime.tuning.exchange import Question, Timing, answer_from
from edgesmith_runtime.tuning.recording import record_graph
from edgesmith_runtime.tuning.standings import CopyTrial
from edgesmith_runtime.tuning.worker import WORKER

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.bench import Progress
    from edgesmith_runtime.host import Host
    from edgesmith_runtime.tuned import Setup

__all__ = ["Effort", "Laboratory"]

_WORTH_NS = 1e6  # what a copy must save of a load to be worth a file


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long a setup is timed in one process, and who takes part.

    Args:
        max_seconds: Aim of one timed series.
        min_calls: Lower limit of timed calls, which a slow setup takes longer for.
        max_calls: Upper limit of timed calls.
        deadline_s: A process that runs longer is ended, and its setup is out.
        schedule: Of the rounds.
    """

    max_seconds: float = 0.15
    min_calls: int = 10
    max_calls: int = 3000
    deadline_s: float = 120.0
    schedule: Schedule = field(default_factory=Schedule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """What every measurement of one bundle shares.

    Args:
        path: Of the bundle.
        identity: Of the bundle: what is in its place later is not measured.
        effort: How precisely.
        host: The machine, for the measurements.
    """

    path: str
    identity: str
    effort: Effort
    host: Host

    def measure(self, setup: Setup, left_s: float) -> Timing | Problem:
        """One round of one setup, in at most so many seconds."""
        return self._ask(self._question(setup), left_s)

    def try_copy(
        self, setup: Setup, folder: Path, *, end: float, progress: Progress | None
    ) -> tuple[CopyTrial, GraphCopy] | Problem | None:
        """Whether the engine's copy of a graph is worth keeping.

        Args:
            setup: What runs the bundle.
            folder: Where a copy that is kept is put.
            end: On the monotonic clock; no process outlives it.
            progress: Called before each pair of processes.

        Returns:
            What was found; None where the engine takes no copy.
        """
        if setup.settings.engine is not Engine.ONNXRUNTIME:
            return None
        try:
            with scratch(folder) as drafts:
                place = drafts / "copy.onnx"
                tried = self._tried(setup, place, end=end, progress=progress)
                if not isinstance(tried, Problem) and tried[0].is_kept:
                    record_graph(folder, tried[1], place.read_bytes())
        except (OSError, WriteError) as error:
            return Problem(str(error))
        return tried

    def _tried(
        self, setup: Setup, place: Path, *, end: float, progress: Progress | None
    ) -> tuple[CopyTrial, GraphCopy] | Problem:
        plain = dataclasses.replace(
            self._question(setup), max_seconds=1e-3, min_calls=1, max_calls=1
        )
        asked = dataclasses.replace(plain, graph_path=str(place))
        said = self._said(COPIER, asked, end - time.monotonic())
        if isinstance(said, Problem):
            return said
        if said and isinstance(answer := answer_from(said), Problem):
            return answer
        content = place.read_bytes()
        graph = GraphCopy(sha256=sha256_hex(content), size_bytes=len(content))
        loads = self._loads(
            [dataclasses.replace(asked, graph=graph), plain], end=end, progress=progress
        )
        if isinstance(loads, Problem):
            return loads
        with_copy, without = loads
        ratio = ratio_interval(with_copy, without, np.random.default_rng(0))
        load_ns = float(np.median([one.median_ns for one in without]))
        is_kept = ratio.high < 1.0 and load_ns * (1.0 - ratio.value) >= _WORTH_NS
        return CopyTrial(
            load_ns=load_ns, ratio=ratio, is_kept=is_kept, size_bytes=len(content)
        ), graph

    def _loads(
        self, questions: list[Question], *, end: float, progress: Progress | None
    ) -> list[list[Measurement]] | Problem:
        """How long each takes to load, by round, in as many rounds as there is time for."""
        found: list[list[Measurement]] = []
        schedule = self.effort.schedule
        n_rounds, n_each = schedule.calm_rounds, len(questions)
        for index in range(n_rounds):
            if progress is not None:
                said = "loads with a copy of the graph, and without"
                progress(n_each * index, n_each * n_rounds, said)
            timed: dict[int, Measurement] = {}
            # Which goes first alternates: the next one finds files in the page cache.
            for which in range(n_each) if index % 2 else reversed(range(n_each)):
                answer = self._ask(questions[which], end - time.monotonic())
                if isinstance(answer, Problem):
                    enough = len(found) >= schedule.min_rounds and time.monotonic() >= end
                    return (
                        [list(column) for column in zip(*found, strict=True)]
                        if enough
                        else answer
                    )
                timed[which] = Measurement(
                    latencies_ns=(answer.load_ns,), n_warmup=0, host=self.host
                )
            found.append([timed[which] for which in range(n_each)])
        return [list(column) for column in zip(*found, strict=True)]

    def _question(self, setup: Setup) -> Question:
        return Question(
            bundle=self.path,
            identity=self.identity,
            setup=setup,
            max_seconds=self.effort.max_seconds,
            min_calls=self.effort.min_calls,
            max_calls=self.effort.max_calls,
        )

    def _ask(self, question: Question, left_s: float) -> Timing | Problem:
        said = self._said(WORKER, question, left_s)
        return said if isinstance(said, Problem) else answer_from(said)

    def _said(self, worker: str, question: Question, left_s: float) -> str | Problem:
        if left_s <= 0:
            return Problem(TIME_WAS_UP)
        deadline_s = min(left_s, self.effort.deadline_s)
        return ask(worker, question.to_json(), deadline_s=deadline_s)
