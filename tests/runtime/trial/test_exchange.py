"""What a parent and its child say to each other comes through, and nothing else is believed."""

from __future__ import annotations

import pytest

from edgesmith_runtime.errors import BackendError, BundleError, EdgesmithError, SelfTestError
from edgesmith_runtime.settings import Engine, EngineSettings, Layout
from edgesmith_runtime.trial.exchange import (
    MAX_REPLY_BYTES,
    Request,
    refusal_bytes,
    refusal_from,
)


def test_a_request_comes_back_as_it_was() -> None:
    settings = EngineSettings(
        engine=Engine.ONNXRUNTIME, n_threads=3, spins=False, layout=Layout.PLAIN
    )
    request = Request(
        file="model.onnx",
        settings=settings,
        n_archive_bytes=1 << 32,
        deadline_s=1.5,
        memory_bytes=7,
    )

    line = request.to_line()

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert Request.from_line(line) == request


@pytest.mark.parametrize("kind", [BundleError, BackendError, SelfTestError])
def test_an_error_of_the_family_keeps_its_kind(kind: type[EdgesmithError]) -> None:
    refusal = refusal_from(refusal_bytes(kind("model.onnx: no")))

    assert type(refusal) is kind
    assert str(refusal) == "model.onnx: no"


def test_another_error_is_one_of_the_engine() -> None:
    refusal = refusal_from(refusal_bytes(KeyError("x")))

    assert type(refusal) is BackendError
    assert str(refusal) == "KeyError('x')"


@pytest.mark.parametrize("text", ["a", "\0", "\u20ac", "\U0001f600", "\ud800", '"'])
def test_a_long_message_is_cut_to_what_a_pipe_holds(text: str) -> None:
    reply = refusal_bytes(BundleError(text * 5000))

    assert len(reply) <= MAX_REPLY_BYTES
    assert str(refusal_from(reply)).endswith("...")


def test_a_message_is_one_line_and_moves_no_terminal() -> None:
    refusal = refusal_from(refusal_bytes(BundleError("a\nb\x1b[2J \u00b5")))

    assert str(refusal) == "a b [2J \u00b5"


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"passed and more",
        b"\xff\xfe",
        b"[" * 4000,
        b"[]",
        b"{}",
        b'{"kind": "BundleError"}',
        b'{"kind": "BundleError", "message": 1}',
        b'{"kind": 1, "message": "x"}',
        b'{"kind": "SystemExit", "message": "x"}',
        b'{"kind": "__doc__", "message": "x"}',
        b'{"kind": "PortabilityWarning", "message": "x"}',
    ],
)
def test_what_is_no_error_of_the_family_is_no_reply(reply: bytes) -> None:
    assert refusal_from(reply) is None
