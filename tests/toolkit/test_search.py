from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest

from edgesmith.core import Candidate, Standing
from edgesmith.evaluation import Evaluation
from edgesmith.evidence import CallTime, Portability, SaturatingLayer
from edgesmith.recipe import Recipe, Scheme, Target, Weights
from edgesmith.scopes import layer_of
from edgesmith.search import Measuring, Tuned, search
from edgesmith.trials import CalibrationSamples, Ground
from edgesmith_runtime.errors import ConfigError, OptimizationError
from edgesmith_runtime.latency import Estimate
from edgesmith_runtime.manifest import Decode, DecodeOp, Output, Task
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import keras

    from edgesmith.core import Progress
    from edgesmith.found import Found
    from edgesmith_runtime.bundle import Artifact

N_SAMPLES = 400
DIGIT = Output(
    name="digit", shape=(4,), labels=tuple("abcd"), decode=Decode(op=DecodeOp.ARGMAX)
)
INT8 = Scheme.INT8_STATIC
BUDGET = Target(max_accuracy_drop=0.06)
ONNX_ALONE = replace(BUDGET, formats=(Format.ONNX,))
UNREACHABLE = replace(ONNX_ALONE, max_size_bytes=10)


class _Silent:
    def track(self, items: Iterable[Any], label: str, *, total: int) -> Iterator[Any]:
        yield from items

    def say(self, message: str) -> None: ...


def _call_time(ratio: float, p95_ns: float) -> CallTime:
    return CallTime(
        p50_ns=Estimate(value=1e5 * ratio, low=1e5 * ratio, high=1e5 * ratio),
        p95_ns=p95_ns,
        ratio=Estimate(value=ratio, low=ratio, high=ratio),
    )


@dataclass
class _Device:
    """A device on which int8 takes half of the time, with the recipes whose portability was asked for."""

    late: tuple[Format, ...] = ()
    saturates: Callable[[str], bool] = lambda name: False
    looked_at: list[str] = field(default_factory=list)

    def latencies(self, candidates: Sequence[Candidate]) -> Mapping[Recipe, CallTime]:
        return {
            one.recipe: _call_time(
                0.5 if one.recipe.scheme in (INT8, Scheme.INT8_FULL_INTEGER) else 1.0,
                5e6 if one.artifact.format in self.late else 1e5,
            )
            for one in candidates
        }

    def portability(self, candidate: Candidate) -> Portability:
        name = candidate.recipe.name
        self.looked_at.append(name)
        layer = SaturatingLayer(layer="wide", share=0.1, worst_error=1.0)
        return Portability(
            recipe=name,
            n_samples=1,
            layers=(layer,) if self.saturates(name) else (),
            worst_error=0.1 if self.saturates(name) else 0.0,
            n_changed=0,
        )

    def measuring(self, tuned: Tuned | None = None) -> Measuring:
        return Measuring(latencies=self.latencies, portability=self.portability, tuned=tuned)


def _dense(**widths: int) -> keras.Model:
    """Dense layers with weights of a seed; biases stay 0, so the numbers alone decide."""
    import keras

    rng = np.random.default_rng(0)
    x = y = keras.Input((8,), name="x")
    for name, width in widths.items():
        activation = {"wide": None, "digit": "softmax"}.get(name, "relu")
        y = keras.layers.Dense(width, activation=activation, name=name)(y)
    model = keras.Model(x, y)
    for layer in model.layers[1:]:
        shape = layer.kernel.shape
        layer.kernel.assign(rng.normal(size=shape) / np.sqrt(shape[0]))
    return model


@pytest.fixture(scope="module")
def plain(artifact_of: Callable[..., Artifact]) -> Ground:
    return _ground(_dense(first=32, digit=4), artifact_of)


@pytest.fixture(scope="module")
def damaged(artifact_of: Callable[..., Artifact]) -> Ground:
    """One layer gives a number 10 000 times as large as the others, and as important."""
    model = _dense(first=16, wide=32, next=16, digit=4)
    wide, after = model.get_layer("wide").kernel, model.get_layer("next").kernel
    sizes = np.array([1e4, *np.ones(31)])
    wide.assign(wide.numpy() * sizes)
    after.assign(after.numpy() / sizes[:, None])
    return _ground(model, artifact_of)


def _ground(model: keras.Model, artifact_of: Callable[..., Artifact]) -> Ground:
    from edgesmith.reference import trace

    rng = np.random.default_rng(1)
    reference = trace(model)
    tensors = {"x": rng.normal(size=(N_SAMPLES, 8)).astype(np.float32)}
    original = reference.run(tensors)
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
        evaluation=Evaluation(
            task=Task.CLASSIFICATION,
            outputs=(DIGIT,),
            batches=lambda: iter([tensors]),
            targets=original["digit"].argmax(axis=1),
            metric="accuracy",
            seed=0,
        ),
        original=original,
        calibration=CalibrationSamples(
            tensors={"x": tensors["x"][:200]}, source="training split", seed=7
        ),
        layer_of=functools.partial(layer_of, scopes=reference.freeze().scopes),
    )


def _search(
    ground: Ground, target: Target = BUDGET, device: _Device | None = None, **options: Any
) -> Found:
    measuring = (device or _Device()).measuring(**options)
    return search(ground, target, measuring, progress=_Silent())


@pytest.fixture(scope="module")
def found(plain: Ground) -> Found:
    """Of a model that int8 does not harm, so that nothing need be fine-tuned."""

    def never(weights: Weights, progress: Progress) -> Mapping[Format, Artifact]:
        raise AssertionError(weights)

    return _search(plain, tuned=Tuned(artifacts=never))


@pytest.fixture(scope="module")
def repaired(damaged: Ground) -> Found:
    return _search(damaged)


def _of(found: Found, fmt: Format, *schemes: Scheme) -> list[Candidate]:
    return [
        one
        for one in found.search.candidates
        if one.artifact.format is fmt and (not schemes or one.recipe.scheme in schemes)
    ]


@pytest.mark.parametrize("fmt", list(Format))
def test_int8_ships_where_it_is_twice_as_fast(found: Found, fmt: Format) -> None:
    (shipped,) = [one for one in found.shipped if one.artifact.format is fmt]

    assert shipped.recipe.scheme in (Scheme.INT8_STATIC, Scheme.INT8_FULL_INTEGER)
    assert shipped.standing is Standing.CHOSEN
    assert shipped.latency is not None
    assert shipped.artifact.file == f"model.int8.{fmt}"
    assert found.search.missed is None
    assert found.choice.file == "model.int8.onnx"


def test_every_recipe_was_computed_once_after_the_float_ones(found: Found) -> None:
    names = [(one.recipe.format, one.recipe.name) for one in found.search.candidates]

    assert names[:2] == [(fmt, f"float32_{fmt}") for fmt in Format]
    assert len(set(names)) == len(names)
    assert found.search.n_computed >= len(names) - 2


def test_a_seed_gives_the_same_candidates(plain: Ground, found: Found) -> None:
    again = _search(plain, ONNX_ALONE)

    assert _of(again, Format.ONNX) == _of(found, Format.ONNX)
    assert again.shipped == found.shipped[:1]


def test_the_account_says_where_the_ranges_are_from(plain: Ground, found: Found) -> None:
    calibration = found.search.calibration

    assert calibration is not None
    assert plain.calibration is not None
    assert (calibration.n_samples, calibration.seed) == (200, 7)
    assert calibration.source == "training split"
    assert calibration.sha256 == plain.calibration.digests()
    low, high = calibration.ranges[Format.ONNX]["x"]
    assert plain.calibration.tensors["x"].min() - 1e-6 <= low < 0 < high
    assert calibration.warning is None


def test_halves_that_differ_are_warned_of(plain: Ground) -> None:
    assert plain.calibration is not None
    x = plain.calibration.tensors["x"].copy()
    x[1::2] *= 8
    unlike = CalibrationSamples(tensors={"x": x}, source="given")

    notes = _search(replace(plain, calibration=unlike), ONNX_ALONE).search.notes

    assert any(note.startswith("two halves of the 200 calibration samples") for note in notes)


def test_the_answers_and_layers_of_what_ships_are_kept(plain: Ground, found: Found) -> None:
    for one in found.shipped:
        assert {"first", "digit"} <= set(found.layers[one.artifact.file].values())
        tensors = next(plain.evaluation.batches())
        said = open_runner(one.artifact).run(tensors)["digit"].argmax(axis=1)
        given = found.predicted[one.artifact.file]
        assert given is not None
        np.testing.assert_array_equal(given, said)


def test_without_calibration_static_recipes_are_left_out_with_a_note(plain: Ground) -> None:
    found = _search(replace(plain, calibration=None))

    expected = "no calibration samples: static recipes are left out; give --samples"
    assert any(note.startswith(expected) for note in found.search.notes)
    schemes = {one.recipe.scheme for one in found.search.candidates}
    assert not schemes & {Scheme.INT8_STATIC, Scheme.INT8_FULL_INTEGER}
    assert Scheme.INT8_WEIGHTS in schemes
    assert (found.search.calibration, found.search.layers) == (None, None)
    assert found.search.rejected == ()


@pytest.mark.parametrize("fmt", list(Format))
def test_few_float_layers_repair_the_damaged_model(repaired: Found, fmt: Format) -> None:
    (shipped,) = [one for one in repaired.shipped if one.artifact.format is fmt]

    whole = [one for one in _of(repaired, fmt, INT8) if not one.recipe.float_layers]
    assert {one.standing for one in whole} == {Standing.MISSES}
    assert shipped.recipe.scheme is Scheme.INT8_STATIC
    assert set(shipped.recipe.float_layers) == {"wide", "next"}
    assert shipped.artifact.file == f"model.mixed.{fmt}"


def test_the_account_names_the_layer_behind_the_outlier_first(repaired: Found) -> None:
    assert repaired.search.layers is not None
    worst = repaired.search.layers.entries[0]
    assert worst.layer in ("wide", "next")
    assert set(worst.float_because.values()) == {"the search"}


def test_the_repaired_file_holds_the_float_weights(repaired: Found) -> None:
    (shipped,) = [one for one in repaired.shipped if one.artifact.format is Format.ONNX]
    model = onnx.load_model_from_string(bytes(shipped.artifact.content))

    shapes = {
        tuple(one.dims): one.data_type for one in model.graph.initializer if len(one.dims) == 2
    }
    assert shapes == {
        (8, 16): onnx.TensorProto.INT8,
        (16, 32): onnx.TensorProto.FLOAT,
        (32, 16): onnx.TensorProto.FLOAT,
        (16, 4): onnx.TensorProto.INT8,
    }


def test_formats_without_a_float_artifact_are_refused(plain: Ground) -> None:
    alone = replace(plain, floats={Format.ONNX: plain.floats[Format.ONNX]})

    with pytest.raises(
        ConfigError,
        match=r"target.formats: expected some of onnx, got tflite; there is no float artifact",
    ):
        _search(alone, Target(formats=(Format.TFLITE,)))


def test_a_format_that_is_not_asked_for_is_not_tried(plain: Ground) -> None:
    found = _search(plain, replace(BUDGET, formats=(Format.TFLITE,)))

    assert len(_of(found, Format.ONNX)) == 1
    assert {one.artifact.format for one in found.shipped} == set(Format)
    (onnx_one,) = [one for one in found.shipped if one.artifact.format is Format.ONNX]
    assert onnx_one.recipe.scheme is Scheme.FLOAT32


def test_a_device_with_whole_numbers_alone_gets_full_integer_tflite(plain: Ground) -> None:
    found = _search(plain, replace(BUDGET, integer_only=True))

    schemes = {one.recipe.scheme for one in found.search.candidates}
    assert schemes == {Scheme.FLOAT32, Scheme.INT8_FULL_INTEGER}
    (tflite_one,) = [one for one in found.shipped if one.artifact.format is Format.TFLITE]
    assert tflite_one.recipe.scheme is Scheme.INT8_FULL_INTEGER
    assert [spec.dtype for spec in tflite_one.artifact.signature] == ["int8", "int8"]


@pytest.fixture(scope="module")
def saturated(plain: Ground) -> tuple[Found, _Device]:
    """On a device on which all products of 8 bits saturate, and those of 7 bits do not."""
    device = _Device(saturates=lambda name: not name.endswith("_reduced"))
    return _search(plain, device=device), device


def test_what_saturates_is_made_with_seven_bits_and_that_one_ships(
    saturated: tuple[Found, _Device],
) -> None:
    found, device = saturated

    (shipped,) = [one for one in found.shipped if one.artifact.format is Format.ONNX]
    first = device.looked_at[0]
    assert shipped.recipe.reduce_range
    assert shipped.latency is not None
    reasons = {one.recipe.name: one.reason for one in _of(found, Format.ONNX)}
    assert reasons[first].startswith("its products overflow 16 bits")
    assert [one.recipe for one in found.search.portability] == device.looked_at


def test_an_onnx_verdict_says_nothing_of_tflite(
    found: Found, saturated: tuple[Found, _Device]
) -> None:
    assert _of(saturated[0], Format.TFLITE) == _of(found, Format.TFLITE)


def test_where_nothing_keeps_the_budget_the_nearest_is_named(plain: Ground) -> None:
    found = _search(plain, UNREACHABLE)

    assert found.search.missed is not None
    assert found.search.missed.startswith("the nearest is ")
    assert found.choice.file == "model.onnx"
    assert any(note.startswith("fine-tuning was not tried") for note in found.search.notes)


def test_other_weights_are_tried_where_nothing_keeps_the_budget(plain: Ground) -> None:
    asked: list[Weights] = []

    def artifacts(weights: Weights, progress: Progress) -> Mapping[Format, Artifact]:
        asked.append(weights)
        return {fmt: one.artifact for fmt, one in plain.floats.items()}

    found = _search(plain, UNREACHABLE, tuned=Tuned(artifacts=artifacts))

    assert asked == [Weights.QUANTIZATION_AWARE, Weights.PRUNED]
    tried = {one.recipe.weights for one in found.search.candidates}
    assert tried == set(Weights)


def test_fine_tuning_that_fails_is_rejected_with_its_reason(plain: Ground) -> None:
    def artifacts(weights: Weights, progress: Progress) -> Mapping[Format, Artifact]:
        raise OptimizationError(f"no {weights} here")

    found = _search(plain, UNREACHABLE, tuned=Tuned(artifacts=artifacts))

    assert [(one.recipe, one.reason) for one in found.search.rejected][-2:] == [
        ("quantization_aware", "no quantization_aware here"),
        ("pruned", "no pruned here"),
    ]


def test_a_tflite_model_file_ships_as_it_is_where_nothing_keeps_the_budget(
    plain: Ground,
) -> None:
    alone = replace(plain, floats={Format.TFLITE: plain.floats[Format.TFLITE]})

    found = _search(alone, replace(UNREACHABLE, formats=(Format.TFLITE,)))

    assert [one.recipe.name for one in found.shipped] == ["float32_tflite"]
    assert found.search.missed is not None


def test_a_format_that_was_not_asked_for_does_not_keep_the_budget(plain: Ground) -> None:
    device = _Device(late=(Format.TFLITE,))

    found = _search(plain, Target(formats=(Format.TFLITE,), max_p95_ms=1.0), device)

    assert found.search.missed is not None
    assert found.search.missed.startswith("the nearest is tflite ")
