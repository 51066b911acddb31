"""Prepared values on disk under a hash of what made them; absent or whole."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

import edgesmith_runtime.transforms
from edgesmith.store import Store
from edgesmith_runtime.errors import DataError, InputError
from edgesmith_runtime.files import creating
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

    from numpy.typing import NDArray

    from edgesmith.config import SourceConfig
    from edgesmith.core import Dataset, Progress, Samples, Split
    from edgesmith.preparation.plan import Plan

__all__ = ["CachedSplit", "cached_splits", "code_files", "size_warnings"]

CHUNK_BYTES = 1 << 23
CHUNK_FILES = 16  # photographs are big once they are decoded
MAX_CHUNK_ROWS = 4096
LIBRARIES = ("numpy", "pillow", "soundfile", "tokenizers")  # that steps compute with
BIG_BYTES = 10**9


@dataclass(frozen=True, slots=True)
class CachedSplit:
    """The stored values of one split, and their rows in the Dataset."""

    store: Store
    rows: NDArray[np.intp]

    @property
    def n_bytes(self) -> int:
        """On disk."""
        return sum(
            (self.store.directory / f"{name}.npy").stat().st_size for name in self.store.names
        )


def size_warnings(cached: Mapping[Split, CachedSplit]) -> tuple[str, ...]:
    """What a cache is told that is bigger than most disks have to spare for it."""
    n_bytes = sum(part.n_bytes for part in cached.values())
    if n_bytes <= BIG_BYTES:
        return ()
    store = next(iter(cached.values())).store
    shape = store.read(slice(0, 1))[store.names[0]].shape[1:]
    return (
        f"the prepared values take {n_bytes / 1e9:.1f} GB under cache/, {shape} numbers a sample; "
        "smaller tensors take less: a smaller image or vocabulary, a shorter recording or series",
    )


def cached_splits(  # noqa: PLR0913 - what a hash is over, and where it goes
    dataset: Dataset,
    plan: Plan,
    rows_by_split: Mapping[Split, NDArray[np.intp]],
    *,
    source: SourceConfig,
    directory: Path,
    on_error: str,
    progress: Progress,
) -> dict[Split, CachedSplit]:
    """The values that a plan's head gives, from the cache or made now.

    Args:
        dataset: The raw samples.
        plan: Its head makes the values.
        rows_by_split: Which samples; only splits with some.
        source: How the samples are read from their files.
        directory: Where ``cache/`` is or shall be.
        on_error: "raise" or "skip": what an unreadable sample does.
        progress: Shown while values are made.

    Raises:
        DataError: A sample cannot be read (named), or its values are not finite.
        WriteError: The disk is full or not writable.
    """
    place = directory / "cache" / _fingerprint(dataset, plan, rows_by_split, source, on_error)
    if not _is_whole(place, plan.value, rows_by_split):
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            shutil.rmtree(place)
        raw_names = tuple(raw.name for raw in dataset.raw_inputs)
        maker = _Maker(
            dataset.samples, Transform(plan.head, raw_names, plan.assets), plan, on_error
        )
        with creating(place) as draft:
            maker.write(draft, rows_by_split, progress)
    return {split: _opened(place / split, plan.value) for split in rows_by_split}


def _fingerprint(
    dataset: Dataset,
    plan: Plan,
    rows_by_split: Mapping[Split, NDArray[np.intp]],
    source: SourceConfig,
    on_error: str,
) -> str:
    """Over content and how it is read, steps, rows, and the code and libraries that act on them."""
    made_by = {
        "content": dataset.provenance.sha256,
        "source": source.model_dump(mode="json", exclude={"licence"}),
        "steps": [asdict(replace(step, params=dict(step.params))) for step in plan.head],
        "assets": {
            name: hashlib.sha256(content).hexdigest() for name, content in plan.assets.items()
        },
        "rows": {
            split: hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()
            for split, rows in rows_by_split.items()
        },
        "on_error": on_error,
        "code": [hashlib.sha256(file.read_bytes()).hexdigest() for file in code_files()],
        "libraries": {name: _version(name) for name in LIBRARIES},
    }
    content = json.dumps(made_by, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:32]


def code_files() -> list[Path]:
    """All that makes values of steps: the transforms, and what they read assets and shapes with."""
    transforms = Path(next(iter(edgesmith_runtime.transforms.__path__)))
    beside = [transforms.parent / name for name in ("assets.py", "spec.py")]
    return [*sorted(transforms.rglob("*.py")), *beside]


def _version(name: str) -> str | None:
    """None of a library that is not installed: no step can have used it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _is_whole(place: Path, name: str, rows_by_split: Mapping[Split, NDArray[np.intp]]) -> bool:
    if not place.is_dir():
        return False
    with suppress(OSError, ValueError, EOFError):
        for split, rows in rows_by_split.items():
            kept = np.load(place / split / "rows.npy")
            values = np.load(place / split / f"{name}.npy", mmap_mode="r")
            if len(values) != len(kept) or not np.isin(kept, rows).all():
                return False
        return True
    return False


def _opened(place: Path, name: str) -> CachedSplit:
    rows: NDArray[np.intp] = np.load(place / "rows.npy")
    return CachedSplit(Store(place, (name,), len(rows)), rows)


@dataclass(frozen=True, slots=True)
class _Maker:
    samples: Samples
    transform: Transform
    plan: Plan
    on_error: str

    def write(
        self, draft: Path, rows_by_split: Mapping[Split, NDArray[np.intp]], progress: Progress
    ) -> None:
        """One folder a split: the values and their rows."""
        step = self._chunk_rows(next(iter(rows_by_split.values())))
        work = [
            (split, rows[start : start + step])
            for split, rows in rows_by_split.items()
            for start in range(0, len(rows), step)
        ]
        kept: dict[Split, list[NDArray[np.intp]]] = {split: [] for split in rows_by_split}
        writers: dict[Split, _NpyWriter] = {}
        for split in rows_by_split:
            (draft / split).mkdir()
            writers[split] = _NpyWriter(draft / split / f"{self.plan.value}.npy")
        tracked = cast(
            "Iterator[tuple[Split, NDArray[np.intp]]]",
            progress.track(work, "Preparing", total=len(work)),
        )
        try:
            for split, rows in tracked:
                values, good = self._made(rows)
                if len(good):
                    self._check_finite(values, good, split)
                    writers[split].append(values)
                    kept[split].append(good)
            for split, parts in kept.items():
                if not parts:
                    raise DataError(f"no {split} sample can be read; every one was skipped")
                with (draft / split / "rows.npy").open("wb") as file:
                    _write_rows(file, np.concatenate(parts))
        finally:
            for writer in writers.values():
                writer.close()

    def _chunk_rows(self, rows: NDArray[np.intp]) -> int:
        """How many rows at a time keep the memory small."""
        try:
            first: Any = next(iter(self.samples.read(rows[:1]).values()))
        except DataError:  # a file; whether it may be skipped is seen to when its turn comes
            return CHUNK_FILES
        if isinstance(first, np.ndarray):
            n_bytes = cast("NDArray[Any]", first).nbytes * 4  # uint8 becomes float32
            return int(np.clip(CHUNK_BYTES // max(1, n_bytes), 1, MAX_CHUNK_ROWS))
        return MAX_CHUNK_ROWS if isinstance(first, dict) else CHUNK_FILES

    def _made(self, rows: NDArray[np.intp]) -> tuple[NDArray[Any], NDArray[np.intp]]:
        """The values of those rows that can be read."""
        try:
            return self._values(rows), rows
        except (InputError, DataError):
            pass
        values: list[NDArray[Any]] = []
        good: list[int] = []
        for row in rows.tolist():
            try:
                values.append(self._values(np.array([row])))
                good.append(row)
            except (InputError, DataError) as error:
                if self.on_error == "skip":
                    continue
                place = self.samples.place(row)
                reason = str(error).partition("input '")[2].partition("': ")[2] or str(error)
                reason = self._with_column(reason.removeprefix(f"{place}: "))
                cures = [cure for start, cure in self.plan.cures if reason.startswith(start)]
                cure = "; ".join([*cures, "mend or remove it"])
                raise DataError(
                    f"{place}: {reason}; {cure}, or leave such samples out with "
                    'cleaning.on_error = "skip"'
                ) from error
        made = np.concatenate(values) if values else np.empty(0, np.float32)
        return made, np.array(good, np.intp)

    def _with_column(self, reason: str) -> str:
        """A place of a step that a table's numbers go through is the column of that place."""
        found = re.match(r"transform step \d+ \(\w+\): place (\d+): ", reason)
        if found is None or self.plan.n_noisy is None or int(found[1]) >= self.plan.n_noisy:
            return reason
        return f"column '{self.plan.places[int(found[1])]}': {reason[found.end() :]}"

    def _values(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        with np.errstate(over="ignore"):  # what overflows is not finite, and named below
            return self.transform(self.samples.read(rows))[self.plan.value]

    def _check_finite(self, values: NDArray[Any], rows: NDArray[np.intp], split: Split) -> None:
        finite = np.isfinite(values)
        if finite.all():
            return
        first = tuple(np.argwhere(~finite)[0])
        column = f"column '{self.plan.places[first[-1]]}': " if self.plan.places else ""
        place = self.samples.place(int(rows[first[0]]))
        raise DataError(
            f"{place} ({split}): {column}{values[first]} after cleaning; expected finite numbers"
        )


def _write_rows(file: BinaryIO, rows: NDArray[np.intp]) -> None:
    """As ``np.save`` does, which tells no reason when it cannot write."""
    content = io.BytesIO()
    np.save(content, rows, allow_pickle=False)
    file.write(content.getvalue())


class _NpyWriter:
    """Appends to an ``.npy`` file whose length is known only at its end.

    Plain writes, not a mapping: dirty pages of a mapping count as the process's memory.
    """

    def __init__(self, path: Path) -> None:
        self._stream: BinaryIO = path.open("wb")
        self._n_rows = 0
        self._sample_shape: tuple[int, ...] = ()
        self._dtype = np.dtype(np.float32)

    def append(self, values: NDArray[Any]) -> None:
        if self._n_rows == 0:
            self._sample_shape, self._dtype = values.shape[1:], values.dtype
            self._write_header()
        self._n_rows += len(values)
        self._stream.write(np.ascontiguousarray(values, self._dtype).data)

    def close(self) -> None:
        if self._n_rows:
            self._stream.seek(0)
            self._write_header()  # numpy pads it so that the first axis can grow in place
        self._stream.close()

    def _write_header(self) -> None:
        header = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self._n_rows, *self._sample_shape),
        }
        np.lib.format.write_array_header_1_0(self._stream, header)
