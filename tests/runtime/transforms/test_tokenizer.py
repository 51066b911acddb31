"""A tokenizer.json splits on the device as its own library does."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pytest

from edgesmith_runtime.errors import BackendError, InputError, TransformError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import Transform
from edgesmith_runtime.transforms.tokenizer import Tokenize

TEXTS = ["the tower was lower than the newest tower", "wider and lower, widest and newest"]


@pytest.fixture(scope="module")
def library() -> Any:
    return pytest.importorskip("tokenizers")


@pytest.fixture(scope="module")
def word_piece(library: Any) -> Any:
    tokenizer = library.Tokenizer(library.models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = library.normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
    trainer = library.trainers.WordPieceTrainer(
        vocab_size=60, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = library.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=9)
    return tokenizer


@pytest.fixture(scope="module")
def byte_pairs(library: Any) -> Any:
    tokenizer = library.Tokenizer(library.models.BPE())
    tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel()
    trainer = library.trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=library.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def _bytes(*texts: str) -> Any:
    array = np.empty(len(texts), object)
    array[:] = [text.encode() for text in texts]
    return array


@pytest.mark.parametrize("name", ["word_piece", "byte_pairs"])
def test_ids_are_those_of_the_library(name: str, request: pytest.FixtureRequest) -> None:
    tokenizer = request.getfixturevalue(name)
    texts = [*TEXTS, "", "Größe 🙂 lowest", "x"]
    content = tokenizer.to_str()

    ids = Tokenize(content)(_bytes(*texts))

    whole = type(tokenizer).from_str(content)
    whole.no_truncation()
    whole.no_padding()
    assert ids == [whole.encode(text, add_special_tokens=False).ids for text in texts]
    assert ids[2] == []


def test_special_tokens_stand_around_a_text_where_asked(word_piece: Any) -> None:
    plain = Tokenize(word_piece.to_str())(_bytes("tower"))
    ids = Tokenize(word_piece.to_str(), special_tokens=True)(_bytes("tower"))

    assert ids == [[2, *plain[0], 3]]


def test_first_leaves_0_to_padding(byte_pairs: Any) -> None:
    content = byte_pairs.to_str()

    (plain,) = Tokenize(content)(_bytes("tower"))
    shifted = Tokenize(content, first=1)

    assert shifted(_bytes("tower")) == [[one + 1 for one in plain]]
    assert shifted.n_indices == byte_pairs.get_vocab_size() + 1


def test_the_file_is_the_steps_asset(word_piece: Any) -> None:
    step = Step(
        op="tokenize", inputs=("checked",), outputs=("ids",), asset="assets/tokenizer.json"
    )
    steps = (Step(op="text", inputs=("text",), outputs=("checked",)), step)
    content = word_piece.to_str().encode()

    transform = Transform(steps, ("text",), {"assets/tokenizer.json": content})

    assert transform({"text": ["tower"]})["ids"] == Tokenize(content.decode())(_bytes("tower"))


def test_a_text_that_has_no_ids_is_refused(library: Any) -> None:
    content = library.Tokenizer(library.models.WordPiece({"a": 0})).to_str()

    with pytest.raises(InputError, match=r"^the tokenizer refused a text: "):
        Tokenize(content)(_bytes("b"))


def test_a_file_that_is_no_tokenizer_is_refused(library: Any) -> None:
    with pytest.raises(ValueError, match=r"^tokenizer: expected a tokenizer\.json, got "):
        Tokenize('{"version": "1.0"}')


@pytest.mark.parametrize("first", [-1, 10**30])
def test_a_first_that_indices_cannot_start_at_is_refused(first: int) -> None:
    with pytest.raises(ValueError, match=rf"^first: expected 0 to 2147483648, got {first}$"):
        Tokenize("{}", first=first)


def _broken(library: Any, **parts: Any) -> str:
    words = library.models.WordLevel({"a": 0, "?": 1}, unk_token="?")
    return json.dumps({**json.loads(library.Tokenizer(words).to_str()), **parts})


def test_a_file_that_the_library_panics_at_is_refused(library: Any) -> None:
    normalizer = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}

    with pytest.raises(ValueError, match=r"^tokenizer: expected a tokenizer\.json, got "):
        Tokenize(_broken(library, normalizer=normalizer))


def test_a_text_that_the_library_panics_at_is_refused(library: Any) -> None:
    op = Tokenize(_broken(library, pre_tokenizer={"type": "FixedLength", "length": 0}))

    with pytest.raises(InputError, match=r"^the tokenizer refused a text: "):
        op(_bytes("a b"))


def test_several_texts_a_sample_are_refused(word_piece: Any) -> None:
    with pytest.raises(TransformError, match=r"^expected one text a sample to tokenize$"):
        Tokenize(word_piece.to_str())(np.array([[b"a", b"b"]], object))


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)

    with pytest.raises(BackendError, match=r"pip install 'edgesmith-runtime\[tokenizers\]'$"):
        Tokenize("{}")
