"""The page in a real browser: a picture in, its label seen; and what the page may load."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.bundle import make_bundle, write_bundle
from edgesmith_runtime.loading import load
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
from edgesmith_runtime.serving.page import page_files
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --use-fake-device-for-media-stream "
    "--use-fake-ui-for-media-stream"
)


def _bundle(path: Path, raw: RawInput, step: Step, shape: tuple[int | str, ...]) -> Path:
    """Classes by the mean of the input: "dark" below a half, else "light"."""
    onnx = pytest.importorskip("onnx")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["x"], ["flat"]),
            helper.make_node("ReduceMean", ["flat", "axes"], ["mean"]),
            helper.make_node("Sub", ["one", "mean"], ["rest"]),
            helper.make_node("Concat", ["rest", "mean"], ["p"], axis=1),
        ],
        "brightness",
        [helper.make_tensor_value_info("x", floats, shape)],
        [helper.make_tensor_value_info("p", floats, ["batch", 2])],
        [
            onnx.numpy_helper.from_array(np.array([1]), "axes"),
            onnx.numpy_helper.from_array(np.float32(1), "one"),
        ],
    )
    opset = helper.make_opsetid("", 18)
    content = helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()
    steps = (
        step,
        Step(
            op="scale",
            inputs=step.outputs,
            outputs=("x",),
            params={"offset": [0.0], "scale": [255.0]},
        ),
    )
    manifest = Manifest(
        name=f"{raw.kind}_brightness",
        task=Task.CLASSIFICATION,
        raw_inputs=(raw,),
        transform=steps if raw.kind is Kind.IMAGE else (step,),
        outputs=(
            Output(
                name="p",
                shape=(2,),
                labels=("dark", "light"),
                decode=Decode(op=DecodeOp.ARGMAX),
            ),
        ),
        artifacts=(
            ArtifactEntry(
                file="model.onnx",
                format=Format.ONNX,
                precision=Precision.FLOAT32,
                version=18,
                signature=Signature(
                    inputs=(TensorSpec("x", "float32", shape),),
                    outputs=(TensorSpec("p", "float32", ("batch", 2)),),
                ),
                starts_after=1 if raw.kind is Kind.IMAGE else 0,
            ),
        ),
        default_artifact=Selection(file="model.onnx", reason="the only one"),
    )
    write_bundle(make_bundle(manifest, {"model.onnx": content}), path)
    return path


@pytest.fixture(scope="module")
def image_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    step = Step(
        op="decode_image", inputs=("photo",), outputs=("pixels",), params={"mode": "grey"}
    )
    raw = RawInput("photo", Kind.IMAGE, "grey images")
    path = tmp_path_factory.mktemp("page") / "image.edge"
    return _bundle(path, raw, step, ("batch", "height", "width", 1))


@pytest.fixture(scope="module")
def sound_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    step = Step(
        op="decode_audio", inputs=("sound",), outputs=("x",), params={"sample_rate": 8000}
    )
    raw = RawInput("sound", Kind.AUDIO, "recordings")
    path = tmp_path_factory.mktemp("page") / "sound.edge"
    return _bundle(path, raw, step, ("batch", "time"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(
            executable_path=str(CHROMIUM), args=ARGUMENTS.split()
        )
        yield launched
        launched.close()


@pytest.fixture
def opened(
    browser: Any,
    running: Callable[..., Any],
    image_path: Path,
    sound_path: Path,
    tiny_bundle_path: Path,
    row_bundle_path: Path,
) -> Iterator[Any]:
    """The page of a server with a model of each of four kinds; nothing on it may fail."""
    server = running(image_path, sound_path, tiny_bundle_path, row_bundle_path)
    page = browser.new_page(viewport={"width": 390, "height": 844})
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"http://127.0.0.1:{server.port}/")
    page.wait_for_selector("#send")
    yield page
    page.close()
    assert [fault for fault in faults if "a status of 422" not in fault] == []


def _picture(level: int) -> dict[str, Any]:
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image.fromarray(np.full((12, 20), level, np.uint8)).save(file, "PNG")
    return {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()}


@pytest.mark.slow
def test_a_picture_is_uploaded_and_its_label_seen(opened: Any, image_path: Path) -> None:
    for level in (200, 30):
        picture = _picture(level)
        expected = load(image_path).predict(picture["buffer"])
        assert expected.score is not None

        with opened.expect_response("**/predict"):
            opened.set_input_files("input[name=photo]", picture)
        opened.wait_for_selector(f"#label:text-is('{expected.label}')")

        first = opened.inner_text(".scores li:first-child")
        assert first.split() == [expected.label, f"{100 * expected.score:.1f}", "%"]


@pytest.mark.slow
def test_the_camera_gives_a_picture(opened: Any) -> None:
    opened.click("text=Use the camera")
    opened.click("text=Take this picture")

    assert opened.inner_text("#label") in ("dark", "light")


@pytest.mark.slow
def test_the_microphone_gives_a_recording_at_the_rate_of_the_model(opened: Any) -> None:
    opened.select_option("#models", "audio_brightness")
    opened.click("button:text-is('Record')")
    opened.wait_for_selector(".level > div[style]", state="attached")

    opened.evaluate("""() => {
        const keep = URL.createObjectURL.bind(URL);
        URL.createObjectURL = (blob) => { window.recorded = blob; return keep(blob); };
    }""")
    with opened.expect_response("**/predict") as asked:
        opened.click("button:text-is('Stop')")

    sent = bytes(
        opened.evaluate("async () => [...new Uint8Array(await window.recorded.arrayBuffer())]")
    )
    assert asked.value.status == 200
    assert sent[:4] + sent[8:12] == b"RIFFWAVE"
    assert int.from_bytes(sent[24:28], "little") == 8000
    assert len(sent) == 44 + int.from_bytes(sent[40:44], "little")
    assert len(sent) > 44
    opened.wait_for_selector("#label")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "button", "media"),
    [
        ("image_brightness", "Use the camera", "Take this picture"),
        ("audio_brightness", "Record", "Stop"),
    ],
)
def test_another_model_turns_camera_and_microphone_off(
    opened: Any, model: str, button: str, media: str
) -> None:
    opened.evaluate("""() => {
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (what) => {
            window.stream = await ask(what);
            return window.stream;
        };
    }""")
    state = "window.stream.getTracks().map((track) => track.readyState).join()"
    opened.select_option("#models", model)
    opened.click(f"button:text-is('{button}')")
    opened.wait_for_selector(f"button:text-is('{media}')")
    assert opened.evaluate(state) == "live"

    opened.select_option("#models", "tiny")

    assert opened.evaluate(state) == "ended"


@pytest.mark.slow
def test_a_microphone_that_cannot_be_recorded_is_turned_off(opened: Any) -> None:
    opened.evaluate("""() => {
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (what) => {
            window.stream = await ask(what);
            return window.stream;
        };
        window.AudioContext = class { constructor() { throw new Error("none here"); } };
    }""")
    opened.select_option("#models", "audio_brightness")
    opened.click("button:text-is('Record')")

    opened.wait_for_selector(".bad:text-is('The microphone cannot be used: none here')")
    assert opened.evaluate("window.stream.getTracks()[0].readyState") == "ended"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("a;b\n1;\n?;2\n", [[1, None], [None, 2]]),
        ("1 2\r\n\r\n3 4", [[1, 2], [3, 4]]),
        (',1\n"2",NA', [[None, 1], [2, None]]),
    ],
)
def test_a_series_among_several_inputs_is_read_as_its_file_is(
    opened: Any, text: str, points: list[list[float | None]]
) -> None:
    told = opened.evaluate("async (text) => (await import('/page.js')).pointsOf(text)", text)

    assert told == points


@pytest.mark.slow
def test_a_row_and_numbers_are_typed_in(opened: Any) -> None:
    opened.select_option("#models", "adding")
    opened.fill("input[name=a]", "1.5")
    opened.click("#send")
    opened.wait_for_selector("#label:text-is('21.5 points')")

    opened.select_option("#models", "tiny")
    opened.fill("textarea", "[1, 2, 3, 4]")
    opened.click("#send")
    opened.wait_for_selector("#label:text-is('cat')")

    opened.fill("textarea", "[1, 2, 3]")
    opened.click("#send")
    opened.wait_for_selector(".bad")
    assert "expected an array of shape (4,)" in opened.inner_text(".bad")


@pytest.mark.slow
def test_nothing_sticks_out_on_a_phone(opened: Any) -> None:
    for model in ("image_brightness", "audio_brightness", "adding", "tiny"):
        opened.select_option("#models", model)

        assert opened.evaluate("document.documentElement.scrollWidth") == 390


def test_the_page_loads_nothing_from_elsewhere(server: Any) -> None:
    reply = server.ask("GET", "/")
    policy = reply.headers["content-security-policy"]

    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for file in page_files().values():
        assert b"//" not in file.content.replace(b"// ", b"")


def test_its_files_are_found_under_their_addresses(server: Any) -> None:
    for path, file in page_files().items():
        assert server.ask("GET", path).body == file.content
