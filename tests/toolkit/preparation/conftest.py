"""Tiny datasets in memory and configurations for them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.config import Config
from edgesmith.core import Dataset, Provenance
from edgesmith.preparation import prepare
from edgesmith_runtime.manifest import Kind, RawInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.core import Prepared, Progress


class Quiet:
    """Counts what was tracked and shows nothing."""

    def __init__(self) -> None:
        self.n_tracked = 0

    def track(self, items: Iterable[Any], label: str, *, total: int) -> Iterator[Any]:
        for item in items:
            self.n_tracked += 1
            yield item

    def say(self, message: str) -> None:
        pass


class Held:
    """Samples in memory: columns of a table, or a sequence of images or arrays."""

    def __init__(self, raw_input: str, values: Any) -> None:
        self._raw_input = raw_input
        self._values = values

    def __len__(self) -> int:
        if isinstance(self._values, dict):
            return len(next(iter(self._values.values())))
        return len(self._values)

    def read(self, rows: NDArray[np.intp]) -> Mapping[str, Any]:
        if isinstance(self._values, dict):
            taken = {name: [cells[row] for row in rows] for name, cells in self._values.items()}
            return {self._raw_input: taken}
        if isinstance(self._values, np.ndarray):
            return {self._raw_input: self._values[rows]}
        return {self._raw_input: [self._values[row] for row in rows]}

    def key(self, row: int) -> bytes:
        content = self.read(np.array([row]))[self._raw_input]
        text = content.tobytes() if isinstance(content, np.ndarray) else repr(content).encode()
        return hashlib.blake2b(text, digest_size=16).digest()

    def place(self, row: int) -> str:
        return f"held, row {row}"


@pytest.fixture
def progress() -> Quiet:
    return Quiet()


@pytest.fixture
def make_dataset() -> Callable[..., Dataset]:
    def make(
        kind: str, values: Any, targets: Iterable[Any], *, splits: Iterable[str] | None = None
    ) -> Dataset:
        name = {"table": "row"}.get(kind, kind)
        samples = Held(name, values)
        targets = list(targets)
        is_numbers = all(isinstance(target, float) for target in targets)
        content = repr([samples.key(row) for row in range(len(samples))])
        return Dataset(
            raw_inputs=(RawInput(name, Kind(kind), "a test's"),),
            samples=samples,
            targets=np.array(targets, float if is_numbers else object),
            splits=np.array(list(splits) if splits else [""] * len(targets), "U10"),
            provenance=Provenance(
                source="held",
                licence="none",
                sha256=hashlib.sha256(content.encode()).hexdigest(),
            ),
        )

    return make


@pytest.fixture
def make_config() -> Callable[..., Config]:
    def make(**sections: Any) -> Config:
        values = {
            "name": "tiny",
            "task": "classification",
            "source": {"kind": "table", "path": "t.csv", "target": "label"},
            "training": {"architecture": "linear"},
            **sections,
        }
        return Config.model_validate(values, strict=False)

    return make


SPLITS = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8
LABELS = ["b", "a"] * 20


@pytest.fixture
def run(
    make_dataset: Callable[..., Dataset],
    make_config: Callable[..., Config],
    progress: Progress,
    tmp_path: Path,
) -> Callable[..., Prepared]:
    def prepared(
        kind: str, values: Any, targets: list[Any] | None = None, **sections: Any
    ) -> Prepared:
        splits = sections.pop("splits", SPLITS)
        dataset = make_dataset(kind, values, targets or LABELS, splits=splits)
        directory = tmp_path / "build"
        return prepare(dataset, make_config(**sections), directory=directory, progress=progress)

    return prepared


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 6, 5), np.uint8)
