from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.core import Candidate
from edgesmith.evaluation import Evaluation
from edgesmith.layer_account import layer_account, quantizable_layers
from edgesmith.optimization import Node, calibrated_recipes, mixed, variants_of
from edgesmith.recipe import Recipe
from edgesmith.scopes import layer_of
from edgesmith.trials import CalibrationSamples, Ground, Trials
from edgesmith_runtime.manifest import Decode, DecodeOp, Output, Task
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from edgesmith.evidence import LayerAccount, LayerEntry
    from edgesmith_runtime.bundle import Artifact

N_SAMPLES = 200
ERROR = 0.25  # of the layer that is made bad
DIGIT = Output(
    name="digit", shape=(4,), labels=tuple("abcd"), decode=Decode(op=DecodeOp.ARGMAX)
)


class _Silent:
    def track(self, items: Iterable[Any], label: str, *, total: int) -> Iterator[Any]:
        yield from items

    def say(self, message: str) -> None:
        pass


@pytest.fixture(scope="module")
def trials(artifact_of: Callable[..., Artifact]) -> Trials:
    """Dense layers, one of which gives a number 10 000 times as large as the others."""
    import keras

    from edgesmith.reference import trace

    rng = np.random.default_rng(0)
    x = keras.Input((8,), name="x")
    y = keras.layers.Dense(12, name="wide")(x)
    y = keras.layers.Dense(12, activation="relu", name="next")(y)
    y = keras.layers.Dense(16, activation="relu", name="plain")(y)
    model = keras.Model(x, keras.layers.Dense(4, activation="softmax", name="digit")(y))
    for layer in model.layers[1:]:  # biases of 0: the numbers alone decide
        weights = layer.kernel
        weights.assign(rng.normal(size=weights.shape) / np.sqrt(weights.shape[0]))
    wide, after = model.get_layer("wide").kernel, model.get_layer("next").kernel
    sizes = np.ones(12)
    sizes[0] = 1e4
    wide.assign(wide.numpy() * sizes)
    after.assign(after.numpy() / sizes[:, None])

    reference = trace(model)
    tensors = {"x": rng.normal(size=(N_SAMPLES, 8)).astype(np.float32)}
    original = reference.run(tensors)
    ground = Ground(
        floats={
            fmt: Candidate(
                recipe=Recipe(name=f"float32_{fmt}", format=fmt),
                artifact=artifact_of(reference, fmt),
                score=None,
                parity=None,
            )
            for fmt in Format
        },
        evaluation=Evaluation(
            task=Task.CLASSIFICATION,
            outputs=(DIGIT,),
            batches=lambda: iter([tensors]),
            targets=original["digit"].argmax(axis=1),
            metric="accuracy",
            seed=0,
        ),
        original=original,
        calibration=CalibrationSamples(tensors=tensors, source="given"),
        layer_of=functools.partial(layer_of, scopes=reference.freeze().scopes),
    )
    return Trials(ground)


def _attempted(trials: Trials, recipe: Recipe) -> Candidate:
    made = trials.attempt(recipe)
    assert made is not None, trials.rejected[-1].reason
    return made


def _recipe(fmt: Format) -> Recipe:
    return calibrated_recipes(fmt, integer_only=False)[0]


@pytest.fixture(scope="module")
def account(trials: Trials) -> LayerAccount:
    accounted = {fmt: _attempted(trials, _recipe(fmt)) for fmt in Format}
    return layer_account(trials, accounted, _Silent())


def _entries(account: LayerAccount) -> dict[str, LayerEntry]:
    return {entry.layer: entry for entry in account.entries}


def test_the_account_is_of_the_given_candidates_and_their_metric(account: LayerAccount) -> None:
    assert account.recipes == dict.fromkeys(Format, "int8_static_minmax")
    assert account.metric == "accuracy"


def test_every_layer_has_an_entry_with_its_weights(account: LayerAccount) -> None:
    sizes = {layer: entry.weight_bytes for layer, entry in _entries(account).items()}

    assert sizes == {
        "wide": 8 * 12 * 4,
        "next": 12 * 12 * 4,
        "plain": 12 * 16 * 4,
        "digit": 16 * 4 * 4,
    }


def test_the_layers_at_the_outlier_come_first(account: LayerAccount) -> None:
    assert {entry.layer for entry in account.entries[:2]} == {"wide", "next"}


@pytest.mark.parametrize("fmt", list(Format))
def test_the_effect_is_large_at_the_outlier_alone(account: LayerAccount, fmt: Format) -> None:
    effects = {layer: entry.effect[fmt] for layer, entry in _entries(account).items()}

    assert effects["next"] > ERROR
    assert max(effects["plain"], effects["digit"]) < 0.05


@pytest.mark.parametrize("fmt", list(Format))
def test_signal_to_noise_falls_behind_the_outlier(account: LayerAccount, fmt: Format) -> None:
    snr_db = {layer: entry.snr_db[fmt] for layer, entry in _entries(account).items()}

    # The large number itself is kept well; what is made of the small ones is not.
    assert snr_db["wide"] > 30
    assert snr_db["next"] < 10


@pytest.mark.parametrize("fmt", list(Format))
def test_what_stays_float_says_by_whose_wish(trials: Trials, fmt: Format) -> None:
    made = _attempted(trials, mixed(_recipe(fmt), ["next"]))

    entries = _entries(layer_account(trials, {fmt: made}, _Silent()))

    assert entries["next"].float_because == {fmt: "the search"}
    op = {Format.ONNX: "Softmax", Format.TFLITE: "SOFTMAX"}[fmt]
    assert entries["digit"].float_because == {fmt: f"a rule: 8 bits are too few for {op}"}
    assert entries["plain"].float_because == {}


@pytest.mark.parametrize("fmt", list(Format))
def test_float_ends_are_a_rule(trials: Trials, fmt: Format) -> None:
    made = _attempted(trials, variants_of(_recipe(fmt), ["wide", "digit"])[-1])

    entries = _entries(layer_account(trials, {fmt: made}, _Silent()))

    assert entries["wide"].float_because == {fmt: "a rule: first and last layer"}


@pytest.mark.parametrize("fmt", list(Format))
def test_a_layer_that_stays_float_has_the_effect_that_it_would_have(
    trials: Trials, fmt: Format
) -> None:
    made = _attempted(trials, mixed(_recipe(fmt), ["next"]))

    entries = _entries(layer_account(trials, {fmt: made}, _Silent()))

    assert entries["next"].effect[fmt] > ERROR


def test_without_calibration_there_is_no_signal_to_noise(trials: Trials) -> None:
    made = _attempted(trials, _recipe(Format.ONNX))
    without = Trials(replace(trials.ground, calibration=None))

    entries = layer_account(without, {Format.ONNX: made}, _Silent()).entries

    assert [entry.snr_db for entry in entries] == [{}] * 4


def _node(op: str, layer: str, float_because: str | None = None) -> Node:
    return Node(
        name=f"{layer}/{op}",
        op=op,
        layer=layer,
        inputs=(),
        output=f"{layer}/{op}:0",
        float_because=float_because,
    )


def test_layers_that_only_move_numbers_are_not_quantizable() -> None:
    nodes = (
        _node("Conv", "b"),
        _node("Relu", "relu"),
        _node("MaxPool", "pool"),
        _node("RESHAPE", "flat"),
        _node("MatMul", "a"),
        _node("Add", "a"),
        _node("Softmax", "a", "a rule"),
        _node("Sin", "wave", "no kernel"),
    )

    assert quantizable_layers(nodes) == ["b", "a"]
