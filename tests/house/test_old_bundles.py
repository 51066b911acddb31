"""Bundles of every format version that was ever written stay readable, to the last answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edgesmith_runtime as er

BUNDLES = sorted((Path(__file__).resolve().parents[1] / "data" / "bundles").glob("v*/*.edge"))


def test_there_is_a_bundle_of_the_first_format() -> None:
    assert [path.parent.name for path in BUNDLES] == ["v1"]


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.parent.name)
def test_an_old_bundle_proves_itself(path: Path) -> None:
    result = er.load(path).selftest()

    assert result.n_samples == 3
    assert result.started_from == "raw"


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.parent.name)
def test_an_old_bundle_answers_as_it_did(path: Path) -> None:
    sample = np.array([1.0, 0.0, 0.0, 0.0], np.float32)
    # W runs from -1 to 1 over 4 x 3, so its first row is -11, -9 and -7 elevenths
    logits = np.array([-1.0 + 0.1, -9.0 / 11 - 0.2, -7.0 / 11 + 0.3])

    prediction = er.load(path).predict(sample)

    expected = np.exp(logits) / np.exp(logits).sum()
    assert prediction.label == "cat"
    np.testing.assert_allclose(prediction.outputs["probabilities"], expected, atol=1e-6)
