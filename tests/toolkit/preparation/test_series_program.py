"""Series to tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import signal, stats

from edgesmith.config import SeriesConfig
from edgesmith.core import Split
from edgesmith_runtime.errors import ConfigError, DataError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.core import Prepared

NOT_NORMALIZED = {"method": "none"}


@pytest.fixture
def equal() -> np.ndarray:
    return np.random.default_rng(0).normal([0, 5], [1, 3], (40, 16, 2)).astype(np.float32)


@pytest.fixture
def unequal(equal: np.ndarray) -> list[np.ndarray]:
    return [one[: 8 + index % 9] for index, one in enumerate(equal)]


def tensors(prepared: Prepared, split: Split = Split.TRAIN) -> np.ndarray:
    return prepared.tensors(split, slice(None))[prepared.inputs[0].name]


def ops(prepared: Prepared) -> list[str]:
    return [step.op for step in prepared.transform.steps]


def test_series_are_scaled_by_channel(run: Callable[..., Prepared], equal: np.ndarray) -> None:
    made = run("series", equal)

    mean, deviation = equal[:24].mean((0, 1)), equal[:24].std((0, 1))
    np.testing.assert_allclose(tensors(made), (equal[:24] - mean) / deviation, atol=1e-5)
    assert ops(made) == ["read_series", "interpolate", "scale"]
    assert made.transform.steps[0].params == {"channels": 2, "length": 16}
    assert made.inputs[0].name == "features"


@pytest.mark.parametrize("to_length", ["pad", "resample"])
def test_series_of_many_lengths_are_brought_to_one(
    run: Callable[..., Prepared], unequal: list[np.ndarray], to_length: str
) -> None:
    made = run(
        "series",
        unequal,
        normalization=NOT_NORMALIZED,
        series={"length": 12, "to_length": to_length},
    )

    found = tensors(made)
    assert found.shape == (24, 12, 2)
    for one, got in zip(unequal, found, strict=False):
        if to_length == "pad":
            wanted = one[np.minimum(np.arange(12), len(one) - 1)]
        else:
            places = np.linspace(0, len(one) - 1, 12)
            wanted = np.stack(
                [np.interp(places, np.arange(len(one)), channel) for channel in one.T], axis=1
            )
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


def test_series_of_many_lengths_need_one(
    run: Callable[..., Prepared], unequal: list[np.ndarray]
) -> None:
    with pytest.raises(
        ConfigError,
        match=r"^series\.length: missing; the training series have 8 to 16 points; set it, and "
        r'to_length = "resample" or "pad"$',
    ):
        run("series", unequal)


def test_statistics_need_no_length(
    run: Callable[..., Prepared], unequal: list[np.ndarray]
) -> None:
    names = ["mean", "median_absolute_deviation"]

    made = run(
        "series",
        unequal,
        normalization=NOT_NORMALIZED,
        series={"features": ["statistics"], "statistics": names},
    )

    wanted = [[*one.mean(0), *stats.median_abs_deviation(one, axis=0)] for one in unequal[:24]]
    np.testing.assert_allclose(tensors(made), wanted, rtol=1e-4)


def test_spectra_and_statistics_stand_side_by_side(
    run: Callable[..., Prepared], equal: np.ndarray
) -> None:
    made = run(
        "series",
        equal,
        normalization=NOT_NORMALIZED,
        series={"features": ["power_spectrum", "statistics"], "statistics": ["max"]},
    )

    _, powers = signal.periodogram(equal[:24], window="hann", scaling="spectrum", axis=1)
    wanted = np.concatenate([powers.reshape(24, -1), equal[:24].max(1)], axis=1)
    np.testing.assert_allclose(tensors(made), wanted, rtol=1e-4, atol=1e-5)


def test_each_series_may_be_scaled_by_itself(
    run: Callable[..., Prepared], equal: np.ndarray
) -> None:
    made = run("series", equal, normalization=NOT_NORMALIZED, series={"per_window": "standard"})

    wanted = np.asarray(stats.zscore(equal[:24], axis=1))
    np.testing.assert_allclose(tensors(made), wanted, atol=1e-5)


def test_filters_act_along_time(run: Callable[..., Prepared], equal: np.ndarray) -> None:
    filters = [
        {"op": "butterworth", "passes": "low", "order": 2, "cutoff": [10.0], "rate": 50.0},
        {"op": "median_filter", "size": 3, "causal": True},
    ]

    made = run("series", equal, normalization=NOT_NORMALIZED, cleaning={"filters": filters})

    assert ops(made) == ["read_series", "interpolate", "butterworth", "median_filter"]
    assert made.transform.steps[2].params == {
        "kind": "low",
        "order": 2,
        "cutoff": (10.0,),
        "rate": 50.0,
        "axis": 0,
    }
    assert made.transform.steps[3].params == {"size": 3, "axes": [0], "causal": True}


@pytest.mark.parametrize(
    ("noise_filter", "message"),
    [
        (
            {"op": "butterworth", "order": 2, "cutoff": [0.1]},
            "cleaning.filters.0.passes: missing; butterworth needs it",
        ),
        (
            {"op": "butterworth", "passes": "low", "order": 2, "cutoff": [0.7]},
            "cleaning.filters.0: cutoff: expected one frequency above 0 and below 0.5, got [0.7]",
        ),
        (
            {"op": "gaussian_filter", "sigma": 1.0, "causal": True},
            "cleaning.filters.0.causal: gaussian_filter has no causal form",
        ),
    ],
)
def test_a_filter_that_cannot_be_is_refused(
    run: Callable[..., Prepared],
    equal: np.ndarray,
    noise_filter: dict[str, object],
    message: str,
) -> None:
    with pytest.raises(ConfigError) as error:
        run("series", equal, cleaning={"filters": [noise_filter]})

    assert str(error.value) == message


@pytest.fixture
def with_gaps(equal: np.ndarray) -> np.ndarray:
    equal[:, 3, 0] = np.nan
    return equal


def test_missing_points_lie_between_their_neighbours(
    run: Callable[..., Prepared], with_gaps: np.ndarray
) -> None:
    made = run("series", with_gaps, normalization=NOT_NORMALIZED)

    wanted = (with_gaps[:24, 2, 0] + with_gaps[:24, 4, 0]) / 2
    np.testing.assert_allclose(tensors(made)[:, 3, 0], wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("way", ["median", "mean", 7.0])
def test_missing_points_are_filled_from_the_training_split(
    run: Callable[..., Prepared], with_gaps: np.ndarray, way: str | float
) -> None:
    made = run(
        "series",
        with_gaps,
        normalization=NOT_NORMALIZED,
        series={"missing": "fill"},
        cleaning={"fill": way},
    )

    points = with_gaps[:24, :, 0]
    known = {"median": np.nanmedian(points), "mean": np.nanmean(points)}
    np.testing.assert_allclose(tensors(made)[:, 3, 0], known.get(str(way), 7.0), rtol=1e-5)
    np.testing.assert_allclose(tensors(made, Split.TEST)[:, 3, 0], tensors(made)[0, 3, 0])


def test_points_that_are_left_out_make_a_series_shorter(
    run: Callable[..., Prepared], with_gaps: np.ndarray
) -> None:
    made = run(
        "series",
        with_gaps,
        normalization=NOT_NORMALIZED,
        series={"missing": "drop", "to_length": "pad", "length": 15},
    )

    np.testing.assert_array_equal(tensors(made), np.delete(with_gaps[:24], 3, axis=1))


@pytest.mark.parametrize(
    ("sections", "error", "message"),
    [
        (
            {"series": {"missing": "drop"}},
            ConfigError,
            r'^series\.to_length: "exact" does not go with missing = "drop"',
        ),
        (
            {"series": {"missing": "fill"}, "cleaning": {"fill": "drop_row"}},
            ConfigError,
            r"^cleaning\.fill: 'drop_row' is for tables; series take a number or one of mean, ",
        ),
        (
            {"series": {"missing": "error"}},
            DataError,
            r"^held, row 0: .*expected at most 0 points missing in a row, got 1; mend",
        ),
        (
            {"series": {"channels": 3}},
            ConfigError,
            r"^series\.channels: expected 2, as the training series have, got 3$",
        ),
        (
            {"series": {"length": 20}},
            ConfigError,
            r"^series\.length: no training series has 20 points, they have 16; set to_length = "
            r'"resample" or "pad", or leave the length out$',
        ),
        (
            {"cleaning": {"fill": "mean"}},
            ConfigError,
            r'^cleaning\.fill: for series with series\.missing = "fill", and that is "interpolate"',
        ),
        (
            {"image": {"height": 4, "width": 4}},
            ConfigError,
            r"^image: for image only, the source is a series$",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    run: Callable[..., Prepared],
    with_gaps: np.ndarray,
    sections: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        run("series", with_gaps, **sections)


def test_an_odd_first_series_does_not_tell_the_channels(
    run: Callable[..., Prepared], equal: np.ndarray
) -> None:
    series = [np.zeros((16, 3)), *equal[1:]]

    with pytest.raises(DataError, match=r"^held, row 0: expected 2 channels, got 3; mend"):
        run("series", series)
    made = run("series", series, cleaning={"on_error": "skip"})

    assert made.transform.steps[0].params == {"channels": 2, "length": 16}
    assert made.account.n_by_split[Split.TRAIN] == 23


def test_a_series_of_another_length_names_the_key_that_mends_it(
    run: Callable[..., Prepared], equal: np.ndarray
) -> None:
    with pytest.raises(
        DataError,
        match=r"^held, row 39: expected 16 points, got 15; set series\.length, and "
        r'series\.to_length = "resample" or "pad"; mend or remove it, or leave such samples out',
    ):
        run("series", [*equal[:39], equal[39, :15]])


def test_a_channel_that_is_missing_as_a_whole_names_its_sample(
    run: Callable[..., Prepared], equal: np.ndarray
) -> None:
    equal[5, :, 1] = np.nan

    with pytest.raises(
        DataError, match=r"^held, row 5: .*channel 1: all points are missing; mend"
    ):
        run("series", equal)


def test_a_series_without_any_value_to_fill_from_is_refused(
    run: Callable[..., Prepared], equal: np.ndarray
) -> None:
    equal[:, :, 1] = np.nan

    with pytest.raises(
        DataError,
        match=r"^'series', channel 1: all points of the training split are missing$",
    ):
        run("series", equal, series={"missing": "fill"})


def test_constant_series_become_zeros(run: Callable[..., Prepared]) -> None:
    constant = np.full((40, 8, 1), 3.0) + np.arange(40)[:, None, None] * 1e-3

    made = run(
        "series", constant, normalization=NOT_NORMALIZED, series={"per_window": "standard"}
    )

    np.testing.assert_array_equal(tensors(made), 0)


def test_a_device_refuses_a_series_of_another_length(
    run: Callable[..., Prepared], equal: np.ndarray
) -> None:
    made = run("series", equal)

    with pytest.raises(InputError, match=r"^input 'series': expected 16 points, got 15$"):
        made.transform({"series": [equal[0, :15]]})


def test_series_are_augmented_before_their_spectra(
    run: Callable[..., Prepared], equal: np.ndarray
) -> None:
    made = run(
        "series",
        equal,
        normalization=NOT_NORMALIZED,
        series={"features": ["power_spectrum"]},
        augmentation={"scale": 0.5},
    )

    assert [step.op for step in made.transform.steps if step.augment_after] == ["interpolate"]
    augmented = made.augmented(np.arange(24), np.random.default_rng(0))["features"]
    share = augmented / tensors(made)
    np.testing.assert_allclose(share, np.broadcast_to(share[:, 1:2], share.shape), rtol=1e-3)
    assert 0.25 <= share.min() < 0.9
    assert 1.1 < share.max() <= 2.25


def test_series_of_many_lengths_are_not_warped(
    run: Callable[..., Prepared], unequal: list[np.ndarray]
) -> None:
    with pytest.raises(
        ConfigError,
        match=r"^augmentation\.time_warp: acts on series of one length; set series\.length",
    ):
        run(
            "series",
            unequal,
            series={"features": ["statistics"]},
            augmentation={"time_warp": 0.1},
        )


def test_raw_points_are_not_joined_to_features() -> None:
    with pytest.raises(
        ValueError, match="features: raw stands alone; the others can be joined"
    ):
        SeriesConfig(features=("raw", "statistics"))
    with pytest.raises(ValueError, match="features: one is given twice"):
        SeriesConfig(features=("statistics", "statistics"))
