"""``serve`` on the command line: what its words mean, and how bundles are loaded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.commands import serve
from edgesmith_runtime.commands.options import Parser
from edgesmith_runtime.errors import BundleError, SealError
from edgesmith_runtime.host import available_threads
from edgesmith_runtime.settings import Engine, EngineSettings, Layout
from edgesmith_runtime.tuned import Choice, Setup
from edgesmith_runtime.tuning.recording import opened_folder, record_choice

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.bundle import Bundle


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def tuned(tiny_bundle: Bundle) -> EngineSettings:
    """Recorded for the tiny bundle on this host."""
    settings = EngineSettings(
        engine=Engine.ONNXRUNTIME, n_threads=available_threads(), layout=Layout.PLAIN
    )
    choice = Choice(setup=Setup(file="model.onnx", settings=settings), reason="quicker")
    record_choice(opened_folder(tiny_bundle.identity), choice)
    return settings


def words(*given: object) -> argparse.Namespace:
    parser = Parser(prog="edgesmith-runtime")
    commands: Any = parser.add_subparsers()
    serve.add(commands)
    return parser.parse_args(["serve", *map(str, given)])


def settings_of(bundle: Path, *given: object) -> EngineSettings:
    settings = serve.loader(words(bundle, *given))(bundle).settings
    assert settings is not None
    return settings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("7B", 7),
        ("2kb", 2000),
        ("500KiB", 512_000),
        ("32MB", 32_000_000),
        ("1mib", 1_048_576),
        ("3GB", 3_000_000_000),
        ("2GiB", 2_147_483_648),
    ],
)
def test_a_size_has_a_decimal_or_a_binary_unit(text: str, expected: int) -> None:
    assert serve.size_bytes(text) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--max-body", "0"], "expected a size such as 32MB, got '0'"),
        (["--max-body", "0MB"], "expected a size such as 32MB, got '0MB'"),
        (["--max-body", "-1"], "expected a size such as 32MB, got '-1'"),
        (["--max-body", "1.5MB"], "expected a size such as 32MB, got '1.5MB'"),
        (["--max-body", "1TB"], "expected a size such as 32MB, got '1TB'"),
        (["--max-body", ""], "expected a size such as 32MB, got ''"),
        (["--port", "65536"], "expected a port from 0 to 65535, got '65536'"),
        (["--port=-1"], "expected a port from 0 to 65535, got '-1'"),
        (["--port", "²"], "expected a port from 0 to 65535, got '²'"),
        (["--threads", "0"], "expected a whole number from 1, got '0'"),
        (["--batch", "0"], "expected a whole number from 1, got '0'"),
        (["--timeout", "nan"], "expected seconds from 0, got 'nan'"),
    ],
)
def test_a_wrong_word_is_refused(
    given: list[str], message: str, run: Callable[..., tuple[int, str, str]]
) -> None:
    code, _, error = run("serve", "tiny.edge", *given)

    assert code == 2
    assert message in error


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("8000", 8000), ("65535", 65_535)])
def test_a_port_is_a_whole_number_of_16_bits(text: str, expected: int) -> None:
    assert serve.port(text) == expected


def test_without_words_the_settings_are_those_of_the_server() -> None:
    assert serve.server_settings(words("tiny.edge")) == serve.ServerSettings()


def test_each_word_is_its_setting() -> None:
    given: dict[str, Any] = {
        "--host": "0.0.0.0",
        "--port": 9000,
        "--max-body": "1MB",
        "--max-concurrency": 3,
        "--workers": 5,
        "--timeout": 0,
        "--drain": 1.5,
        "--grace": 2.5,
        "--batch": 8,
    }
    flat = [one for pair in given.items() for one in pair]

    settings = serve.server_settings(
        words("a.edge", *flat, "--allow-host", "A.example", "--allow-host", "b", "--access-log")
    )

    assert settings == serve.ServerSettings(
        host="0.0.0.0",
        port=9000,
        allowed_hosts=("a.example", "b"),
        max_body_bytes=1_000_000,
        max_concurrency=3,
        n_workers=5,
        timeout_s=None,
        drain_s=1.5,
        grace_s=2.5,
        max_batch=8,
        access_log=True,
    )


def test_a_bundle_that_was_not_tuned_runs_with_one_thread(tiny_bundle_path: Path) -> None:
    assert settings_of(tiny_bundle_path).n_threads == 1


def test_a_tuned_bundle_runs_as_it_was_tuned(
    tiny_bundle_path: Path, tuned: EngineSettings
) -> None:
    assert settings_of(tiny_bundle_path) == tuned


@pytest.mark.usefixtures("tuned")
@pytest.mark.parametrize(
    ("given", "engine", "n_threads"),
    [
        (["--threads", 1], "onnxruntime", 1),
        (["--artifact", "onnx"], "onnxruntime", 1),
        (["--engine", "openvino"], "openvino", 1),
    ],
)
def test_a_word_about_the_run_goes_before_what_was_tuned(
    given: list[object], engine: str, n_threads: int, tiny_bundle_path: Path
) -> None:
    if engine == "openvino":
        pytest.importorskip("openvino")

    settings = settings_of(tiny_bundle_path, *given)

    assert (str(settings.engine), settings.n_threads) == (engine, n_threads)
    assert settings.layout is Layout.BLOCKED


def test_a_bundle_is_read_once(tiny_bundle_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, open_file = list[str](), os.open

    def noting_open(path: Any, *rest: Any, **named: Any) -> int:
        opened.append(os.fspath(path))
        return open_file(path, *rest, **named)

    load = serve.loader(words(tiny_bundle_path))
    monkeypatch.setattr(os, "open", noting_open)
    load(tiny_bundle_path)

    assert opened.count(str(tiny_bundle_path)) == 1


def test_a_bundle_by_nobody_is_refused(tiny_bundle_path: Path, tmp_path: Path) -> None:
    (tmp_path / "release.pub").write_bytes(bytes(range(32)))
    load = serve.loader(words(tiny_bundle_path, "--public-key", tmp_path / "release.pub"))

    with pytest.raises(SealError, match="not signed"):
        load(tiny_bundle_path)


def test_an_artifact_is_chosen_by_name(tiny_bundle_path: Path) -> None:
    load = serve.loader(words(tiny_bundle_path, "--artifact", "tflite", "--untrusted"))

    with pytest.raises(BundleError, match="'tflite' is neither a file nor a format of this"):
        load(tiny_bundle_path)
