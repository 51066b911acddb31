from __future__ import annotations

import functools
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.core import Candidate
from edgesmith.evaluation import Evaluation
from edgesmith.optimization import calibrated_recipes, cheap_recipes, only_layer
from edgesmith.recipe import Recipe, Scheme, Weights
from edgesmith.scopes import layer_of
from edgesmith.trials import CalibrationSamples, Ground, Trials, with_own_answers
from edgesmith.verification import tolerance
from edgesmith_runtime.errors import DataError
from edgesmith_runtime.golden import GoldenSamples, Tolerance
from edgesmith_runtime.manifest import Decode, DecodeOp, Output, Task
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith.reference import Reference
    from edgesmith_runtime.bundle import Artifact

FORMATS = pytest.mark.parametrize("fmt", list(Format))
DIGIT = Output(
    name="digit",
    shape=(3,),
    labels=("zero", "one", "two"),
    decode=Decode(op=DecodeOp.ARGMAX),
)


@pytest.fixture(scope="module")
def tensors() -> dict[str, NDArray[np.float32]]:
    """Seventy images: more than a batch."""
    return {"image": np.random.default_rng(5).normal(size=(70, 8, 8, 1)).astype(np.float32)}


@pytest.fixture(scope="module")
def ground(
    reference: Reference,
    artifact_of: Callable[..., Artifact],
    tensors: dict[str, NDArray[np.float32]],
) -> Ground:
    original = reference.run(tensors)
    image = tensors["image"]
    evaluation = Evaluation(
        task=Task.CLASSIFICATION,
        outputs=(DIGIT,),
        batches=lambda: iter([{"image": image[:40]}, {"image": image[40:]}]),
        targets=original["digit"].argmax(axis=1),
        metric="accuracy",
        seed=3,
    )
    return Ground(
        floats={
            fmt: Candidate(
                recipe=Recipe(name=f"float32_{fmt}", format=fmt),
                artifact=artifact_of(reference, fmt),
                score=None,
                parity=None,
            )
            for fmt in Format
        },
        evaluation=evaluation,
        original=original,
        calibration=CalibrationSamples(tensors=tensors, source="training split", seed=1),
        layer_of=functools.partial(layer_of, scopes=reference.freeze().scopes),
    )


def _static(fmt: Format) -> Recipe:
    return calibrated_recipes(fmt, integer_only=False)[0]


@FORMATS
def test_a_recipe_is_made_once(ground: Ground, fmt: Format) -> None:
    trials = Trials(ground)

    first = trials.attempt(_static(fmt))
    again = trials.attempt(_static(fmt))

    assert first is not None
    assert again is first
    assert trials.n_computed == 1
    assert trials.candidates == [*ground.floats.values(), first]


def test_the_same_name_in_another_format_is_another_recipe(ground: Ground) -> None:
    trials = Trials(ground)

    made = [trials.attempt(_static(fmt)) for fmt in Format]

    assert [one.artifact.format for one in made if one is not None] == list(Format)
    assert trials.n_computed == 2


@FORMATS
def test_what_cannot_be_made_is_rejected_once_with_its_reason(
    ground: Ground, fmt: Format
) -> None:
    layers = tuple(node.layer for node in Trials(ground).nodes(fmt))
    recipe = replace(_static(fmt), float_layers=layers)
    trials = Trials(ground)

    results = [trials.attempt(recipe), trials.attempt(recipe)]

    assert results == [None, None]
    assert [one.recipe for one in trials.rejected] == [f"{fmt} int8_static_minmax"]
    assert trials.rejected[0].reason.startswith("int8_static_minmax: ")
    assert trials.n_computed == 0
    assert trials.candidates == list(ground.floats.values())


@FORMATS
def test_a_candidate_has_its_score_parity_and_drop(ground: Ground, fmt: Format) -> None:
    trials = Trials(ground)

    made = trials.attempt(_static(fmt))

    assert made is not None
    assert made.score is not None
    assert made.parity is not None
    assert made.drop is not None
    image = ground.calibration.tensors["image"] if ground.calibration else None
    given = open_runner(made.artifact).run({"image": np.asarray(image)})["digit"]
    true = ground.original["digit"]
    said = given.argmax(axis=1)
    answers = trials.answers[made.recipe]
    assert answers is not None
    np.testing.assert_array_equal(answers, said)
    assert made.drop.value == pytest.approx(np.mean(said != true.argmax(axis=1)))
    assert made.score.value == pytest.approx(1 - made.drop.value)
    assert made.parity.max_abs_error == pytest.approx(np.abs(given - true).max(), rel=1e-5)


@FORMATS
def test_a_seed_gives_the_same_candidates(ground: Ground, fmt: Format) -> None:
    recipes = (*cheap_recipes(fmt), _static(fmt))

    first, again = ([Trials(ground).attempt(one) for one in recipes] for _ in range(2))

    assert first == again
    assert None not in first


def test_without_targets_the_drop_is_of_agreement(ground: Ground) -> None:
    unknown = replace(ground, evaluation=replace(ground.evaluation, targets=None))

    made = Trials(unknown).attempt(_static(Format.ONNX))

    assert made is not None
    assert made.drop is not None
    assert (made.score, made.drop.metric) == (None, "agreement")


def test_without_decisions_the_drop_is_of_fidelity(ground: Ground) -> None:
    evaluation = replace(ground.evaluation, task=Task.TENSOR, targets=None)

    made = Trials(replace(ground, evaluation=evaluation)).attempt(_static(Format.ONNX))

    assert made is not None
    assert made.drop is not None
    assert made.drop.metric == "fidelity"
    assert 0 < made.drop.value < 0.05


@pytest.mark.parametrize(
    ("targets", "metric"), [([0, 1] * 35, "auc_or_agreement"), (None, "agreement")]
)
def test_an_anomaly_detection_drops_with_its_decisions(
    ground: Ground, targets: list[int] | None, metric: str
) -> None:
    scores = np.linspace(0, 2, 70, dtype=np.float32)[:, None]
    output = Output(
        name="score", shape=(1,), decode=Decode(op=DecodeOp.THRESHOLD, threshold=1.0)
    )
    evaluation = replace(
        ground.evaluation,
        task=Task.ANOMALY,
        outputs=(output,),
        targets=None if targets is None else np.array(targets),
        metric="auc",
    )
    trials = Trials(replace(ground, evaluation=evaluation, original={"score": scores}))

    drop = trials.drop(
        {"score": scores / 4}, slice(None)
    )  # the same order, below the threshold

    assert (drop.metric, drop.value) == (metric, pytest.approx(0.5))


@FORMATS
def test_without_samples_there_is_no_calibration(ground: Ground, fmt: Format) -> None:
    trials = Trials(replace(ground, calibration=None))

    assert trials.calibration(fmt) is None
    assert trials.attempt(_static(fmt)) is None
    assert trials.rejected[0].reason == (
        "int8_static_minmax: needs calibration samples; give --samples"
    )


@FORMATS
def test_calibration_and_nodes_are_found_out_once(ground: Ground, fmt: Format) -> None:
    trials = Trials(ground)

    assert trials.calibration(fmt) is trials.calibration(fmt)
    assert trials.nodes(fmt) is trials.nodes(fmt)


@FORMATS
def test_noise_is_noise_to_signal_on_the_calibration_samples(
    ground: Ground, tensors: dict[str, NDArray[np.float32]], fmt: Format
) -> None:
    trials = Trials(ground)
    made = trials.attempt(_static(fmt))
    assert made is not None

    noise = trials.noise(made.artifact)

    exact = open_runner(ground.floats[fmt].artifact).run(tensors)["digit"].astype(np.float64)
    given = open_runner(made.artifact).run(tensors)["digit"]
    assert noise == pytest.approx(np.square(given - exact).sum() / np.square(exact).sum())
    assert trials.noise(ground.floats[fmt].artifact) == 0


def test_noise_without_samples_is_a_mistake_of_the_caller(ground: Ground) -> None:
    trials = Trials(replace(ground, calibration=None))

    with pytest.raises(ValueError, match="noise: expected calibration samples"):
        trials.noise(ground.floats[Format.ONNX].artifact)


@FORMATS
def test_one_layer_alone_is_noisier_than_none_and_less_than_all(
    ground: Ground, fmt: Format
) -> None:
    trials = Trials(ground)
    recipe = _static(fmt)
    every = list(dict.fromkeys(node.layer for node in trials.nodes(fmt)))
    dense = max(trials.nodes(fmt), key=lambda node: node.weight_bytes).layer
    whole = trials.attempt(recipe)
    assert whole is not None

    noise, effect = trials.alone(recipe, dense, only_layer(recipe, dense, every))

    assert 0 < noise < trials.noise(whole.artifact)
    assert abs(effect) <= 0.1
    assert trials.n_computed == 2


@FORMATS
def test_other_weights_start_from_their_own_artifact(
    ground: Ground, other_artifacts: dict[Format, Artifact], fmt: Format
) -> None:
    trials = Trials(ground)
    recipe = replace(cheap_recipes(fmt)[0], name="float16_pruned", weights=Weights.PRUNED)
    trials.start_from(Weights.PRUNED, other_artifacts[fmt])

    made = trials.attempt(recipe)

    assert made is not None
    image = {"image": np.ones((1, 8, 8, 1), np.float32)}
    other = open_runner(other_artifacts[fmt]).run(image)["digit"]
    np.testing.assert_allclose(open_runner(made.artifact).run(image)["digit"], other, atol=1e-2)


def test_calibration_samples_have_a_digest_each_of_all_their_tensors() -> None:
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.arange(2, dtype=np.int64)

    samples = CalibrationSamples(tensors={"b": b, "a": a}, source="given")

    expected = [hashlib.sha256(a[i].tobytes() + b[i].tobytes()).hexdigest() for i in range(2)]
    assert samples.digests() == tuple(expected)
    assert len(samples) == 2


@pytest.mark.parametrize(("n_asked", "n_given"), [(None, 150), (70, 70), (1000, 150)])
def test_calibration_samples_come_in_batches(n_asked: int | None, n_given: int) -> None:
    numbers = np.arange(150, dtype=np.float32)
    samples = CalibrationSamples(tensors={"x": numbers}, source="given")

    batches = [one["x"] for one in samples.batches(n_asked)]

    np.testing.assert_array_equal(np.concatenate(batches), numbers[:n_given])
    assert max(len(one) for one in batches) == 64


def test_calibration_samples_that_teach_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="calibration: expected samples, got none"):
        CalibrationSamples(tensors={"x": np.zeros((0, 3), np.float32)}, source="given")


@FORMATS
def test_a_quantized_artifact_must_answer_on_the_device_as_it_does_here(
    ground: Ground, tensors: dict[str, NDArray[np.float32]], fmt: Format
) -> None:
    made = Trials(ground).attempt(_static(fmt))
    assert made is not None
    file, original = made.artifact.file, ground.floats[fmt]
    few = {name: array[:2] for name, array in tensors.items()}
    exact = {"digit": ground.original["digit"][:2]}
    bound = {"digit": tolerance(ground.original["digit"])}
    golden = GoldenSamples(
        raw=({"x": "one"}, {"x": "another"}),
        tensors=few,
        outputs={original.artifact.file: exact, file: exact},
        tensor_tolerances={name: Tolerance(0.0, 0.0) for name in few},
        output_tolerances={original.artifact.file: bound, file: bound},
    )

    own = with_own_answers(golden, [original, made], ground.original)

    np.testing.assert_array_equal(
        own.outputs[file]["digit"], open_runner(made.artifact).run(few)["digit"]
    )
    spread = float(np.ptp(ground.original["digit"]))
    assert own.output_tolerances[file]["digit"].atol == bound["digit"].atol + 0.02 * spread
    assert own.outputs[original.artifact.file] is exact
    assert own.output_tolerances[original.artifact.file] == bound


def test_the_recipe_of_a_float_candidate_needs_no_precision() -> None:
    recipe = Recipe(name="float32_onnx", format=Format.ONNX)

    assert (recipe.scheme, recipe.precision) == (Scheme.FLOAT32, Precision.FLOAT32)
