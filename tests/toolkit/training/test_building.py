from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import keras
import numpy as np
import pytest

from edgesmith.config import TrainingConfig
from edgesmith.core import Prepared
from edgesmith.training.building import build_model
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Kind, Output, Step, Task
from edgesmith_runtime.spec import TensorSpec
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from pathlib import Path

Prepare = Callable[..., Prepared]

NETS = """
import keras

def net(inputs, output, task, *, width=8, activation="softmax", name="x", classes=3):
    x = keras.Input((4,), name=name)
    hidden = keras.layers.Dense(width)(x)
    scores = keras.layers.Dense(classes, activation=activation, name=output.name)(hidden)
    return keras.Model(x, scores)

def by_dict(inputs, output, task):
    x = keras.Input((4,), name="x")
    return keras.Model({"x": x}, {"scores": keras.layers.Dense(3, activation="softmax")(x)})

def two_outputs(inputs, output, task):
    x = keras.Input((4,), name="x")
    return keras.Model(x, [keras.layers.Dense(3)(x), keras.layers.Dense(3)(x)])

def a_list(inputs, output, task):
    return [1, 2]

def failing(inputs, output, task):
    raise KeyError("no such layer")

class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.dense(x)

def subclassed(inputs, output, task):
    return Subclassed()

class Bare(keras.Model):
    def call(self, x):
        return keras.ops.softmax(x[:, :3])

def bare(inputs, output, task):
    return Bare()

class Narrow(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3)
        self.dense.build((None, 9))

    def call(self, x):
        return self.dense(x)

def narrow(inputs, output, task):
    return Narrow()

def free(inputs, output, task, **options):
    return net(inputs, output, task, width=options["units"])

not_a_function = 3
"""


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"nets_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(NETS)
    monkeypatch.syspath_prepend(tmp_path)
    return name


@pytest.fixture
def prepared(prepare: Prepare) -> Prepared:
    rng = np.random.default_rng(0)
    return prepare((rng.normal(size=(9, 4)).astype(np.float32), np.arange(9) % 3))


def _config(architecture: str, **options: object) -> TrainingConfig:
    return TrainingConfig.model_validate({"architecture": architecture, "options": options})


def _as_detection(prepared: Prepared) -> Prepared:
    return dataclasses.replace(
        prepared, task=Task.ANOMALY, output=Output(name="score", shape=(1,))
    )


def _refusal(prepared: Prepared, config: TrainingConfig) -> str:
    with pytest.raises(ConfigError) as caught:
        build_model(prepared, config)
    return str(caught.value)


def test_options_reach_a_registered_architecture(prepared: Prepared) -> None:
    model = build_model(prepared, _config("mlp", widths=(5,)))

    assert model.count_params() == (4 + 1) * 5 + (5 + 1) * 3


@pytest.mark.parametrize("function", ["net", "by_dict", "subclassed"])
def test_a_function_of_an_importable_module_is_an_architecture(
    prepared: Prepared, nets: str, function: str
) -> None:
    model = build_model(prepared, _config(f"{nets}:{function}"))

    assert model(np.ones((2, 4), np.float32)).shape == (2, 3)


def test_options_reach_a_function(prepared: Prepared, nets: str) -> None:
    model = build_model(prepared, _config(f"{nets}:net", width=11))

    assert model.count_params() == (4 + 1) * 11 + (11 + 1) * 3


def test_the_transform_says_how_many_codes_a_column_has(prepared: Prepared) -> None:
    params = {"categories": [["a", "b"], ["x"]], "unknown": "index"}
    ordinal = Step(op="ordinal", inputs=("row",), outputs=("x",), params=params)
    table = dataclasses.replace(prepared, transform=Transform((ordinal,), ("row",)))

    model = build_model(table, _config("tabular", widths=()))

    assert [tuple(weight.shape) for weight in model.weights][:2] == [(3, 2), (2, 1)]


def test_scaled_places_are_no_codes(prepared: Prepared) -> None:
    params = {"categories": [["a", "b"]], "unknown": "index"}
    ordinal = Step(op="ordinal", inputs=("row",), outputs=("x",), params=params)
    scale = {"offset": [0.5], "scale": [2.0]}
    steps = (ordinal, Step(op="scale", inputs=("x",), outputs=("y",), params=scale))
    table = dataclasses.replace(prepared, transform=Transform(steps, ("row",)))

    model = build_model(table, _config("tabular", widths=()))

    assert model.count_params() == (4 + 1) * 3


@pytest.mark.parametrize(("options", "n_indices"), [({}, 7), ({"n_tokens": 12}, 12)])
def test_preparation_says_how_many_tokens_there_are_where_the_options_do_not(
    prepare: Prepare, options: dict[str, int], n_indices: int
) -> None:
    tokens = np.random.default_rng(0).integers(0, 7, (9, 4)).astype(np.int32)
    texts = dataclasses.replace(
        prepare((tokens, np.arange(9) % 3)),
        inputs=(TensorSpec("x", "int32", ("batch", 4)),),
        n_tokens=7,
    )

    model = build_model(texts, _config("embedding_bag", width=5, **options))

    assert model.get_layer("embedding").get_weights()[0].shape == (n_indices, 5)


def test_a_function_that_takes_any_option_gets_any(prepared: Prepared, nets: str) -> None:
    model = build_model(prepared, _config(f"{nets}:free", units=2))

    assert model.count_params() == (4 + 1) * 2 + (2 + 1) * 3


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.TABLE])
def test_what_is_nothing_between_two_samples_cannot_be_mixed(
    prepared: Prepared, kind: Kind
) -> None:
    raw = dataclasses.replace(prepared.raw_inputs[0], kind=kind)
    config = TrainingConfig(architecture="linear", mixup=0.2)

    assert _refusal(dataclasses.replace(prepared, raw_inputs=(raw,)), config) == (
        f"training.mixup: for image, audio, series, tensor, the source is a {kind}, "
        "whose numbers mean nothing between two samples"
    )


def test_whole_numbers_cannot_be_mixed(prepared: Prepared) -> None:
    whole = dataclasses.replace(prepared.inputs[0], dtype="int32")
    config = TrainingConfig(architecture="linear", mixup=0.2)

    assert _refusal(dataclasses.replace(prepared, inputs=(whole,)), config) == (
        "training.mixup: for floats, tensor 'x' is int32"
    )


def test_an_unknown_architecture_lists_the_known(prepared: Prepared) -> None:
    told = _refusal(prepared, _config("cnnn"))

    assert told.startswith("unknown architecture 'cnnn'; known: ")
    assert told.endswith("; did you mean 'cnn'?")


def test_a_module_that_is_not_there_is_named_with_the_cure(prepared: Prepared) -> None:
    assert _refusal(prepared, _config("no_such_package.nets:net")) == (
        "training.architecture: cannot import 'no_such_package.nets': ModuleNotFoundError: "
        "No module named 'no_such_package'; install its package, or put its folder on PYTHONPATH"
    )


def test_the_working_directory_is_not_searched_in_secret(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nets_beside.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [entry for entry in __import__("sys").path if entry])

    assert "cannot import 'nets_beside'" in _refusal(prepared, _config("nets_beside:net"))


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        ("nett", {}, "the module '{nets}' has no function 'nett'; did you mean 'net'?"),
        ("not_a_function", {}, "the module '{nets}' has no function 'not_a_function'"),
        ("failing", {}, "'{nets}:failing' failed: KeyError: 'no such layer'"),
        ("a_list", {}, "expected a keras.Model from '{nets}:a_list', got builtins.list"),
        (
            "net",
            {"name": "y"},
            "'{nets}:net': expected the inputs ['x'], got ['y']; "
            "name each keras.Input as its TensorSpec",
        ),
        ("two_outputs", {}, "'{nets}:two_outputs': expected one output, got 2"),
        (
            "net",
            {"classes": 5},
            "'{nets}:net': expected a float32 output of shape (batch, 3), got float32 (batch, 5)",
        ),
        (
            "bare",
            {},
            "'{nets}:bare' gave a model without trainable weights; "
            "a tf.Variable as an attribute is none to Keras: make it with self.add_weight",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(
    prepared: Prepared, nets: str, function: str, options: dict[str, object], message: str
) -> None:
    refusal = _refusal(prepared, _config(f"{nets}:{function}", **options))

    assert refusal == "training.architecture: " + message.format(nets=nets)


def test_outputs_that_are_no_probabilities_are_refused(prepared: Prepared, nets: str) -> None:
    refusal = _refusal(prepared, _config(f"{nets}:net", activation="linear"))

    assert refusal.startswith(
        f"training.architecture: '{nets}:net': expected probabilities that sum to 1 by sample, "
        "got a sum of "
    )
    assert refusal.endswith("; end the model in a softmax")


def test_a_model_that_cannot_run_on_the_tensors_is_refused(
    prepared: Prepared, nets: str
) -> None:
    refusal = _refusal(prepared, _config(f"{nets}:narrow"))

    assert refusal.startswith(
        f"training.architecture: '{nets}:narrow' cannot run on the prepared tensors x (4, 4): "
    )


def test_an_anomaly_detection_needs_an_architecture_that_gives_a_score(
    prepared: Prepared,
) -> None:
    refusal = _refusal(_as_detection(prepared), _config("mlp"))

    assert refusal == (
        "training.architecture: expected autoencoder or mahalanobis, or package.module:function, "
        "for an anomaly detection, got 'mlp'"
    )


def test_an_architecture_that_gives_a_score_needs_an_anomaly_detection(
    prepared: Prepared,
) -> None:
    refusal = _refusal(prepared, _config("autoencoder"))

    assert refusal == (
        "training.architecture: 'autoencoder' is for an anomaly detection, this is a classification"
    )


def test_a_score_is_0_or_more(prepared: Prepared, nets: str) -> None:
    keras.utils.set_random_seed(0)  # weights of which some scores are below 0
    refusal = _refusal(
        _as_detection(prepared), _config(f"{nets}:net", activation="linear", classes=1)
    )

    assert refusal.startswith(
        f"training.architecture: '{nets}:net': expected scores from 0 up, the larger the stranger, "
        "got -"
    )


@pytest.mark.parametrize(
    ("architecture", "option", "hint"),
    [
        ("mlp", "width", "; did you mean 'widths'?"),
        ("linear", "width", "; known: none"),
        ("cnn", "zzz", "; known: width, stages, blocks, dropout, kind"),
    ],
)
def test_an_option_that_is_no_argument_is_named_with_the_closest(
    prepared: Prepared, architecture: str, option: str, hint: str
) -> None:
    refusal = _refusal(prepared, _config(architecture, **{option: 3}))

    assert refusal == f"training.options.{option}: '{architecture}' has no such option{hint}"
