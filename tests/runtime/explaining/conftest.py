"""An app and a bench whose calls are made up: 1 ms of work, by stage, unless a test says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.bench.comparison import Comparison, Load
from edgesmith_runtime.bench.phases import Phase, Series, Setting
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.bench.subject import Round, Subject
from edgesmith_runtime.host import Host
from edgesmith_runtime.latency import Measurement
from edgesmith_runtime.recorded import STAGES, Recording
from edgesmith_runtime.settings import Engine, EngineSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HOST = Host(
    cpu="Some CPU",
    n_cpus=4,
    n_cpus_affinity=4,
    cpu_quota=None,
    memory_bytes=None,
    os="Linux 6.1",
    machine="x86_64",
    python="3.11.7",
    numpy="2.4.0",
    onnxruntime="1.32.0",
    ai_edge_litert=None,
)
WORK_US = {"decode": 400.0, "prepare": 100.0, "infer": 450.0, "answer": 50.0}
RAW, RUN = Setting(Phase.RAW), Setting(Phase.STEADY, 1.0)


@pytest.fixture(scope="session")
def app() -> Callable[..., Recording]:
    """A recording of 200 calls, one after the other; stages in us, one for all calls or one each.

    ``pause_us`` is before a call. Stages that are not given are those of ``WORK_US``, without a wait; of ``run`` the engine's
    alone. All of the time in the thread was spent on a processor, unless ``cpu_us`` says otherwise.
    """

    def make(*, is_raw: bool = True, pause_us: Any = 0.0, **given: Any) -> Recording:
        n_calls = given.pop("n_calls", 200)
        work = WORK_US if is_raw else {"infer": WORK_US["infer"]}

        def each(value: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
            return (np.broadcast_to(value, (n_calls,)) * 1000.0).astype(np.int64)

        stages = {name: each(given.pop(f"{name}_us", work.get(name, 0.0))) for name in STAGES}
        total = np.sum([*stages.values()], axis=0)
        served = total - stages["wait"]
        cpu_us = given.pop("cpu_us", None)
        ends = np.cumsum(total + each(pause_us))
        columns: dict[str, Any] = {
            name: np.broadcast_to(np.int64(given.pop(name, default)), (n_calls,))
            for name, default in {
                "n_rows": 1,
                "n_sharing": 1,
                "n_in_flight": 1,
                "copied_bytes": 0,
                "thread_ids": 1,
                "bursts": 0,
            }.items()
        }
        members: dict[str, Any] = {
            "bundle": "digits",
            "identity": "0" * 64,
            "artifact": "model.onnx",
            "artifact_bytes": 81_234,
            "settings": EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=1),
            "host": HOST,
            "n_available_threads": 4,
            "n_process_threads": 2,
            "wall_ns": int(ends[-1]),
            "process_cpu_ns": int(served.sum()),
            "n_calls": n_calls,
            "every": 1,
            **given,
        }
        return Recording(
            begins_ns=ends - total,
            stages_ns=stages,
            cpu_ns=served if cpu_us is None else each(cpu_us),
            is_raw=np.full(n_calls, is_raw),
            **columns,
            **members,
        )

    return make


def _series(latencies_us: Any, stages_us: Mapping[str, float], n_calls: int) -> Series:
    latencies = (np.broadcast_to(latencies_us, (n_calls,)) * 1000).astype(int).tolist()
    return Series(
        measurement=Measurement(latencies_ns=tuple(latencies), n_warmup=10, host=HOST),
        stages_ns={
            name: tuple(int(us * 1000) for _ in range(n_calls))
            for name, us in stages_us.items()
        },
    )


@pytest.fixture(scope="session")
def lab() -> Callable[..., Comparison]:
    """Three rounds of the same artifact; latencies in us by setting, raw ones as ``WORK_US``."""

    def make(latencies_us: Mapping[Setting, Any] | None = None, **given: Any) -> Comparison:
        wanted = {RUN: 450.0, RAW: 1000.0} if latencies_us is None else latencies_us
        series = {
            setting: _series(us, WORK_US if setting.phase is Phase.RAW else {}, 200)
            for setting, us in wanted.items()
        }
        a_round = Round(
            import_ns=1, load_ns=1, first_call_ns=1, peak_memory_bytes=None, series=series
        )
        subject = Subject(
            name="model.onnx",
            engine=Engine.ONNXRUNTIME,
            size_bytes=81_234,
            rounds=(a_round,) * 3,
        )
        members = {
            "bundle": "digits",
            "identity": "0" * 64,
            "host": HOST,
            "versions": {},
            "plan": Plan(n_rounds=3),
            "n_threads": 1,
            "n_available_threads": 4,
            "load": Load(start=0.1, end=0.1),
            "subjects": (subject,),
            **given,
        }
        return Comparison(**members)

    return make
