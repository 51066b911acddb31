"""The whole preparation: rows dropped, leaks found, images and tensors through one transform."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from edgesmith.core import Split
from edgesmith.preparation import prepare
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import DecodeOp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith.config import Config
    from edgesmith.core import Dataset, Prepared, Progress

SPLITS = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8
LABELS = ["b", "a"] * 20
IMAGE = {"mode": "grey", "height": 6, "width": 5}


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


@pytest.fixture
def image_files(pixels: np.ndarray, tmp_path: Path) -> list[Path]:
    paths: list[Path] = []
    for index, image in enumerate(pixels):
        paths.append(tmp_path / f"{index}.png")
        Image.fromarray(image).save(paths[-1])
    return paths


def tensors(prepared: Prepared, split: Split = Split.TRAIN) -> np.ndarray:
    return prepared.tensors(split, slice(None))[prepared.inputs[0].name]


def test_rows_without_a_target_are_dropped_and_counted(run: Callable[..., Prepared]) -> None:
    made = run("table", {"a": list(range(40))}, [None, *LABELS[1:]])

    (dropped,) = made.account.dropped
    assert (dropped.reason, dropped.n_rows, dropped.examples) == (
        "no target",
        1,
        ("held, row 0",),
    )
    assert made.account.n_read == 40
    assert made.account.n_by_split[Split.TRAIN] == 23


def test_no_targets_at_all_is_an_error(run: Callable[..., Prepared]) -> None:
    with pytest.raises(
        DataError, match=r"no training row is left of 40 rows read; .* 40 no target"
    ):
        run("table", {"a": list(range(40))}, [None] * 40)


def test_copies_within_training_are_dropped(run: Callable[..., Prepared]) -> None:
    values = {"a": [0, 1, 0, 1, *range(4, 40)]}

    made = run("table", values)

    (dropped,) = made.account.dropped
    assert (dropped.reason, dropped.n_rows) == ("copy of another training row", 2)
    assert made.splits[Split.TRAIN].rows.tolist() == [0, 1, *range(4, 24)]


def test_copies_stay_where_so_configured(run: Callable[..., Prepared]) -> None:
    values = {"a": [0, 1, 0, 1, *range(4, 40)]}

    made = run("table", values, cleaning={"drop_duplicates": False})

    assert made.account.n_by_split[Split.TRAIN] == 24


def test_a_copy_with_another_target_stays_and_is_told(run: Callable[..., Prepared]) -> None:
    made = run("table", {"a": [1, 1, *range(2, 40)]})

    assert made.account.dropped == ()
    assert "1 training rows equal another one in content and differ in target" in (
        made.account.warnings
    )


def test_leaks_are_reported_and_test_rows_stay(run: Callable[..., Prepared]) -> None:
    values = {"a": [*range(32), 5, 9, *range(34, 40)]}

    made = run("table", values)

    assert made.account.n_by_split[Split.TEST] == 8
    assert "2 test samples are also in training: held, row 32, held, row 33" in (
        made.account.warnings
    )


def test_leaks_between_test_and_validation_are_reported(run: Callable[..., Prepared]) -> None:
    made = run("table", {"a": [*range(39), 24]})

    assert "1 test sample is also in validation: held, row 39" in made.account.warnings


def test_copies_of_an_image_are_drawn_into_one_split(
    run: Callable[..., Prepared], pixels: np.ndarray
) -> None:
    values = np.concatenate([pixels[:20], pixels[:20]])

    made = run("image", values, LABELS, splits=[""] * 40, image=IMAGE)

    assert not any("also in" in warning for warning in made.account.warnings)
    assert made.account.n_by_split[Split.TEST] == 8


def test_the_account_counts_classes_by_split(run: Callable[..., Prepared]) -> None:
    made = run("table", {"a": list(range(40))})

    assert made.account.balance[Split.TEST] == {"a": 4, "b": 4}
    assert Counter(made.splits[Split.TRAIN].targets.tolist()) == {0: 12, 1: 12}
    assert made.output.labels == ("a", "b")
    assert made.output.decode.op is DecodeOp.ARGMAX


def test_labels_are_ordered_by_value(run: Callable[..., Prepared]) -> None:
    made = run("table", {"a": list(range(40))}, ["10", "9"] * 20)

    assert made.output.labels == ("9", "10")
    assert made.splits[Split.TRAIN].targets[:2].tolist() == [1, 0]


def test_a_regressions_target_is_scaled_and_decoded_back(run: Callable[..., Prepared]) -> None:
    targets = np.random.default_rng(1).normal(50, 9, 40).tolist()

    made = run("table", {"a": list(range(40))}, targets, task="regression", unit="kg")

    decode = made.output.decode
    assert decode.op is DecodeOp.INVERSE_SCALE
    assert made.output.unit == "kg"
    np.testing.assert_allclose(
        [decode.offset, decode.scale], [np.mean(targets[:24]), np.std(targets[:24])]
    )
    scaled = made.splits[Split.TEST].targets
    assert scaled.shape == (8, 1)
    np.testing.assert_allclose(
        scaled[:, 0] * decode.scale + decode.offset, targets[32:], rtol=1e-6
    )


def test_a_regressions_target_can_stay(run: Callable[..., Prepared]) -> None:
    made = run(
        "table",
        {"a": list(range(40))},
        [float(row) for row in range(40)],
        task="regression",
        normalization={"scale_target": False},
    )

    assert made.splits[Split.TRAIN].targets[:3, 0].tolist() == [0.0, 1.0, 2.0]


def test_images_are_standardised_on_the_training_split(
    run: Callable[..., Prepared], pixels: np.ndarray
) -> None:
    made = run("image", pixels, image=IMAGE)

    training = pixels[:24].astype(np.float64)
    expected = (pixels[32:] - training.mean()) / training.std()
    np.testing.assert_allclose(tensors(made, Split.TEST)[..., 0], expected, atol=1e-5)
    assert made.inputs[0].shape == ("batch", 6, 5, 1)


def test_nothing_of_the_test_images_is_in_the_transform(
    run: Callable[..., Prepared], pixels: np.ndarray
) -> None:
    changed = pixels.copy()
    changed[24:] = 255 - changed[24:]
    sections = {"image": IMAGE, "cleaning": {"clip": {"quantiles": (0.05, 0.95)}}}

    assert run("image", pixels, **sections).transform.steps == (
        run("image", changed, **sections).transform.steps
    )


def test_image_files_give_the_device_what_training_read(
    run: Callable[..., Prepared], image_files: list[Path]
) -> None:
    filters = [{"op": "gaussian_filter", "sigma": 0.7}, {"op": "median_filter", "size": 3}]
    made = run(
        "image",
        image_files,
        image={"mode": "rgb", "height": 4, "width": 8},
        cleaning={"filters": filters, "clip": {"sigmas": 2}},
        augmentation={"flip_horizontal": True},
    )

    raw = [path.read_bytes() for path in image_files[32:]]
    from_bytes = made.transform({"image": raw})["pixels"]
    one_by_one = [made.transform({"image": [path]})["pixels"][0] for path in image_files[32:]]
    np.testing.assert_array_equal(from_bytes, tensors(made, Split.TEST))
    np.testing.assert_array_equal(one_by_one, from_bytes)


def test_augmentation_acts_before_scaling(
    run: Callable[..., Prepared], pixels: np.ndarray
) -> None:
    made = run("image", pixels, image=IMAGE, augmentation={"brightness": 0.5})

    changed = made.augmented(np.arange(24), np.random.default_rng(0))["pixels"]

    scale = next(step for step in made.transform.steps if step.op == "scale").params["scale"][0]
    shifts = (changed - tensors(made)).reshape(24, -1) * scale
    spread = float(np.ptp(pixels[:24]))
    assert np.ptp(shifts, axis=1).max() < 0.01
    assert 0.4 * spread < np.abs(shifts).max() <= 0.5 * spread + 0.01


def test_images_without_normalization_keep_their_values(
    run: Callable[..., Prepared], pixels: np.ndarray
) -> None:
    made = run("image", pixels, image=IMAGE, normalization={"method": "none"})

    np.testing.assert_array_equal(tensors(made)[..., 0], pixels[:24])
    assert [step.op for step in made.transform.steps] == ["decode_image", "resize"]


def test_an_unreadable_image_is_named(
    run: Callable[..., Prepared], image_files: list[Path]
) -> None:
    image_files[30].write_text("this is no picture")

    with pytest.raises(DataError) as caught:
        run("image", image_files, image=IMAGE)

    assert str(caught.value).startswith("held, row 30: ")
    assert "30.png: not readable as an image" in str(caught.value)
    assert 'cleaning.on_error = "skip"' in str(caught.value)


def test_unreadable_images_can_be_skipped_and_are_counted(
    run: Callable[..., Prepared], image_files: list[Path]
) -> None:
    image_files[2].write_bytes(image_files[2].read_bytes()[:40])
    image_files[35].write_bytes(b"")

    made = run("image", image_files, image=IMAGE, cleaning={"on_error": "skip"})

    (dropped,) = made.account.dropped
    assert (dropped.reason, dropped.n_rows) == ("not readable", 2)
    assert dropped.examples == ("held, row 2", "held, row 35")
    assert made.account.n_by_split == {Split.TRAIN: 23, Split.VALIDATION: 8, Split.TEST: 7}
    assert len(tensors(made)) == 23
    assert 2 not in made.splits[Split.TRAIN].rows


def test_nothing_but_unreadable_images_is_an_error(
    run: Callable[..., Prepared], image_files: list[Path]
) -> None:
    for path in image_files[:24]:
        path.write_text("no picture")

    with pytest.raises(DataError, match="no train sample can be read; every one was skipped"):
        run("image", image_files, image=IMAGE, cleaning={"on_error": "skip"})


def test_tensors_are_scaled_by_channel(run: Callable[..., Prepared]) -> None:
    arrays = np.random.default_rng(0).normal([0, 5], [1, 3], (40, 9, 2))

    made = run("tensor", arrays, normalization={"method": "minmax", "range": (-1.0, 1.0)})

    low, high = arrays[:24].min((0, 1)), arrays[:24].max((0, 1))
    expected = (arrays[:24] - low) / (high - low) * 2 - 1
    np.testing.assert_allclose(tensors(made), expected, atol=1e-6)
    assert made.inputs[0].name == "features"


def test_tensors_that_need_nothing_have_one_step(run: Callable[..., Prepared]) -> None:
    arrays = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)

    made = run("tensor", arrays, normalization={"method": "none"})

    assert [step.op for step in made.transform.steps] == ["tensor"]
    np.testing.assert_array_equal(tensors(made), arrays[:24])


def test_filters_of_tensors_act_along_the_first_axis(run: Callable[..., Prepared]) -> None:
    arrays = np.random.default_rng(0).normal(size=(40, 9, 2)).astype(np.float32)
    filters = [
        {"op": "savitzky_golay", "size": 5, "order": 2},
        {"op": "moving_average", "size": 3},
    ]

    made = run(
        "tensor", arrays, normalization={"method": "none"}, cleaning={"filters": filters}
    )

    (savitzky_golay, moving_average) = made.transform.steps[1:]
    assert savitzky_golay.params == {"window": 5, "order": 2, "axis": 0}
    assert moving_average.params == {"size": 3, "axes": [0]}
    smooth = made.transform.steps[1].outputs[0]
    values = made.transform({"tensor": arrays[:24]})[smooth]
    expected = ndimage.uniform_filter1d(values, 3, axis=1, mode="nearest")
    np.testing.assert_allclose(tensors(made), expected, atol=1e-5)


def test_noise_of_tensors_is_a_share_by_place(run: Callable[..., Prepared]) -> None:
    arrays = np.random.default_rng(0).uniform(0, [1, 100], (40, 500, 2))

    made = run("tensor", arrays, normalization={"method": "none"}, augmentation={"noise": 0.1})
    noise = made.augmented(np.arange(24), np.random.default_rng(0))["features"] - tensors(made)

    np.testing.assert_allclose(noise.std((0, 1)), [0.1, 10.0], rtol=0.05)


def test_nan_in_a_tensor_is_named(run: Callable[..., Prepared]) -> None:
    arrays = np.zeros((40, 3))
    arrays[:, 0] = np.arange(40)
    arrays[17, 1] = np.nan

    with pytest.raises(DataError, match="held, row 17: the array holds NaN"):
        run("tensor", arrays)


def test_infinity_in_a_tensor_is_named(run: Callable[..., Prepared]) -> None:
    arrays = np.zeros((40, 3))
    arrays[:, 0] = np.arange(40)
    arrays[33, 1] = np.inf

    with pytest.raises(DataError, match=r"held, row 33 \(test\): inf after cleaning"):
        run("tensor", arrays)


def test_single_numbers_as_samples_are_refused(run: Callable[..., Prepared]) -> None:
    with pytest.raises(DataError, match=r"give them an axis: reshape to \(n, 1\)"):
        run("tensor", np.arange(40.0))


@pytest.mark.parametrize(
    ("kind", "sections", "message"),
    [
        (
            "tensor",
            {"augmentation": {"flip_horizontal": True}},
            "augmentation.flip_horizontal: for",
        ),
        ("tensor", {"image": IMAGE}, "image: the source holds no images, it is a tensor"),
        ("tensor", {"task": "anomaly"}, "task: expected classification or regression"),
        (
            "tensor",
            {"cleaning": {"fill_by_column": {"a": 1.0}}},
            "fill_by_column: a tensor has no",
        ),
        (
            "tensor",
            {"cleaning": {"filters": [{"op": "moving_average"}]}},
            "cleaning.filters.0.size: missing; moving_average needs it",
        ),
        (
            "tensor",
            {"cleaning": {"filters": [{"op": "median_filter", "size": 4}]}},
            "cleaning.filters.0: size: expected an odd number",
        ),
        ("image", {}, "image: missing; images need [image] with height and width"),
    ],
)
def test_a_setting_that_does_not_go_with_the_data_is_named(
    run: Callable[..., Prepared], kind: str, sections: dict[str, Any], message: str
) -> None:
    arrays = np.arange(120, dtype=np.uint8).reshape(40, 3)

    with pytest.raises(ConfigError) as caught:
        run(kind, arrays, **sections)

    assert message in str(caught.value)


def test_no_validation_and_no_test_split_can_be_asked_for(run: Callable[..., Prepared]) -> None:
    made = run(
        "table",
        {"a": list(range(40))},
        splits=[""] * 40,
        split={"validation": 0, "test": 0},
    )

    assert set(made.splits) == {Split.TRAIN}
    assert "no test split: nothing can be scored" in made.account.warnings


def test_everything_given_to_test_is_an_error(run: Callable[..., Prepared]) -> None:
    with pytest.raises(DataError, match="no training split: every row is given"):
        run("table", {"a": list(range(40))}, splits=["test"] * 40)
