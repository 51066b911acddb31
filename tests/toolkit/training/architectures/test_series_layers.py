"""Nets for series: shapes, options, and what they see of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.reference import trace
from edgesmith.training.architectures import architectures
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import keras

    from edgesmith_runtime.bundle import Artifact

CLASSES = Output(name="scores", shape=(3,), labels=("a", "b", "c"))
VALUE = Output(name="value", shape=(1,))
CASES = [
    ("conv1d", {"width": 4}),
    ("conv1d", {"width": 4, "kind": "residual", "dropout": 0.2}),
    ("tcn", {"width": 4, "blocks": 2, "dropout": 0.2}),
    ("tcn", {"width": 4, "pool": "mean"}),
    ("gru", {"width": 4, "dropout": 0.2}),
    ("gru", {"width": 4, "layers": 2, "bidirectional": True}),
]


def _net(
    name: str, *shape: int, task: Task = Task.CLASSIFICATION, **options: Any
) -> keras.Model:
    inputs = (TensorSpec("features", "float32", ("batch", *shape)),)
    output = CLASSES if task is Task.CLASSIFICATION else VALUE
    return architectures[name](inputs, output, task, **options)


@pytest.mark.parametrize("shape", [(1, 1), (24, 1), (150, 3)])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_series_give_probabilities(
    name: str, options: dict[str, Any], shape: tuple[int, int]
) -> None:
    scores = _net(name, *shape, **options)(np.ones((2, *shape), np.float32)).numpy()

    assert scores.shape == (2, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_series_give_a_value(name: str, options: dict[str, Any]) -> None:
    model = _net(name, 12, 2, task=Task.REGRESSION, **options)

    assert model(np.ones((2, 12, 2), np.float32)).shape == (2, 1)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_every_layer_has_a_name_of_its_own(name: str, options: dict[str, Any]) -> None:
    first, second = _net(name, 12, 2, **options), _net(name, 12, 2, **options)

    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]


def test_the_residual_net_has_three_convolutions_a_stage() -> None:
    plain, residual = _net("conv1d", 24, 1), _net("conv1d", 24, 1, kind="residual")

    counts = [
        sum(
            type(layer).__name__ == "Conv1D" and "shortcut" not in layer.name
            for layer in net.layers
        )
        for net in (plain, residual)
    ]
    assert counts == [3, 9]


def test_the_last_point_of_a_tcn_sees_what_its_docstring_says() -> None:
    model = _net("tcn", 40, 1, width=4, blocks=3, kernel=2)
    n_seen = 1 + 2 * (2 - 1) * (2**3 - 1)
    series = np.random.default_rng(0).normal(size=(1, 40, 1)).astype(np.float32)
    scores = model(series).numpy()

    unseen, seen = series.copy(), series.copy()
    unseen[:, : 40 - n_seen] = 9
    seen[:, 40 - n_seen :] = 9

    np.testing.assert_array_equal(model(unseen).numpy(), scores)
    assert not np.allclose(model(seen).numpy(), scores)


@pytest.mark.parametrize("name", ["conv1d", "tcn", "gru"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "training.options.width: expected a whole number from 1, got 0"),
        ({"dropout": 1}, "training.options.dropout: expected a number from 0, below 1, got 1"),
    ],
)
def test_an_option_that_cannot_be_is_named(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        _net(name, 12, 2, **options)

    assert str(error.value) == message


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("conv1d", {"kind": "deep"}, "kind: expected one of plain, residual, got 'deep'"),
        ("tcn", {"pool": "max"}, "pool: expected one of last, mean, got 'max'"),
        ("tcn", {"kernel": 0}, "kernel: expected a whole number from 1, got 0"),
        ("gru", {"layers": 0}, "layers: expected a whole number from 1, got 0"),
        (
            "gru",
            {"bidirectional": "yes"},
            "bidirectional: expected one of True, False, got 'yes'",
        ),
    ],
)
def test_an_option_of_one_net_is_named(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        _net(name, 12, 2, **options)

    assert str(error.value) == f"training.options.{message}"


@pytest.mark.parametrize("name", ["conv1d", "tcn", "gru"])
def test_what_is_no_series_is_refused(name: str) -> None:
    with pytest.raises(ConfigError) as error:
        _net(name, 12)

    assert str(error.value) == (
        f"training.architecture: {name} takes one float32 tensor (batch, time, channels) of fixed "
        "shape, got 'features' float32 (batch, 12); take mlp for features side by side"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "fmt", [Format.ONNX, pytest.param(Format.TFLITE, marks=pytest.mark.tflite)]
)
@pytest.mark.parametrize(("name", "options"), CASES)
def test_an_artifact_answers_as_keras(
    artifact_of: Callable[..., Artifact], name: str, options: dict[str, Any], fmt: Format
) -> None:
    reference = trace(_net(name, 12, 2, **options))
    tensors = {"features": np.random.default_rng(0).normal(size=(3, 12, 2)).astype(np.float32)}

    artifact = artifact_of(reference, fmt, labels={"scores": ("a", "b", "c")})

    answers = open_runner(artifact, n_threads=1).run(tensors)["scores"]
    np.testing.assert_allclose(answers, reference.run(tensors)["scores"], atol=1e-5)
