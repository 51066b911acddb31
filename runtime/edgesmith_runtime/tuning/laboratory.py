"""Where setups are measured: one fresh process each time, whatever becomes of it."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.bench.child import ask
from edgesmith_runtime.bench.exchange import Problem
from edgesmith_runtime.digests import sha256_hex
from edgesmith_runtime.latency import Measurement, ratio_interval
from edgesmith_runtime.settings import Engine
from edgesmith_runtime.tuned import GraphCopy
from edgesmith_runtime.tuning.contest import Schedule
from edgesmith_runtime.tuning.copier import COPIER
from edgesmith_runtime.tuning.exchange import Question, Timing, answer_from
from edgesmith_runtime.tuning.recording import record_graph
from edgesmith_runtime.tuning.standings import CopyTrial
from edgesmith_runtime.tuning.worker import WORKER

if TYPE_CHECKING:
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
    min_calls: int = 20
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

    def measure(self, setup: Setup) -> Timing | Problem:
        """One round of one setup."""
        return self._ask(self._question(setup))

    def try_copy(
        self, setup: Setup, folder: Path, *, end: float, progress: Progress | None
    ) -> tuple[CopyTrial, GraphCopy] | None:
        """Whether the engine's copy of a graph is worth keeping.

        Args:
            setup: What runs the bundle.
            folder: Where the copy is put.
            end: On the monotonic clock; nothing starts later.
            progress: Called before each pair of processes.

        Returns:
            What was found; None where the engine takes no copy, where it fails, and where too
            few rounds fit.
        """
        if setup.settings.engine is not Engine.ONNXRUNTIME or time.monotonic() >= end:
            return None
        content = self._copy_of(setup)
        if content is None:
            return None
        graph = GraphCopy(sha256=sha256_hex(content), size_bytes=len(content))
        place = record_graph(folder, graph, content)
        plain = dataclasses.replace(
            self._question(setup), max_seconds=1e-3, min_calls=1, max_calls=1
        )
        copied = dataclasses.replace(plain, graph=graph, graph_path=str(place))
        loads = self._loads([copied, plain], end=end, progress=progress)
        if loads is None:
            return None
        with_copy, without = loads
        ratio = ratio_interval(with_copy, without, np.random.default_rng(0))
        load_ns = float(np.median([one.median_ns for one in without]))
        is_kept = ratio.high < 1.0 and load_ns * (1.0 - ratio.value) >= _WORTH_NS
        return CopyTrial(
            load_ns=load_ns, ratio=ratio, is_kept=is_kept, size_bytes=len(content)
        ), graph

    def _loads(
        self, questions: list[Question], *, end: float, progress: Progress | None
    ) -> list[list[Measurement]] | None:
        """How long each takes to load, by round; None where one fails or the time is up."""
        found: list[list[Measurement]] = [[] for _ in questions]
        schedule = self.effort.schedule
        n_rounds, n_each = schedule.n_rounds, len(questions)
        for index in range(n_rounds):
            if time.monotonic() >= end:
                break
            if progress is not None:
                said = "loads with a copy of the graph, and without"
                progress(n_each * index, n_each * n_rounds, said)
            # Which goes first alternates: the next one finds files in the page cache.
            order = range(n_each) if index % 2 else reversed(range(n_each))
            for which in order:
                answer = self._ask(questions[which])
                if isinstance(answer, Problem):
                    return None
                found[which].append(
                    Measurement(latencies_ns=(answer.load_ns,), n_warmup=0, host=self.host)
                )
        return found if len(found[0]) >= schedule.min_rounds else None

    def _copy_of(self, setup: Setup) -> bytes | None:
        with tempfile.TemporaryDirectory(prefix="edgesmith-tune-") as scratch:
            place = Path(scratch, "copy.onnx")
            question = dataclasses.replace(self._question(setup), graph_path=str(place))
            said = ask(COPIER, question.to_json(), deadline_s=self.effort.deadline_s)
            return None if said != "" else place.read_bytes()

    def _question(self, setup: Setup) -> Question:
        return Question(
            bundle=self.path,
            identity=self.identity,
            setup=setup,
            max_seconds=self.effort.max_seconds,
            min_calls=self.effort.min_calls,
            max_calls=self.effort.max_calls,
        )

    def _ask(self, question: Question) -> Timing | Problem:
        answer = ask(WORKER, question.to_json(), deadline_s=self.effort.deadline_s)
        return answer if isinstance(answer, Problem) else answer_from(answer)
