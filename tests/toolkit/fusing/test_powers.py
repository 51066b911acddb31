from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from conftest import Agree

NUMBERS = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32) * 3


def test_far_numbers_come_nearer_on_both_sides(agree: Agree) -> None:
    agree("log1p", NUMBERS, among=[True, False, True, True])


def test_any_numbers_are_raised_by_column(agree: Agree) -> None:
    agree("yeo_johnson", NUMBERS, powers=[0.5, 0.0, 2.0, None])


def test_numbers_above_0_are_raised_by_column(agree: Agree) -> None:
    positive = np.abs(NUMBERS) + np.float32(0.1)
    positive[:, 3] *= -1

    agree("box_cox", positive, powers=[0.5, 0.0, 2.0, None])
