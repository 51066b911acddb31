"""What was recorded of the calls of a model in an app: every row, on the disk as JSON."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.files import replacing
from edgesmith_runtime.host import Host, available_threads, this_host
from edgesmith_runtime.settings import EngineSettings, settings_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact, Bundle

__all__ = ["STAGES", "Recording"]

_KIND = "edgesmith-recording"
_VERSION = 1
_MOST = (
    2**59
)  # of any column, 18 years in ns: sums of a few of them are whole numbers of 64 bits

STAGES = ("wait", "decode", "prepare", "infer", "answer")
# What a row has beside its stages and whether it came from raw inputs.
_COLUMNS = (
    *("begins_ns", "cpu_ns", "n_rows", "n_sharing"),
    *("n_in_flight", "copied_bytes", "thread_ids", "bursts"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """The calls of a model while an app ran, the oldest first; each array has one entry a call.

    Args:
        bundle: Name in the manifest.
        identity: Of the bundle: the same, the same files.
        artifact: The file that ran.
        artifact_bytes: Its size.
        settings: How its engine ran; None where not known.
        host: The machine.
        n_available_threads: That the process might use.
        n_process_threads: That the process had at the end, idle ones included; None: not known.
        wall_ns: How long calls were recorded.
        process_cpu_ns: Processor time of the whole process meanwhile.
        n_calls: That were recorded in all; those before the ones here are not kept.
        every: One call in so many was recorded, some in a row each time.
        begins_ns: When a call was asked for, from the start of the recording.
        stages_ns: ``wait``: from the asking until a thread took it up, or the batch that it ran
            in; ``decode``: from raw inputs, as files, bytes, cells or texts, to arrays;
            ``prepare``: the other steps, or of ``run`` the copy of what was not contiguous;
            ``infer``: the engine; ``answer``: from outputs to predictions.
        cpu_ns: Processor time of the thread that ran the call, without its wait; -1 where it was
            not looked at, as in most calls below half a millisecond.
        n_rows: Samples in the run, those of other callers of a batch included.
        n_sharing: Callers of a ``Batcher`` that shared the run; else 1.
        n_in_flight: Runs of this model that were going on when this one began, with it.
        copied_bytes: Of arrays that were not contiguous or were put together to a batch; of more
            than 32 raw inputs by the first 32.
        thread_ids: As ``threading.get_ident``.
        bursts: Between calls of the same number none was left out.
        is_raw: Whether it was a call with raw inputs; False for ``run``.
    """

    bundle: str
    identity: str
    artifact: str
    artifact_bytes: int
    settings: EngineSettings | None
    host: Host
    n_available_threads: int
    n_process_threads: int | None
    wall_ns: int
    process_cpu_ns: int
    n_calls: int
    every: int
    begins_ns: NDArray[np.int64]
    stages_ns: Mapping[str, NDArray[np.int64]]
    cpu_ns: NDArray[np.int64]
    n_rows: NDArray[np.int64]
    n_sharing: NDArray[np.int64]
    n_in_flight: NDArray[np.int64]
    copied_bytes: NDArray[np.int64]
    thread_ids: NDArray[np.int64]
    bursts: NDArray[np.int64]
    is_raw: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if tuple(self.stages_ns) != STAGES:
            raise ValueError(f"stages_ns: expected {STAGES}, got {tuple(self.stages_ns)}")
        arrays = {name: getattr(self, name) for name in (*_COLUMNS, "is_raw")}
        arrays |= self.stages_ns
        for name, array in arrays.items():
            if array.shape != self.begins_ns.shape or array.ndim != 1:
                raise ValueError(
                    f"{name}: expected one entry a call, {self.begins_ns.shape}, "
                    f"got {array.shape}"
                )

    def __len__(self) -> int:
        return len(self.begins_ns)

    def __str__(self) -> str:
        """Calls from raw inputs and those of ``run`` apart, each with its times by stage."""
        from edgesmith_runtime.recording_table import calls_text, stage_table

        dropped = f", the last of {self.n_calls}" if self.n_calls > len(self) else ""
        sampled = f", one call in {self.every} recorded" if self.every > 1 else ""
        lines = [
            f"{self.artifact} of '{self.bundle}': {calls_text(len(self))} in "
            f"{self.wall_ns / 1e9:.3g} s{dropped}{sampled}"
        ]
        for name, chosen in (("from raw inputs", self.is_raw), ("run", ~self.is_raw)):
            if chosen.any():
                stages_ns = {stage: ns[chosen] for stage, ns in self.stages_ns.items()}
                lines += ["", f"{name}: {calls_text(int(chosen.sum()))}"]
                lines += stage_table(stages_ns, self.host)
        return "\n".join(lines)

    @property
    def total_ns(self) -> NDArray[np.int64]:
        """From the asking to the answer, of each call."""
        return np.sum([*self.stages_ns.values()], axis=0)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as JSON; the file appears whole.

        Raises:
            WriteError: It cannot be written.
        """
        content = json.dumps(self.to_json()).encode()
        with replacing(path, size_bytes=len(content)) as draft:
            draft.write_bytes(content)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Recording:
        """Read what ``save`` wrote.

        Raises:
            InputError: It cannot be read, or is none.
        """
        try:
            document = json.loads(Path(path).read_bytes())
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:
            reason = "nested too deeply" if isinstance(error, RecursionError) else error
            raise InputError(
                f"{path}: expected a recording, as recording.save(path) writes it, got no JSON: "
                f"{reason}"
            ) from error
        return cls.from_json(document, where=os.fspath(path))

    def to_json(self) -> dict[str, Any]:
        """Every row, as plain JSON values."""
        return {
            "kind": _KIND,
            "version": _VERSION,
            "bundle": self.bundle,
            "identity": self.identity,
            "artifact": self.artifact,
            "artifact_bytes": self.artifact_bytes,
            "settings": None if self.settings is None else dataclasses.asdict(self.settings),
            "host": dataclasses.asdict(self.host),
            "n_available_threads": self.n_available_threads,
            "n_process_threads": self.n_process_threads,
            "wall_ns": self.wall_ns,
            "process_cpu_ns": self.process_cpu_ns,
            "n_calls": self.n_calls,
            "every": self.every,
            "stages_ns": {name: taken.tolist() for name, taken in self.stages_ns.items()},
            **{name: getattr(self, name).tolist() for name in (*_COLUMNS, "is_raw")},
        }

    @classmethod
    def from_json(cls, document: object, *, where: str) -> Recording:
        """Read what ``to_json`` gave.

        Args:
            document: As ``json.loads`` gives it.
            where: It is from, for messages.

        Raises:
            InputError: It is none, of another version, or damaged.
        """
        found: dict[str, Any] = {}
        if isinstance(document, dict):
            found = cast("dict[str, Any]", document)
        if found.get("kind") != _KIND:
            raise InputError(
                f"{where}: expected a recording, as recording.save(path) writes it, got another "
                "document"
            )
        if found.get("version") != _VERSION:
            raise InputError(
                f"{where}: expected version {_VERSION} of a recording, got "
                f"{found.get('version')!r}; record again with this version of edgesmith-runtime"
            )
        try:
            return cls._read(found)
        except KeyError as error:
            raise InputError(
                f"{where}: a recording without {error.args[0]!r}: another version of "
                "edgesmith-runtime wrote it, or a part was lost; record again"
            ) from error
        except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise InputError(
                f"{where}: damaged: {type(error).__name__}: {error}; save the recording again"
            ) from error

    @classmethod
    def _read(cls, found: Mapping[str, Any]) -> Recording:
        settings = found["settings"]
        n_threads = found["n_process_threads"]
        columns: dict[str, Any] = {name: _column(found, name) for name in _COLUMNS}
        return cls(
            bundle=str(found["bundle"]),
            identity=str(found["identity"]),
            artifact=str(found["artifact"]),
            artifact_bytes=_whole(found, "artifact_bytes"),
            n_available_threads=_whole(found, "n_available_threads"),
            n_process_threads=None if n_threads is None else _whole(found, "n_process_threads"),
            wall_ns=_whole(found, "wall_ns"),
            process_cpu_ns=_whole(found, "process_cpu_ns"),
            n_calls=_whole(found, "n_calls"),
            every=_whole(found, "every"),
            settings=None if settings is None else settings_from(settings),
            host=Host(**found["host"]),
            stages_ns={name: _column(found["stages_ns"], name) for name in STAGES},
            is_raw=_flags(found, "is_raw"),
            **columns,
        )

    @classmethod
    def of(  # noqa: PLR0913 - a recording has these
        cls,
        bundle: Bundle,
        artifact: Artifact,
        settings: EngineSettings | None,
        moments: Mapping[str, NDArray[np.int64]],
        *,
        start_ns: int,
        wall_ns: int,
        process_cpu_ns: int,
        n_calls: int,
        every: int,
    ) -> Recording:
        """A recording of this process, from the columns of a recorder."""
        cuts = ("asked", "begun", "read", "prepared", "inferred", "ended")
        return cls(
            bundle=bundle.manifest.name,
            identity=bundle.identity,
            artifact=artifact.file,
            artifact_bytes=artifact.size_bytes,
            settings=settings,
            host=this_host(),
            n_available_threads=available_threads(),
            n_process_threads=_n_process_threads(),
            wall_ns=wall_ns,
            process_cpu_ns=process_cpu_ns,
            n_calls=n_calls,
            every=every,
            begins_ns=moments["asked"] - start_ns,
            stages_ns={
                stage: moments[after] - moments[before]
                for stage, before, after in zip(STAGES, cuts, cuts[1:], strict=False)
            },
            cpu_ns=moments["cpu_ns"],
            n_rows=moments["n_rows"],
            n_sharing=moments["n_sharing"],
            n_in_flight=moments["n_in_flight"],
            copied_bytes=moments["copied_bytes"],
            thread_ids=moments["thread_id"],
            bursts=moments["burst"],
            is_raw=moments["is_raw"].astype(np.bool_),
        )


def _column(found: Mapping[str, Any], name: str) -> NDArray[np.int64]:
    """One number a call; ValueError where one is none, or larger than any that is measured."""
    values = np.asarray(found[name])
    is_whole = values.dtype.kind == "i"
    if values.size and not (is_whole and -_MOST <= values.min() <= values.max() <= _MOST):
        raise ValueError(f"{name}: expected whole numbers up to 2**59, got others")
    return values.astype(np.int64)


def _flags(found: Mapping[str, Any], name: str) -> NDArray[np.bool_]:
    values = np.asarray(found[name])
    if values.size and values.dtype.kind != "b":
        raise ValueError(f"{name}: expected true or false, got others")
    return values.astype(np.bool_)


def _whole(found: Mapping[str, Any], name: str) -> int:
    value = found[name]
    if type(value) is not int or not 0 <= value <= _MOST:
        raise ValueError(f"{name}: expected a whole number from 0 to 2**59, got {value!r:.60}")
    return value


def _n_process_threads() -> int | None:
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - quicker than a Path
    except OSError:  # no Linux
        return None
