"""Words go missing, padding never."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgesmith.config import AugmentationConfig
from edgesmith.preparation.augmentation import check_augmentation, make_augment
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Kind

SPREAD = np.zeros(1, np.float32)


def _augmented(batch: np.ndarray[Any, Any], share: float, seed: int = 0) -> Any:
    config = AugmentationConfig.model_validate({"word_dropout": share})
    unknown = 1 if batch.dtype.kind == "i" else None
    augment = make_augment(config, Kind.TEXT, SPREAD, unknown_token=unknown)
    assert augment is not None
    return augment(batch, np.random.default_rng(seed))


def test_a_dropped_word_is_the_unknown_one_and_padding_stays() -> None:
    batch = np.tile(np.array([9, 7, 5, 3, 0, 0], np.int32), (2000, 1))

    made = _augmented(batch, 0.3)

    assert made.dtype == np.int32
    np.testing.assert_array_equal(made[:, 4:], 0)
    is_dropped = made[:, :4] == 1
    assert is_dropped.mean() == pytest.approx(0.3, abs=0.02)  # 4 deviations of 8000 draws
    np.testing.assert_array_equal(made[:, :4][~is_dropped], batch[:, :4][~is_dropped])


def test_a_dropped_feature_is_0_and_the_others_stay() -> None:
    batch = np.random.default_rng(1).uniform(0.1, 1, (200, 40)).astype(np.float32)

    made = _augmented(batch, 0.25)

    assert made.dtype == np.float32
    assert (made == 0).mean() == pytest.approx(0.25, abs=0.02)
    np.testing.assert_array_equal(made[made != 0], batch[made != 0])


def test_the_generator_decides_and_the_batch_that_is_given_stays() -> None:
    batch = np.full((20, 10), 5, np.int32)

    first, again, other = (_augmented(batch, 0.5, seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (batch == 5).all()


@pytest.mark.parametrize(
    ("key", "kind", "message"),
    [
        ("word_dropout", Kind.IMAGE, "for text only, the source is an image"),
        ("noise", Kind.TEXT, "only, the source is a text$"),
    ],
)
def test_what_another_kind_bears_alone_is_refused(key: str, kind: Kind, message: str) -> None:
    config = AugmentationConfig.model_validate({key: 0.1})

    with pytest.raises(ConfigError, match=rf"^augmentation\.{key}: .*{message}"):
        check_augmentation(config, kind)
