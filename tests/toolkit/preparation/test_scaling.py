"""Fitted scales against scikit-learn's scalers and numpy."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from edgesmith.config import CleaningConfig, NormalizationConfig
from edgesmith.preparation import values as values_module
from edgesmith.preparation.scaling import clip_step, fit_offset_and_scale
from edgesmith.preparation.values import ArrayValues, moments, sampled
from edgesmith_runtime.errors import ConfigError

SCALERS = {
    "minmax": MinMaxScaler((-1.0, 3.0)),
    "standard": StandardScaler(),
    "robust": RobustScaler(),
}


def config(method: str, **options: object) -> NormalizationConfig:
    return NormalizationConfig.model_validate({"method": method, **options}, strict=False)


@pytest.fixture
def numbers() -> np.ndarray:
    rng = np.random.default_rng(3)
    numbers = rng.normal([5, -200, 0.001], [1, 30, 1e-4], (500, 3))
    return np.concatenate([numbers, np.full((500, 1), 7.25)], axis=1)


@pytest.mark.parametrize("method", list(SCALERS))
@pytest.mark.parametrize("chunk_values", [64, 1 << 22])
def test_scaling_is_scikit_learns(
    numbers: np.ndarray, method: str, chunk_values: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values_module, "CHUNK_VALUES", chunk_values)

    options = {"range": (-1.0, 3.0)} if method == "minmax" else {}

    offset, scale = fit_offset_and_scale(
        ArrayValues(numbers), config(method, **options), seed=0
    )

    expected = SCALERS[method].fit_transform(numbers)
    np.testing.assert_allclose((numbers - offset) / scale, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("method", list(SCALERS))
def test_a_constant_column_keeps_its_scale(numbers: np.ndarray, method: str) -> None:
    _, scale = fit_offset_and_scale(ArrayValues(numbers), config(method), seed=0)

    assert scale[3] == 1.0


def test_given_numbers_are_taken_as_they_are(numbers: np.ndarray) -> None:
    given = config("given", offset=(1.0, 2.0, 3.0, 4.0), scale=(0.5,))

    offset, scale = fit_offset_and_scale(ArrayValues(numbers), given, seed=0)

    assert (offset.tolist(), scale.tolist()) == ([1.0, 2.0, 3.0, 4.0], [0.5])


def test_given_numbers_of_another_count_are_refused(numbers: np.ndarray) -> None:
    given = config("given", offset=(1.0,), scale=(0.5, 0.5, 0.5))

    with pytest.raises(ConfigError) as caught:
        fit_offset_and_scale(ArrayValues(numbers), given, seed=0)

    assert str(caught.value) == (
        "normalization.scale: expected one number or 4, as many as channels or columns, got 3"
    )


def test_images_are_scaled_by_channel() -> None:
    images = np.random.default_rng(0).uniform(0, 255, (20, 6, 5, 3)).astype(np.float32)

    offset, scale = fit_offset_and_scale(ArrayValues(images), config("standard"), seed=0)

    np.testing.assert_allclose(offset, images.mean((0, 1, 2), dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(scale, images.std((0, 1, 2), dtype=np.float64), rtol=1e-12)


def test_over_all_gives_one_scale(numbers: np.ndarray) -> None:
    offset, scale = fit_offset_and_scale(
        ArrayValues(numbers), config("standard", over="all"), seed=0
    )

    np.testing.assert_allclose(offset, [numbers.mean()])
    np.testing.assert_allclose(scale, [numbers.std()])


def test_moments_of_far_off_numbers_keep_their_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values_module, "CHUNK_VALUES", 10)
    numbers = 1e9 + np.arange(100.0).reshape(-1, 1)

    found = moments(ArrayValues(numbers), over="last_axis")

    np.testing.assert_allclose(found.deviation, np.arange(100.0).std(), rtol=1e-12)


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"normalization\.range: expected the lower bound first"
    ):
        fit_offset_and_scale(
            ArrayValues(np.ones((2, 1))), config("minmax", range=(1.0, 1.0)), seed=0
        )


def test_clip_bounds_are_numpys_quantiles(numbers: np.ndarray) -> None:
    cleaning = CleaningConfig.model_validate({"clip": {"quantiles": (0.1, 0.8)}})

    step = clip_step(ArrayValues(numbers), cleaning, source="a", result="b", seed=0)

    assert step is not None
    np.testing.assert_allclose(step.params["low"], np.quantile(numbers, 0.1, axis=0))
    np.testing.assert_allclose(step.params["high"], np.quantile(numbers, 0.8, axis=0))


def test_clip_bounds_by_sigmas(numbers: np.ndarray) -> None:
    cleaning = CleaningConfig.model_validate({"clip": {"sigmas": 2.0}}, strict=False)

    step = clip_step(ArrayValues(numbers), cleaning, source="a", result="b", seed=0)

    assert step is not None
    np.testing.assert_allclose(
        step.params["high"], numbers.mean(0) + 2 * numbers.std(0), rtol=1e-9
    )


def test_falling_quantiles_are_refused() -> None:
    cleaning = CleaningConfig.model_validate({"clip": {"quantiles": (0.9, 0.1)}})

    with pytest.raises(ConfigError, match=r"cleaning\.clip\.quantiles: expected two rising"):
        clip_step(ArrayValues(np.ones((2, 1))), cleaning, source="a", result="b", seed=0)


def test_big_data_is_sampled_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values_module, "SAMPLE_VALUES", 4000)
    monkeypatch.setattr(values_module, "SAMPLE_ROWS", 100)
    images = np.random.default_rng(0).normal(3, 2, (400, 10, 10, 2))

    first, again, other = (
        sampled(ArrayValues(images), over="last_axis", rng=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )

    assert first.shape == (100 * 20, 2)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_allclose(np.median(first, axis=0), [3, 3], atol=0.2)
