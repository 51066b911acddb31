"""What a build leaves beside its bundle: the original, samples, every candidate, and their digests."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith.foreign import ForeignModel
from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.fields import Fields, strict_json
from edgesmith_runtime.files import replacing
from edgesmith_runtime.spec import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.core import Candidate
    from edgesmith.foreign import AnyReference

__all__ = [
    "DRAWN",
    "ORIGINAL",
    "RECORD",
    "Record",
    "RecordedSet",
    "SampleSet",
    "leave",
    "leave_candidates",
    "original_place",
    "read_record",
]

ORIGINAL = "original.keras"
DRAWN = "drawn numbers"  # the source of samples that say nothing of real inputs

_ORIGINALS = (ORIGINAL, "original.onnx", "original.tflite")

RECORD = "record.json"
_GRAPH = "original.pb"
_CANDIDATES = "candidates"
_VERSION = 2
_MAX_RECORD_BYTES = 16 << 20
_BUILD_AGAIN = "build again"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleSet:
    """Prepared samples to leave, e.g. those of the test split.

    Args:
        n_samples: How many there are in all batches.
        batches: The model's input tensors, some samples at a time.
        outputs: The original's, ``(n_samples, ...)``; empty where nobody needs them.
        targets: ``(n_samples, ...)``, None where they are not known.
        source: Where they are from, in words.
        seed: That drew them from there; None where all were taken.
    """

    n_samples: int
    batches: Iterable[Mapping[str, NDArray[Any]]]
    outputs: Mapping[str, NDArray[Any]] = field(default_factory=dict[str, "NDArray[Any]"])
    targets: NDArray[Any] | None = None
    source: str = ""
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSet:
    """The same, left: ``.npy`` files by tensor and output, to be read or mapped."""

    n_samples: int
    tensors: Mapping[str, Path]
    outputs: Mapping[str, Path]
    targets: Path | None
    source: str
    seed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a build left, checked to the last byte.

    Args:
        name: Of the bundle.
        original: The ``.keras`` file, or the model file that the bundle was made of; None where
            Keras cannot save the model.
        graph: The original's frozen graph; None of a model file.
        signature: Of the original.
        input_nodes: The graph's placeholder of each input; empty without a graph.
        output_nodes: The graph's node of each output, likewise.
        scopes: Keras layer paths by the name scope of their nodes; empty of a model file.
        candidates: Every artifact by its file name.
        sets: Sample sets by name: ``calibration``, ``test``.
    """

    name: str
    original: Path | None
    graph: Path | None
    signature: Signature
    input_nodes: tuple[str, ...]
    output_nodes: tuple[str, ...]
    scopes: Mapping[str, str]
    candidates: Mapping[str, Path]
    sets: Mapping[str, RecordedSet]


def leave(
    directory: Path,
    *,
    name: str,
    reference: AnyReference,
    candidates: Sequence[Candidate],
    sets: Mapping[str, SampleSet],
) -> None:
    """Write what later steps need; the original is recorded if it is there already.

    The record is taken away first and written last, so a build that was killed in between
    leaves none, and nothing is taken for whole that is not.

    Args:
        directory: The ``build`` directory; it must exist.
        name: Of the bundle.
        reference: The original; the graph of a traced one is written.
        candidates: Every artifact is written.
        sets: Sample sets by name; one batch is held at a time.

    Raises:
        WriteError: A file cannot be written.
    """
    (directory / RECORD).unlink(missing_ok=True)
    graph = None if isinstance(reference, ForeignModel) else reference.freeze()
    files = [directory / name for name in _ORIGINALS if (directory / name).is_file()]
    if graph is None:
        (directory / _GRAPH).unlink(missing_ok=True)
    else:
        files.append(_write(directory / _GRAPH, graph.content))
    (directory / _CANDIDATES).mkdir(exist_ok=True)
    for candidate in candidates:
        artifact = candidate.artifact
        files.append(_write(directory / _CANDIDATES / artifact.file, artifact.content))
    recorded = {key: _leave_set(directory / key, one) for key, one in sets.items()}
    for one in recorded.values():
        files += [*one.tensors.values(), *one.outputs.values()]
        files += [] if one.targets is None else [one.targets]
    members = {
        "version": _VERSION,
        "name": name,
        "inputs": [_spec_members(spec) for spec in reference.signature.inputs],
        "outputs": [_spec_members(spec) for spec in reference.signature.outputs],
        "input_nodes": () if graph is None else graph.input_nodes,
        "output_nodes": () if graph is None else graph.output_nodes,
        "scopes": {} if graph is None else dict(graph.scopes),
        "candidates": [candidate.artifact.file for candidate in candidates],
        "sets": {key: _set_members(directory, one) for key, one in recorded.items()},
        "files": {_relative(directory, file): _digest(file) for file in files},
    }
    _write_record(directory / RECORD, members)


def leave_candidates(directory: Path, candidates: Sequence[Candidate]) -> None:
    """Add artifacts to what a build left; those that it left stay.

    Args:
        directory: The ``build`` directory of a finished build.
        candidates: Under the names of their files.

    Raises:
        WriteError: A file cannot be written.
    """
    record = directory / RECORD
    members = cast(
        "dict[str, Any]",
        strict_json(record.read_bytes(), str(record), max_bytes=_MAX_RECORD_BYTES),
    )
    listed = set(
        members["candidates"]
    )  # one that a killed run wrote may be there and not listed
    changed = {
        one.artifact.file: one.artifact
        for one in candidates
        if one.artifact.file not in listed
        or not _is_there(directory / _CANDIDATES / one.artifact.file, one.artifact.content)
    }
    # In between the record does not name what is being replaced: a kill leaves a valid one.
    members["candidates"] = [file for file in members["candidates"] if file not in changed]
    for file in changed:
        members["files"].pop(f"{_CANDIDATES}/{file}", None)
    _write_record(record, members)
    for file, artifact in changed.items():
        path = _write(directory / _CANDIDATES / file, artifact.content)
        members["files"][_relative(directory, path)] = _digest(path)
        members["candidates"].append(file)
    _write_record(record, members)


def _is_there(path: Path, content: bytes | memoryview) -> bool:
    return path.is_file() and path.read_bytes() == bytes(content)


def _write_record(path: Path, members: Mapping[str, Any]) -> None:
    text = json.dumps(members, indent=2, sort_keys=True, ensure_ascii=False)
    _write(path, (text + "\n").encode())


def original_place(directory: Path, suffix: str) -> Path:
    """Where the original of a build is kept; one of another kind, of an older build, is removed.

    Args:
        directory: The ``build`` directory.
        suffix: ``.keras``, ``.onnx`` or ``.tflite``.
    """
    for name in _ORIGINALS:
        if not name.endswith(suffix):
            (directory / name).unlink(missing_ok=True)
    return directory / f"original{suffix}"


def _write(path: Path, content: bytes | memoryview) -> Path:
    with replacing(path, size_bytes=len(content)) as draft:
        draft.write_bytes(content)
    return path


def _leave_set(directory: Path, samples: SampleSet) -> RecordedSet:
    directory.mkdir(exist_ok=True)
    outputs: dict[str, Path] = {}
    for index, (name, array) in enumerate(samples.outputs.items()):
        outputs[name] = directory / f"output_{index}.npy"
        _write_npy(outputs[name], array)
    targets = None
    if samples.targets is not None:
        targets = directory / "targets.npy"
        _write_npy(targets, samples.targets)
    return RecordedSet(
        n_samples=samples.n_samples,
        tensors=_leave_tensors(directory, samples),
        outputs=outputs,
        targets=targets,
        source=samples.source,
        seed=samples.seed,
    )


def _leave_tensors(directory: Path, samples: SampleSet) -> dict[str, Path]:
    """All tensors in one pass: a ``.npy`` header that says how many will come, then batches."""
    paths: dict[str, Path] = {}
    files: dict[str, IO[bytes]] = {}
    n_written = 0
    with ExitStack() as open_files:
        for batch in samples.batches:
            for index, (name, array) in enumerate(batch.items()):
                if name not in files:
                    # A tensor may be called what no file can be.
                    paths[name] = directory / f"input_{index}.npy"
                    draft = open_files.enter_context(replacing(paths[name]))
                    files[name] = open_files.enter_context(draft.open("wb"))
                    _write_header(files[name], array, samples.n_samples)
                files[name].write(_raw(array))
            n_written += len(next(iter(batch.values())))
        if n_written != samples.n_samples:
            raise ValueError(
                f"{directory.name}: {samples.n_samples} samples announced, {n_written} came"
            )
    return paths


def _write_header(file: IO[bytes], array: NDArray[Any], n_samples: int) -> None:
    if array.dtype.hasobject:
        raise ValueError(f"expected numbers or texts of a fixed width, got {array.dtype}")
    header = {
        "descr": np.lib.format.dtype_to_descr(array.dtype),
        "fortran_order": False,
        "shape": (n_samples, *array.shape[1:]),
    }
    np.lib.format.write_array_header_1_0(file, header)


def _write_npy(path: Path, array: NDArray[Any]) -> None:
    with replacing(path) as draft, draft.open("wb") as file:
        _write_header(file, array, len(array))
        file.write(_raw(array))  # numpy tells no reason when it cannot


def _raw(array: NDArray[Any]) -> memoryview:
    """The bytes of any dtype; dates and bfloat16 give no buffer themselves."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _spec_members(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "dtype": spec.dtype, "shape": list(spec.shape)}


def _set_members(directory: Path, one: RecordedSet) -> dict[str, Any]:
    return {
        "n_samples": one.n_samples,
        "tensors": {name: _relative(directory, path) for name, path in one.tensors.items()},
        "outputs": {name: _relative(directory, path) for name, path in one.outputs.items()},
        "targets": None if one.targets is None else _relative(directory, one.targets),
        "source": one.source,
        "seed": one.seed,
    }


def _relative(directory: Path, path: Path) -> str:
    return path.relative_to(directory).as_posix()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_record(directory: Path) -> Record:
    """Read what a build left, and check the digest of every file.

    Raises:
        BundleError: No record, one of another version, or a file that is missing or was changed
            since the build; the message names it.
    """
    path = directory / RECORD
    if not path.is_file():
        raise BundleError(
            f"{directory}: expected {RECORD} of a finished build, there is none; {_BUILD_AGAIN}, "
            "or give --original, --samples and --expected"
        )
    where = str(path)
    fields = Fields(
        strict_json(path.read_bytes(), where, max_bytes=_MAX_RECORD_BYTES), f"{where}:"
    )
    if (written := fields.take("version", int)) != _VERSION:
        raise BundleError(
            f"{where}: expected version {_VERSION}, got {written}; {_BUILD_AGAIN}"
        )
    digests = cast("dict[str, object]", fields.take("files", dict))
    files = {name: directory / name for name in digests}
    record = Record(
        name=fields.take("name", str),
        original=next((files[name] for name in _ORIGINALS if name in files), None),
        graph=files.get(_GRAPH),
        signature=Signature(
            fields.children("inputs", _read_spec), fields.children("outputs", _read_spec)
        ),
        input_nodes=fields.strings("input_nodes"),
        output_nodes=fields.strings("output_nodes"),
        scopes=cast("dict[str, str]", fields.take("scopes", dict)),
        candidates={
            file: directory / _CANDIDATES / file for file in fields.strings("candidates")
        },
        sets=fields.child("sets", lambda sets: sets.each(lambda one: _read_set(one, files))),
    )
    fields.finish()
    for name, file in files.items():
        _check(name, file, digests[name])
    return record


def _check(name: str, file: Path, digest: object) -> None:
    if not file.is_file():
        raise BundleError(f"{file}: the build left it and it is missing; {_BUILD_AGAIN}")
    if _digest(file) != digest:
        raise BundleError(
            f"{file}: its sha256 is not the one in {RECORD}; '{name}' was changed since the "
            f"build: {_BUILD_AGAIN}"
        )


def _read_spec(fields: Fields) -> TensorSpec:
    return TensorSpec(fields.take("name", str), fields.take("dtype", str), fields.axes("shape"))


def _read_set(fields: Fields, files: Mapping[str, Path]) -> RecordedSet:
    def paths(key: str) -> dict[str, Path]:
        members = cast("dict[str, object]", fields.take(key, dict))
        return {name: _listed(fields, files, file) for name, file in members.items()}

    targets = fields.maybe("targets", str)
    return RecordedSet(
        n_samples=fields.take("n_samples", int),
        tensors=paths("tensors"),
        outputs=paths("outputs"),
        targets=None if targets is None else _listed(fields, files, targets),
        source=fields.take("source", str),
        seed=fields.maybe("seed", int),
    )


def _listed(fields: Fields, files: Mapping[str, Path], file: object) -> Path:
    if file not in files:
        raise BundleError(f"{fields.where}: '{file}' is not among the files; {_BUILD_AGAIN}")
    return files[str(file)]
