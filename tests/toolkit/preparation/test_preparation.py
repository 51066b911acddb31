"""The shared data sets, read and prepared whole; figures counted elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.config import Config
from edgesmith.core import Split
from edgesmith.preparation import prepare
from edgesmith.sources import load_dataset

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith.core import Dataset, Prepared, Progress

pytestmark = pytest.mark.data


@pytest.fixture
def run(tmp_path: Path, progress: Progress) -> Callable[..., tuple[Dataset, Prepared]]:
    def prepared(**sections: Any) -> tuple[Dataset, Prepared]:
        values = {
            "name": "real",
            "task": "classification",
            "training": {"architecture": "linear"},
            **sections,
        }
        config = Config.model_validate(values, strict=False)
        dataset = load_dataset(config.source, split=config.split, task=config.task)
        return dataset, prepare(dataset, config, directory=tmp_path, progress=progress)

    return prepared


def check_same_through_the_transform(dataset: Dataset, prepared: Prepared) -> None:
    rows = prepared.splits[Split.TEST].rows[:20]
    name = prepared.inputs[0].name
    through = prepared.transform(dataset.samples.read(rows))[name]
    np.testing.assert_array_equal(through, prepared.tensors(Split.TEST, slice(0, 20))[name])


def test_titanic_names_what_gives_the_answer_away(
    run: Callable[..., tuple[Dataset, Prepared]], data_dir: Path
) -> None:
    folder = data_dir / "titanic"
    dataset, made = run(
        source={"kind": "table", "path": folder / "titanic.csv", "target": "survived"},
        split={"file": folder / "split_titanic.csv"},
    )

    warnings = "\n".join(made.account.warnings)
    assert "column 'alive': gives the target 'survived' away" in warnings
    assert "columns 'pclass', 'class': repeat each other" in warnings
    assert made.account.n_read == 891
    assert made.account.n_by_split[Split.TEST] == 185
    assert not any("test sample" in warning for warning in made.account.warnings)
    check_same_through_the_transform(dataset, made)


def test_penguins_have_missing_cells_and_odd_columns(
    run: Callable[..., tuple[Dataset, Prepared]], data_dir: Path
) -> None:
    folder = data_dir / "penguins"
    dataset, made = run(
        source={
            "kind": "table",
            "path": folder / "penguins_raw.csv",
            "target": "Species",
            "drop": ["Comments"],
        },
        split={"file": folder / "split_penguins_raw.csv"},
    )

    warnings = "\n".join(made.account.warnings)
    assert "columns 'Region', 'Stage': one value only" in warnings
    assert "column 'Individual ID': like an identifier" in warnings
    assert made.account.filled["Delta 15 N (o/oo)"] == 14
    assert made.account.n_by_split[Split.TEST] == 62
    check_same_through_the_transform(dataset, made)


def test_auto_mpg_fills_six_horsepowers(
    run: Callable[..., tuple[Dataset, Prepared]], data_dir: Path
) -> None:
    folder = data_dir / "auto_mpg"
    dataset, made = run(
        task="regression",
        source={"kind": "table", "path": folder / "mpg.csv", "target": "mpg"},
        split={"file": folder / "split_mpg.csv"},
    )

    assert made.account.filled == {"horsepower": 6}
    assert made.account.n_by_split[Split.TEST] == 88
    check_same_through_the_transform(dataset, made)


def test_sign_language_is_read_from_its_folders(
    run: Callable[..., tuple[Dataset, Prepared]], data_dir: Path
) -> None:
    folder = data_dir / "sign_language_digits"
    dataset, made = run(
        source={"kind": "image_folder", "path": folder / "train", "test_path": folder / "test"},
        image={"height": 32, "width": 32},
    )

    assert made.account.n_read == 2062
    assert made.account.n_by_split[Split.TEST] == 400
    assert made.output.labels == tuple("0123456789")
    check_same_through_the_transform(dataset, made)


def test_mnist_is_read_from_packed_idx(
    run: Callable[..., tuple[Dataset, Prepared]], data_dir: Path
) -> None:
    folder = data_dir / "mnist"
    dataset, made = run(
        source={
            "kind": "idx",
            "images": folder / "train-images-idx3-ubyte.gz",
            "labels": folder / "train-labels-idx1-ubyte.gz",
            "test_images": folder / "t10k-images-idx3-ubyte.gz",
            "test_labels": folder / "t10k-labels-idx1-ubyte.gz",
        },
        image={"mode": "grey", "height": 28, "width": 28},
    )

    assert made.account.n_by_split == {
        Split.TRAIN: 51_000,
        Split.VALIDATION: 9_000,
        Split.TEST: 10_000,
    }
    check_same_through_the_transform(dataset, made)
