"""An app that is slow in a known way, for `check_explain.py`: a bundle, its raw inputs, the ways."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from PIL import Image

import edgesmith_runtime as er
from edgesmith_runtime.bundle import make_bundle, write_bundle
from edgesmith_runtime.explaining import Reason
from edgesmith_runtime.golden import GoldenSamples, Media, Tolerance, golden_files
from edgesmith_runtime.manifest import (
    ArtifactEntry,
    Decode,
    DecodeOp,
    Kind,
    Manifest,
    Output,
    RawInput,
    Selection,
    Step,
    Task,
)
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.model import Model
    from edgesmith_runtime.recorded import Recording

SIDE, OPSET = 256, 18
SIGNATURE = Signature(
    inputs=(TensorSpec("pixels", "float32", ("batch", SIDE, SIDE, 3)),),
    outputs=(TensorSpec("scores", "float32", ("batch", 8)),),
)


def _step(op: str, source: str, made: str, **params: Any) -> Step:
    return Step(op=op, inputs=(source,), outputs=(made,), params=params)


STEPS = (
    _step("decode_image", "photo", "decoded", mode="rgb"),
    _step("resize", "decoded", "sized", height=SIDE, width=SIDE),
    _step("scale", "sized", "pixels", offset=[0.0], scale=[255.0]),
)


def model_bytes() -> bytes:
    """Two convolutions over images with channels last, their mean, eight classes."""
    rng = np.random.default_rng(0)
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        values = rng.normal(0, 0.1, shape).astype(np.float32)
        return onnx.numpy_helper.from_array(values, name)

    nodes = [
        helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "w1"], ["c1"], strides=[8, 8]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2"], ["c2"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("GlobalAveragePool", ["r2"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w3"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=-1),
    ]
    inputs = [helper.make_tensor_value_info("pixels", floats, ["batch", SIDE, SIDE, 3])]
    outputs = [helper.make_tensor_value_info("scores", floats, ["batch", 8])]
    constants = [weights("w1", 16, 3, 8, 8), weights("w2", 96, 16, 3, 3), weights("w3", 96, 8)]
    graph = helper.make_graph(nodes, "app", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return model.SerializeToString(deterministic=True)


def photo(path: Path, side: int, seed: int) -> Path:
    """A JPEG of smooth colours, ``side`` pixels each way."""
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(path, quality=90)
    return path


def write_app(folder: Path) -> Path:
    """The bundle of the app, with two photographs of 256 pixels as golden samples."""
    content = model_bytes()
    raws = [photo(folder / f"photo_{i}.jpg", SIDE, i).read_bytes() for i in range(2)]
    photo(folder / "large.jpg", 1600, 0)
    entry = ArtifactEntry(
        file="model.onnx",
        format=Format.ONNX,
        precision=Precision.FLOAT32,
        version=OPSET,
        signature=SIGNATURE,
        starts_after=len(STEPS) - 1,
    )
    manifest = Manifest(
        name="app",
        task=Task.CLASSIFICATION,
        raw_inputs=(RawInput("photo", Kind.IMAGE, "a photograph"),),
        transform=STEPS,
        outputs=(
            Output(
                name="scores",
                shape=(8,),
                labels=tuple("abcdefgh"),
                decode=Decode(op=DecodeOp.ARGMAX),
            ),
        ),
        artifacts=(entry,),
        default_artifact=Selection(file="model.onnx", reason="the only one"),
        provenance={"data_set": "made up"},
    )
    pixels = np.concatenate(
        [Transform(STEPS, ("photo",))({"photo": [r]})["pixels"] for r in raws]
    )
    session = _session(content)
    golden = GoldenSamples(
        raw=tuple({"photo": Media(raw, ".jpg")} for raw in raws),
        tensors={"pixels": pixels},
        tensor_tolerances={"pixels": Tolerance(1e-3, 1e-3)},
        outputs={"model.onnx": {"scores": session.run(None, {"pixels": pixels})[0]}},
        output_tolerances={"model.onnx": {"scores": Tolerance(1e-3, 1e-3)}},
    )
    files = {"model.onnx": content, **golden_files(golden)}
    path = folder / "app.edge"
    write_bundle(make_bundle(manifest, files), path)
    return path


def _session(content: bytes) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def recorded(way: str, folder: Path) -> Recording:
    """The recording of an app that goes one of ``WAYS`` for two seconds or so."""
    reason, n_threads, app = WAYS[way]
    # Once a large block was freed, the C library keeps the memory of later arrays; until then each
    # call may get its pages from the kernel anew. A process of the bench has freed some.
    np.empty(16 << 20, np.uint8)
    model = er.load(folder / "app.edge", n_threads=n_threads, tuned=False)
    photos = [str(folder / f"photo_{i}.jpg") for i in range(2)]
    if reason is Reason.PREPROCESSING:
        photos = [str(folder / "large.jpg")] * 2
    for _ in range(20):  # as the bench warms up
        model.predict(photos[0])
        model.run(model.prepare(photos[0]))
    with model.record() as recorder:
        app(model, photos)
    return recorder.recording()


def _for_seconds(seconds: float, call: Callable[[int], object]) -> None:
    until, index = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        call(index)
        index += 1


def _plain(model: Model, photos: list[str]) -> None:
    _for_seconds(2, lambda i: model.predict(photos[i % 2]))


def _plain_run(model: Model, photos: list[str]) -> None:
    tensors = [model.prepare(photo) for photo in photos]
    _for_seconds(2, lambda i: model.run(tensors[i % 2]))


def _many_awaits(model: Model, photos: list[str]) -> None:
    async def ask() -> None:
        for _ in range(6):
            await asyncio.gather(*(model.predict_async(photos[i % 2]) for i in range(40)))

    asyncio.run(ask())


def _many_threads(call: Callable[[str], object], photos: list[str], n_threads: int) -> None:
    def client(index: int) -> None:
        _for_seconds(2, lambda i: call(photos[(i + index) % 2]))

    clients = [threading.Thread(target=client, args=(i,)) for i in range(n_threads)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()


def _batcher(model: Model, photos: list[str]) -> None:
    with er.Batcher(model, max_batch=4) as batcher:
        _many_threads(batcher.predict, photos, 16)


def _direct_threads(model: Model, photos: list[str]) -> None:
    _many_threads(model.predict, photos, 8)


def _strided(model: Model, photos: list[str]) -> None:
    """Tensors as a view of planes, as other frameworks have images."""
    planes = [
        np.ascontiguousarray(model.prepare(photo)["pixels"].transpose(0, 3, 2, 1))
        for photo in photos
    ]
    views = [{"pixels": one.transpose(0, 3, 2, 1)} for one in planes]
    _for_seconds(2, lambda i: model.run(views[i % 2]))


def _busy_process(model: Model, photos: list[str]) -> None:
    done = threading.Event()

    def work() -> None:
        numbers = list(range(1000))
        while not done.is_set():
            sum(numbers)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    _for_seconds(3, lambda i: model.predict(photos[i % 2]))
    done.set()
    for one in workers:
        one.join()


def _pauses(model: Model, photos: list[str]) -> None:
    def call(index: int) -> None:
        model.predict(photos[index % 2])
        time.sleep(0.05)

    _for_seconds(4, call)


def _run_pauses(model: Model, photos: list[str]) -> None:
    tensors = [model.prepare(photo) for photo in photos]

    def call(index: int) -> None:
        model.run(tensors[index % 2])
        time.sleep(0.05)

    _for_seconds(4, call)


# What an app does, the cause that it has, and the threads that it loads the model with.
WAYS: dict[str, tuple[Reason | None, int, Callable[[Model, list[str]], None]]] = {
    "healthy": (None, 1, _plain),
    "healthy run": (None, 1, _plain_run),
    "40 awaits at once": (Reason.QUEUEING, 1, _many_awaits),
    "a batcher with 16 clients": (Reason.QUEUEING, 1, _batcher),
    "8 threads call at once": (Reason.QUEUEING, 1, _direct_threads),
    "run on a transposed view": (Reason.COPIES, 1, _strided),
    "2 busy threads beside it": (Reason.THREADS, 1, _busy_process),
    "pauses of 50 ms": (Reason.IDLE, 1, _pauses),
    "run after pauses of 50 ms": (Reason.IDLE, 1, _run_pauses),
    "photographs of 1600 pixels": (Reason.PREPROCESSING, 1, _plain),
}
