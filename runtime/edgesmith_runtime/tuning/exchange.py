"""What crosses the pipe between a tuning and the process of one setup, as JSON."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.settings import settings_from
from edgesmith_runtime.tuned import GraphCopy, Setup

__all__ = ["Question", "Timing", "answer_from", "answer_json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One process: what to open, how, and how long to call it.

    Args:
        bundle: Its path.
        identity: What the bundle there must be.
        setup: What is measured.
        graph_path: Where the optimised copy of the graph is; None opens the artifact.
        graph: What that copy must be; None opens the artifact.
        max_seconds: Aim of the timed calls.
        min_calls: Fewest timed calls.
        max_calls: Most timed calls.
    """

    bundle: str
    identity: str
    setup: Setup
    graph_path: str | None = None
    graph: GraphCopy | None = None
    max_seconds: float
    min_calls: int
    max_calls: int

    def to_json(self) -> str:
        """One line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Question:
        """Read what ``to_json`` wrote."""
        members = json.loads(text)
        setup, graph = members["setup"], members["graph"]
        members["setup"] = Setup(file=setup["file"], settings=settings_from(setup["settings"]))
        members["graph"] = None if graph is None else GraphCopy(**graph)
        return cls(**members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What a process measured, in ns.

    Args:
        latencies_ns: Every timed call.
        n_warmup: Calls before the first of them.
        load_ns: From the bytes of the artifact, or the place of the copy, to a runner.
    """

    latencies_ns: tuple[int, ...]
    n_warmup: int
    load_ns: int


def answer_json(answer: Timing | Problem) -> str:
    """One line."""
    return json.dumps(dataclasses.asdict(answer))


def answer_from(text: str) -> Timing | Problem:
    """Read what ``answer_json`` wrote; what is no answer is a ``Problem``."""
    try:
        members = json.loads(text)
        if "reason" in members:
            return Problem(**members)
        return Timing(
            latencies_ns=tuple(members["latencies_ns"]),
            n_warmup=members["n_warmup"],
            load_ns=members["load_ns"],
        )
    except (json.JSONDecodeError, KeyError, TypeError):
        return Problem(f"expected an answer in JSON, got {text[:80]!r}")
