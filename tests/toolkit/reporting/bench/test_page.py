"""The page of a comparison: what it says, what it may load, and how it acts in a real browser."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith.reporting.bench.page import render_comparison, render_profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgesmith.layer_times import Profile
    from edgesmith_runtime.bench import Comparison

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking"
VOID = {"meta", "link", "br", "circle", "line", "path", "rect"}
PHONE, DESK = 390, 1280


class _Elements(HTMLParser):
    """Every tag by name with its attributes, and the text without scripts and styles."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(content)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self._open):
            self.text += data

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


@pytest.fixture(scope="module")
def page(full_comparison: Comparison, small_profile: Profile) -> str:
    return render_comparison(full_comparison, small_profile)


@pytest.fixture(scope="module")
def words(page: str) -> str:
    return _Elements(page).words


def test_the_first_screen_says_who_is_fastest_and_by_how_much(words: str) -> None:
    assert (
        "model.onnx on openvino is the fastest: 1.25\N{MULTIPLICATION SIGN} as fast as the next"
        in words
    )
    assert "times as fast as keras predict" in words
    assert "On Intel(R) Xeon(R) Platinum 8488C, 2 of 2 processors" in words


def test_a_noisy_machine_is_called_so(full_comparison: Comparison, words: str) -> None:
    [sign, *_] = full_comparison.noise

    assert "This machine was noisy." in words
    assert sign.removeprefix("noisy: ") in words


def test_every_subject_stands_with_its_score_beside_its_speed(
    full_comparison: Comparison, page: str
) -> None:
    board = page[page.index('id="board"') : page.index('id="trade-off"')]

    for subject in full_comparison.subjects:
        assert subject.name.startswith("<") or f">{subject.name}<small>" in board
    assert "87.4 %<small>84.8 to 89.9 %</small>" in board


def test_every_condition_has_its_figures(full_comparison: Comparison, words: str) -> None:
    for setting in full_comparison.plan.settings():
        assert str(setting) in words


def test_a_change_of_the_sustained_run_is_told(words: str) -> None:
    assert re.search(r"model\.onnx ?600.{1,40}slower by 2\d%", words)


def test_the_layers_stand_by_their_keras_names(page: str) -> None:
    for name in ("decode_image", "stem/conv", "block1/conv_1", "framework", "copies"):
        assert name in page


def test_what_could_not_be_measured_is_named_with_its_problem(words: str) -> None:
    assert "was not measured: it broke </script>" in words
    assert "model.tflite was not profiled: no per-operation profiler" in words


def test_a_string_from_a_bundle_cannot_become_markup(
    page: str, full_comparison: Comparison
) -> None:
    broken = full_comparison.subjects[-1]
    assert broken.problem is not None

    elements = _Elements(page).found

    assert [tag for tag, _ in elements if tag in ("img", "iframe", "object")] == []
    assert [tag for tag, _ in elements].count("script") == 1
    assert [name for _, names in elements for name in names if name.startswith("on")] == []


def test_the_page_loads_nothing_and_its_policy_allows_its_own_parts_alone(page: str) -> None:
    elements = _Elements(page).found
    policy = next(
        names["content"] or ""
        for _, names in elements
        if names.get("http-equiv") == "Content-Security-Policy"
    )

    addresses = [names[key] for _, names in elements for key in ("src", "href") if key in names]
    assert addresses == ["data:,"]
    assert not re.search(r"url\(|@import|@font-face", page)
    assert policy.startswith("default-src 'none'")
    for tag in ("script", "style"):
        [content] = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_the_page_is_small(page: str) -> None:
    assert len(page.encode()) < 600_000


def test_a_comparison_with_nothing_measured_has_a_page(full_comparison: Comparison) -> None:
    first = dataclasses.replace(full_comparison.subjects[0], rounds=(), problem="no engine")
    empty = dataclasses.replace(full_comparison, subjects=(first,))

    words = _Elements(render_comparison(empty)).words

    assert "Nothing could be measured; the reasons stand below." in words
    assert "model.onnx was not measured: no engine" in words


def test_a_page_of_several_large_profiles_is_below_2_mb(
    full_comparison: Comparison, large_profile: Profile
) -> None:
    page = render_comparison(full_comparison, large_profile)

    assert len(page.encode()) < 2_000_000
    assert "others: " in page
    assert "slowest of 800 layers" in page
    assert "788 others together" in page


def test_a_profile_has_a_page_of_its_own(small_profile: Profile) -> None:
    words = _Elements(render_profile(small_profile)).words

    assert words.startswith("resnet8: layer times")
    assert "model.onnx: 151 µs a call" in words
    assert "readingthe raw input made a batch, the tensors checked5.00 µs" in words
    assert "colderwhat the engine takes more right after the transform" in words


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
def opened(browser: Any, page: str, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens the page; no request may leave it, and nothing on it may fail."""
    file = tmp_path / "bench.html"
    file.write_text(page, encoding="utf-8")
    faults: list[str] = []
    pages: list[Any] = []

    def open_page(*, width: int = DESK, scheme: str = "light", scripts: bool = True) -> Any:
        view = browser.new_page(
            viewport={"width": width, "height": 844},
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        pages.append(view)
        view.on("console", lambda message: faults.append(message.text))
        view.on("pageerror", lambda error: faults.append(str(error)))
        view.on(
            "request",
            lambda asked: (
                faults.append(asked.url)
                if asked.url != file.as_uri() and not asked.url.startswith("data:")
                else None
            ),
        )
        view.goto(file.as_uri())
        return view

    yield open_page
    for view in pages:
        view.close()
    assert faults == []


def _curve(view: Any, name: str) -> Any:
    return view.locator(f"#plot-distribution path.line[data-name='{name}'][data-setting='0']")


@pytest.mark.slow
def test_nothing_scrolls_sideways_on_a_phone(opened: Callable[..., Any]) -> None:
    for scripts in (True, False):
        view = opened(width=PHONE, scripts=scripts)

        widest = view.locator("body").evaluate("(body) => document.documentElement.scrollWidth")

        assert widest == PHONE


@pytest.mark.slow
def test_without_a_script_the_pictures_and_figures_are_there(
    opened: Callable[..., Any],
) -> None:
    view = opened(scripts=False)

    assert _curve(view, "model.onnx").is_visible()
    assert view.locator("#plot-sustained path.line").first.is_visible()
    assert not view.locator("[data-role=setting]").is_visible()
    assert view.locator(".legend button").count() == 0


@pytest.mark.slow
def test_hiding_a_subject_takes_it_from_every_plot_and_refits_them(
    opened: Callable[..., Any],
) -> None:
    view = opened()
    fastest = _curve(view, "model.onnx on openvino")
    before = fastest.get_attribute("d")

    for style in ("predict", "call", "tf_function"):
        view.click(f"#plot-distribution .legend button:has-text('keras {style}')")

    assert not _curve(view, "keras predict").is_visible()
    assert not view.locator("#plot-start text:has-text('keras predict')").is_visible()
    assert fastest.get_attribute("d") != before
    pressed = view.locator("#plot-start .legend button:has-text('keras predict')")
    assert pressed.get_attribute("aria-pressed") == "false"

    view.click("#plot-start .legend button:has-text('keras predict')")

    assert _curve(view, "keras predict").is_visible()


@pytest.mark.slow
def test_another_condition_shows_other_curves(opened: Callable[..., Any]) -> None:
    view = opened()

    view.select_option("#plot-distribution select", label="at 100 Hz")

    shown = view.locator("#plot-distribution path.line:visible")
    assert not _curve(view, "model.onnx").is_visible()
    assert shown.count() == 7
    assert shown.first.get_attribute("d").startswith("M")


@pytest.mark.slow
def test_the_keys_read_values_and_percentiles(opened: Callable[..., Any]) -> None:
    view = opened()
    view.focus("#plot-distribution .field")

    view.keyboard.press("ArrowRight")
    first = view.inner_text("#plot-distribution .tip")
    view.keyboard.press("ArrowRight")
    second = view.inner_text("#plot-distribution .tip")
    view.keyboard.press("ArrowDown")

    assert first.startswith("model.onnx\n")
    assert re.search(r"\d µs\n[\d.]+ % of the calls take no longer$", first)
    assert second != first
    assert view.inner_text("#plot-distribution .tip").startswith("model_int8.onnx\n")


@pytest.mark.slow
def test_the_pointer_reads_a_dot(opened: Callable[..., Any]) -> None:
    view = opened()

    view.hover("#plot-conditions .field circle.dot >> nth=0")

    assert view.inner_text("#plot-conditions .tip").startswith("model.onnx, batch 1: ")


@pytest.mark.slow
def test_a_click_shows_one_layer_alone(opened: Callable[..., Any]) -> None:
    view = opened()
    block = view.locator("#plot-layers-1 .bar", has_text="block2").first
    before = block.bounding_box()

    block.click()
    after = block.bounding_box()
    view.click("#plot-layers-1 >> text=Show the whole call")

    assert after["width"] > 4 * before["width"]
    assert block.bounding_box()["width"] == pytest.approx(before["width"], abs=1)


@pytest.mark.slow
def test_a_click_sorts_the_board(opened: Callable[..., Any]) -> None:
    view = opened()

    view.click("#board th >> text=median, batch 1")

    assert view.inner_text("#board tbody tr >> nth=0").startswith("model.onnx on openvino")
    assert view.inner_text("#board tbody tr >> nth=-1").startswith("keras predict")


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const shade = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((one) => {
      const share = one / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  const ratio = (one, other) => {
    const [low, high] = [shade(style(one)), shade(style(other))].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const found = {};
  for (const name of ["--ink", "--quiet", "--accent"]) found[name] = ratio(name, "--page");
  for (let i = 0; i < 6; i += 1) found[`--c-${i}`] = ratio(`--c-${i}`, "--sheet");
  for (const i of [0, 1, 2, 3, 4]) found[`--part-${i}`] = ratio("--ink", `--part-${i}`);
  return found;
}"""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_lines_have_contrast_in_both_schemes(
    opened: Callable[..., Any], scheme: str
) -> None:
    view = opened(scheme=scheme)

    for chosen in (scheme, "light", "dark"):
        found = view.evaluate(CONTRAST)

        # WCAG 2.2, 1.4.3 for text and 1.4.11 for what a picture is made of
        for name, ratio in found.items():
            assert ratio >= (3 if name.startswith("--c-") else 4.5), name
        shown = view.evaluate("getComputedStyle(document.body).backgroundColor")
        assert shown == ("rgb(20, 23, 26)" if chosen == "dark" else "rgb(250, 249, 247)")
        view.click("button.theme")


@pytest.mark.slow
def test_on_a_phone_headings_can_be_pressed_and_tick_texts_stay_apart(
    opened: Callable[..., Any],
) -> None:
    view = opened(width=PHONE, scripts=True)

    heights = view.locator(".board thead button").evaluate_all(
        "(all) => all.map((one) => one.getBoundingClientRect().height)"
    )
    boxes = view.locator(".ticks.across").evaluate_all(
        """(all) => all.map((one) => [...one.querySelectorAll("text")]
            .map((text) => text.getBoundingClientRect()).filter((box) => box.width)
            .map((box) => [box.left, box.right]))"""
    )

    assert heights
    assert min(heights) >= 24
    for row in boxes:
        assert all(right <= left for (_, right), (left, _) in itertools.pairwise(row))
