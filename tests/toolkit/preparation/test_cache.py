"""Prepared values are made once, under a hash of what made them, and appear whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.core import Split
from edgesmith.preparation import cache, prepare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith.config import Config
    from edgesmith.core import Dataset, Prepared

SECTIONS: dict[str, Any] = {"image": {"mode": "grey", "height": 6, "width": 5}}


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 6, 5), np.uint8)


@pytest.fixture
def run(
    make_dataset: Callable[..., Dataset],
    make_config: Callable[..., Config],
    progress: Any,
    tmp_path: Path,
) -> Callable[..., tuple[Prepared, int]]:
    def prepared(values: np.ndarray, **sections: Any) -> tuple[Prepared, int]:
        before = progress.n_tracked
        dataset = make_dataset("image", values, ["a", "b"] * 20)
        config = make_config(**{**SECTIONS, **sections})
        made = prepare(dataset, config, directory=tmp_path, progress=progress)
        return made, progress.n_tracked - before

    return prepared


def test_the_same_again_reads_the_cache(
    run: Callable[..., tuple[Prepared, int]], images: np.ndarray
) -> None:
    first, n_first = run(images)
    again, n_again = run(images)

    assert n_first > 0
    assert n_again == 0
    np.testing.assert_array_equal(
        first.tensors(Split.TRAIN, slice(None))["pixels"],
        again.tensors(Split.TRAIN, slice(None))["pixels"],
    )


def test_normalization_and_augmentation_reuse_what_comes_before_them(
    run: Callable[..., tuple[Prepared, int]], images: np.ndarray
) -> None:
    run(images)
    made, n_tracked = run(
        images, normalization={"method": "minmax"}, augmentation={"rotation": 5}
    )

    assert n_tracked == 0
    assert made.tensors(Split.TRAIN, slice(None))["pixels"].max() == 1.0


@pytest.mark.parametrize(
    "sections",
    [
        {"image": {"mode": "grey", "height": 6, "width": 4}},
        {"cleaning": {"filters": [{"op": "median_filter", "size": 3}]}},
        {"seed": 1},
    ],
)
def test_another_configuration_makes_other_values(
    run: Callable[..., tuple[Prepared, int]],
    images: np.ndarray,
    sections: dict[str, Any],
    tmp_path: Path,
) -> None:
    run(images)
    _, n_tracked = run(images, **sections)

    assert n_tracked > 0
    assert len(list((tmp_path / "cache").iterdir())) == 2


@pytest.mark.parametrize(
    ("source", "other"),
    [
        (
            {"kind": "recordings", "path": "long.csv", "target": "label", "length": 8},
            {"channels": ("a",)},
        ),
        (
            {"kind": "recordings", "path": "long.csv", "target": "label", "length": 8},
            {"missing": ("-1",)},
        ),
        ({"kind": "text", "path": "t.csv", "text": "one", "target": "y"}, {"text": "two"}),
        ({"kind": "text", "path": "t.csv", "text": "one", "target": "y"}, {"quoting": False}),
        ({"kind": "arrays", "path": "a.npz"}, {"samples_key": "others"}),
    ],
)
def test_a_file_that_is_read_in_another_way_makes_other_values(
    run: Callable[..., tuple[Prepared, int]],
    images: np.ndarray,
    source: dict[str, Any],
    other: dict[str, Any],
) -> None:
    run(images, source=source)
    _, n_again = run(images, source=source)
    _, n_other = run(images, source={**source, **other})

    assert n_again == 0
    assert n_other > 0


def test_the_folder_and_the_licence_of_a_source_change_no_values(
    run: Callable[..., tuple[Prepared, int]], images: np.ndarray
) -> None:
    run(images, source={"kind": "arrays", "path": "here/a.npz"})
    _, n_tracked = run(
        images, source={"kind": "arrays", "path": "there/a.npz", "licence": "CC0"}
    )

    assert n_tracked == 0


def test_all_code_that_makes_values_and_its_libraries_are_hashed(
    run: Callable[..., tuple[Prepared, int]],
    images: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed = {"/".join(file.parts[-2:]) for file in cache.code_files()}
    assert {"transforms/tokenizer.py", "edgesmith_runtime/assets.py"} <= hashed
    assert "edgesmith_runtime/spec.py" in hashed

    run(images)
    monkeypatch.setattr(cache, "LIBRARIES", (*cache.LIBRARIES, "pytest", "not-installed"))
    _, n_tracked = run(images)

    assert n_tracked > 0


def test_a_cache_that_grows_big_is_told(
    run: Callable[..., tuple[Prepared, int]],
    images: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small, _ = run(images)
    monkeypatch.setattr(cache, "BIG_BYTES", 1000)

    big, _ = run(images)

    assert small.account.warnings == ()
    assert big.account.warnings == (
        "the prepared values take 0.0 GB under cache/, (6, 5, 1) numbers a sample; smaller "
        "tensors take less: a smaller image or vocabulary, a shorter recording or series",
    )


def test_other_content_makes_other_values(
    run: Callable[..., tuple[Prepared, int]], images: np.ndarray
) -> None:
    run(images)
    made, n_tracked = run(255 - images, normalization={"method": "none"})

    rows = made.splits[Split.TRAIN].rows
    assert n_tracked > 0
    np.testing.assert_array_equal(
        made.tensors(Split.TRAIN, slice(None))["pixels"][..., 0], 255 - images[rows]
    )


def test_a_damaged_cache_is_made_again(
    run: Callable[..., tuple[Prepared, int]], images: np.ndarray, tmp_path: Path
) -> None:
    run(images)
    (stored,) = (tmp_path / "cache").glob("*/test/resized.npy")
    stored.write_bytes(stored.read_bytes()[:100])

    made, n_tracked = run(images)

    assert n_tracked > 0
    assert len(made.tensors(Split.TEST, slice(None))["pixels"]) == 8


def test_an_interrupted_run_leaves_nothing_behind(
    make_dataset: Callable[..., Dataset],
    make_config: Callable[..., Config],
    images: np.ndarray,
    tmp_path: Path,
) -> None:
    class Interrupting:
        def track(self, items: Any, label: str, *, total: int) -> Any:
            yield next(iter(items))
            raise KeyboardInterrupt

        def say(self, message: str) -> None:
            pass

    dataset = make_dataset("image", images, ["a", "b"] * 20)

    with pytest.raises(KeyboardInterrupt):
        prepare(dataset, make_config(**SECTIONS), directory=tmp_path, progress=Interrupting())

    assert list((tmp_path / "cache").iterdir()) == []


def test_many_chunks_give_what_one_gives(
    run: Callable[..., tuple[Prepared, int]],
    images: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "CHUNK_BYTES", 500)

    made, n_tracked = run(images, normalization={"method": "none"})

    rows = made.splits[Split.TRAIN].rows
    assert n_tracked > 10
    np.testing.assert_array_equal(
        made.tensors(Split.TRAIN, slice(None))["pixels"][..., 0], images[rows]
    )


def test_positions_are_read_in_the_order_asked(
    run: Callable[..., tuple[Prepared, int]], images: np.ndarray
) -> None:
    made, _ = run(images)

    everything = made.tensors(Split.TRAIN, slice(None))["pixels"]

    np.testing.assert_array_equal(
        made.tensors(Split.TRAIN, np.array([7, 2, 7]))["pixels"], everything[[7, 2, 7]]
    )
