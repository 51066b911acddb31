"""A model is swapped while it serves: every answer is the old one's or the new one's."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import os
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.bundle import make_bundle, unpack_bundle, write_bundle
from edgesmith_runtime.errors import BackendError, BundleError, SelfTestError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle

    Shifted = Callable[[float], Bundle]
    Fork = Callable[[Callable[[], object]], int]

X = np.array([0.5, -1.0, 0.25, 2.0], np.float32)


@pytest.fixture
def written(tmp_path: Path, shifted_bundle: Shifted) -> Callable[[float], Path]:
    """Writes the tiny bundle with a shifted bias."""

    def write(shift: float) -> Path:
        path = tmp_path / f"by {shift}.edge"
        write_bundle(shifted_bundle(shift), path)
        return path

    return write


@pytest.fixture
def slot(written: Callable[[float], Path]) -> er.Slot:
    """Serves the tiny bundle as it is, in memory."""
    return er.Slot(written(0.0))


def score(model: er.Model | er.Slot) -> float:
    """The probability of the first class for one sample."""
    scores = model.predict(X).scores
    assert scores is not None
    return scores["ant"]


def shifted_score(path: Path) -> float:
    return score(er.load(path))


class WaitsToBeRead:
    """A raw input that lets a call get so far, and no further until it may."""

    def __init__(self) -> None:
        self.is_reached, self.may_go = threading.Event(), threading.Event()

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[np.float32]:
        self.is_reached.set()
        assert self.may_go.wait(60)
        return X


def test_a_slot_answers_as_its_model(slot: er.Slot) -> None:
    tensors = {"features": X[None]}

    assert slot.predict(X).scores == slot.model.predict(X).scores
    assert slot.predict_batch([X, X])[1].scores == slot.model.predict(X).scores
    np.testing.assert_array_equal(
        slot.run(tensors)["probabilities"], slot.model.run(tensors)["probabilities"]
    )
    assert repr(slot) == "<Slot with <Model 'tiny' from model.onnx>>"


def test_the_async_forms_answer_the_same(slot: er.Slot) -> None:
    async def ask() -> tuple[er.Prediction, list[er.Prediction], dict[str, NDArray[Any]]]:
        return (
            await slot.predict_async(X, timeout=60),
            await slot.predict_batch_async([X]),
            await slot.run_async({"features": X[None]}),
        )

    one, (other,), outputs = asyncio.run(ask())

    assert one.scores == other.scores == slot.predict(X).scores
    np.testing.assert_array_equal(outputs["probabilities"][0], one.outputs["probabilities"])


def test_the_new_bundle_answers_from_the_next_call_on(
    slot: er.Slot, written: Callable[[float], Path]
) -> None:
    old = score(slot)
    new = written(1.0)

    slot.swap(new)
    new.unlink()

    odds = old / (1 - old) * np.exp(1.0)
    assert score(slot) == pytest.approx(odds / (1 + odds), rel=1e-5)


def test_an_unpacked_bundle_is_a_place_and_a_new_bundle(
    tmp_path: Path, shifted_bundle: Shifted
) -> None:
    for shift in (0.0, 1.0):
        unpack_bundle(shifted_bundle(shift), tmp_path / str(shift))
    slot = er.Slot(tmp_path / "0.0")

    slot.swap(tmp_path / "1.0")

    assert score(slot) == shifted_score(tmp_path / "1.0")


def test_a_damaged_bundle_is_the_swappers_trouble_alone(
    slot: er.Slot, written: Callable[[float], Path]
) -> None:
    old, new = score(slot), written(1.0)
    content = bytearray(new.read_bytes())
    content[len(content) // 2] ^= 1
    new.write_bytes(content)

    with pytest.raises(BundleError, match=r"by 1\.0\.edge"):
        slot.swap(new)

    assert score(slot) == old


def test_a_bundle_that_answers_otherwise_than_its_golden_samples_is_refused(
    slot: er.Slot, tmp_path: Path, tiny_bundle: Bundle, shifted_bundle: Shifted
) -> None:
    files = {name: bytes(one) for name, one in tiny_bundle.files.items()}
    files["model.onnx"] = bytes(shifted_bundle(1.0).files["model.onnx"])
    for made in ("manifest.json", "labels.txt"):
        del files[made]
    write_bundle(make_bundle(tiny_bundle.manifest, files), tmp_path / "wrong.edge")
    old = score(slot)

    with pytest.raises(SelfTestError, match=r"sample 0, model\.onnx, output 'probabilities'"):
        slot.swap(tmp_path / "wrong.edge")
    with pytest.raises(SelfTestError):
        slot.swap(tmp_path / "wrong.edge", untested=True)

    assert score(slot) == old


def test_a_bundle_without_golden_samples_is_taken_when_that_is_asked_for(
    slot: er.Slot, tmp_path: Path, shifted_bundle: Shifted
) -> None:
    bundle, path = shifted_bundle(1.0), tmp_path / "bare.edge"
    bare = make_bundle(bundle.manifest, {"model.onnx": bytes(bundle.files["model.onnx"])})
    write_bundle(bare, path)

    with pytest.raises(BundleError, match="the bundle has no golden samples"):
        slot.swap(path)
    slot.swap(path, untested=True)

    assert score(slot) == shifted_score(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"raw_inputs": "y"},
            r"expected the raw inputs of the bundle that serves, \[\('x', 'tensor'\)\], "
            r"got \[\('y', 'tensor'\)\]; open a slot of its own for it",
        ),
        ({"task": "tensor"}, r"expected the task .*, classification, got tensor; open a slot"),
    ],
    ids=["raw input", "task"],
)
def test_another_face_is_refused(
    slot: er.Slot, tmp_path: Path, tiny_bundle: Bundle, change: dict[str, str], message: str
) -> None:
    manifest = tiny_bundle.manifest
    if "task" in change:
        manifest = dataclasses.replace(manifest, task=type(manifest.task)(change["task"]))
    else:
        (raw,), (step,) = manifest.raw_inputs, manifest.transform
        manifest = dataclasses.replace(
            manifest,
            raw_inputs=(dataclasses.replace(raw, name="y"),),
            transform=(dataclasses.replace(step, inputs=("y",)),),
        )
    model = {"model.onnx": bytes(tiny_bundle.files["model.onnx"])}
    write_bundle(make_bundle(manifest, model), tmp_path / "other.edge")

    with pytest.raises(BundleError, match=message):
        slot.swap(tmp_path / "other.edge", untested=True)


def test_a_call_in_flight_ends_on_the_model_that_it_began_on(
    slot: er.Slot, written: Callable[[float], Path]
) -> None:
    old, raw, new = score(slot), WaitsToBeRead(), written(1.0)

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(slot.predict, raw)
        try:
            assert raw.is_reached.wait(60)
            slot.swap(new)
            after = score(slot)
        finally:
            raw.may_go.set()

    assert (answer.result().scores or {})["ant"] == old
    assert after == shifted_score(new)


def test_the_old_model_is_given_back(slot: er.Slot, written: Callable[[float], Path]) -> None:
    old = weakref.ref(slot.model)

    slot.swap(written(1.0))
    gc.collect()

    assert old() is None


def test_under_load_every_answer_is_the_old_or_the_new(
    slot: er.Slot, written: Callable[[float], Path]
) -> None:
    places = [written(0.0), written(1.0)]
    right = {shifted_score(place) for place in places}
    is_over = threading.Event()

    def ask() -> set[float]:
        seen: set[float] = set()
        while not is_over.is_set():
            seen.add(score(slot))
        return seen

    with ThreadPoolExecutor(8) as pool:
        askers = [pool.submit(ask) for _ in range(8)]
        for number in range(30):
            slot.swap(places[(number + 1) % 2])
        is_over.set()
        seen = set[float]().union(*(asker.result() for asker in askers))

    assert seen <= right
    assert score(slot) == shifted_score(places[0])


def test_several_swappers_take_turns(slot: er.Slot, written: Callable[[float], Path]) -> None:
    places = [written(float(number)) for number in range(4)]

    with ThreadPoolExecutor(4) as pool:
        for swapping in [pool.submit(slot.swap, place) for place in places * 3]:
            swapping.result()

    assert score(slot) in {shifted_score(place) for place in places}


def test_keywords_of_load_are_those_of_a_partial(written: Callable[[float], Path]) -> None:
    slot = er.Slot(written(0.0), load=partial(er.load, artifact="model.onnx"))

    with pytest.raises(BundleError, match=r"'model\.tflite' is neither a file nor a format"):
        er.Slot(written(0.0), load=partial(er.load, artifact="model.tflite"))

    assert slot.model.artifact.file == "model.onnx"


def test_an_error_of_the_model_is_that_of_the_slot(slot: er.Slot) -> None:
    with pytest.raises(er.InputError) as by_model:
        slot.model.predict([np.nan] * 4)

    with pytest.raises(er.InputError) as by_slot:
        slot.predict([np.nan] * 4)

    assert str(by_slot.value) == str(by_model.value)


def test_a_child_swaps_although_a_thread_of_its_parent_had_its_turn(
    slot: er.Slot, written: Callable[[float], Path], fork: Fork
) -> None:
    place = written(1.0)
    loads_there = partial(er.load, n_threads=1)
    child_slot = er.Slot(written(0.0), load=loads_there)

    def swap() -> None:
        child_slot.swap(place)
        if score(child_slot) != pytest.approx(expected):
            raise BackendError("another answer")

    expected = shifted_score(place)
    with child_slot._turns():
        child = fork(swap)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_nothing_to_confirm_in_memory(slot: er.Slot, written: Callable[[float], Path]) -> None:
    slot.swap(written(1.0))

    slot.confirm()

    assert not slot.rolled_back
