"""Vocabulary and weights are of the training texts alone, and equal scikit-learn's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.core import Split
from edgesmith.preparation.text_program import text_plan
from edgesmith.preparation.training_rows import TrainingRows
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith.config import Config
    from edgesmith.core import Dataset, Prepared
    from edgesmith.preparation.plan import Plan

TEXTS = [
    "Win a prize, WIN now",
    "see you at ten",
    "win a cup at ten",
    "call 0870 now now now",
    "Call me at 1030",
    "see a cup",
]
LABELS = ["s", "h", "s", "s", "h", "h"]
UNSEEN = ["", "🙂", "WIN a call at 2000 zzz"]
WORDS = {"of": "words"}
KEEPING: dict[str, Any] = {"cleaning": {"drop_duplicates": False}}


@pytest.fixture
def plan_of(
    make_dataset: Callable[..., Dataset], make_config: Callable[..., Config]
) -> Callable[..., Plan]:
    def make(*groups: dict[str, Any], texts: list[str] = TEXTS, **text: Any) -> Plan:
        dataset = make_dataset("text", texts, ["a"] * len(texts))
        rows = TrainingRows(dataset, np.arange(len(texts)))
        return text_plan(make_config(text={"tokens": list(groups), **text}), rows)

    return make


def _tensor(plan: Plan, texts: list[str]) -> np.ndarray[Any, Any]:
    return Transform(plan.head, ("text",), plan.assets)({"text": texts})[plan.tensor]


def test_a_vocabulary_has_the_most_frequent_first_and_equals_by_the_alphabet(
    plan_of: Callable[..., Plan],
) -> None:
    plan = plan_of({**WORDS, "max_vocabulary": 6})

    words = json.loads(plan.assets["assets/words.json"])

    # By training texts, not by how often: "now" stands four times in two texts.
    assert words == ["a", "at", "call", "cup", "now", "see"]
    assert plan.places == tuple(words)
    assert plan.last == plan.tensor == "features"


def test_tf_idf_is_scikit_learns(plan_of: Callable[..., Plan]) -> None:
    text_tools = pytest.importorskip("sklearn.feature_extraction.text")
    plan = plan_of({**WORDS, "shortest": 2, "ngrams": [1, 2], "min_count": 2})
    vocabulary = json.loads(plan.assets["assets/words.json"])
    vectorizer = text_tools.TfidfVectorizer(
        ngram_range=(1, 2), min_df=2, sublinear_tf=True, vocabulary=vocabulary
    ).fit(TEXTS)

    features = _tensor(plan, [*TEXTS, *UNSEEN])

    expected = vectorizer.transform([*TEXTS, *UNSEEN]).toarray()
    np.testing.assert_allclose(features, expected, rtol=1e-6)
    assert features.dtype == np.float32
    assert not features[len(TEXTS)].any()  # a text without a known word


def test_groups_stand_side_by_side(plan_of: Callable[..., Plan]) -> None:
    characters = {"of": "characters", "ngrams": [2, 3], "max_vocabulary": 30}

    both = plan_of(WORDS, characters)

    parts = [_tensor(plan_of(group), TEXTS) for group in (WORDS, characters)]
    np.testing.assert_array_equal(_tensor(both, TEXTS), np.concatenate(parts, axis=1))
    assert sorted(both.assets) == [
        "assets/characters_2.json",
        "assets/characters_2_idf.npy",
        "assets/words_1.json",
        "assets/words_1_idf.npy",
    ]


@pytest.mark.parametrize(("features", "twice"), [("counts", 3), ("multi_hot", 1)])
def test_counts_and_multi_hot_have_a_place_for_unknown_tokens(
    plan_of: Callable[..., Plan], features: str, twice: int
) -> None:
    plan = plan_of(WORDS, features=features)

    (row,) = _tensor(plan, ["now zzz NOW now"])

    assert plan.places[0] == "(unknown)"
    assert row[0] == 1
    assert row[plan.places.index("now")] == twice
    assert row.sum() == 1 + twice
    assert row.dtype == np.float32


def test_a_sequence_has_0_for_padding_and_1_for_unknown_tokens(
    plan_of: Callable[..., Plan],
) -> None:
    plan = plan_of({**WORDS, "max_vocabulary": 3}, features="sequence", length=4)

    tokens = _tensor(plan, ["a zzz AT", "call call call call at", ""])

    expected = [[2, 1, 3, 0], [4, 4, 4, 4], [0, 0, 0, 0]]
    np.testing.assert_array_equal(tokens, np.array(expected, np.int32), strict=True)
    assert (plan.tensor, plan.n_tokens) == ("tokens", 5)


def test_the_start_of_a_long_text_can_be_cut(plan_of: Callable[..., Plan]) -> None:
    group = {**WORDS, "max_vocabulary": 3}
    plan = plan_of(group, features="sequence", length=2, cut="start")

    np.testing.assert_array_equal(_tensor(plan, ["call a at"]), [[2, 3]])


def test_without_a_length_it_is_that_of_the_longest_training_text(
    plan_of: Callable[..., Plan],
) -> None:
    assert _tensor(plan_of(WORDS, features="sequence"), UNSEEN).shape == (3, 5)
    long = ["a " * 900, "a b"]
    assert _tensor(plan_of(WORDS, texts=long, features="sequence"), UNSEEN).shape == (3, 512)


def test_a_sequence_of_characters_is_the_text(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of({"of": "characters", "min_count": 1}, features="sequence")
    letters = json.loads(plan.assets["assets/characters.json"])

    (row,) = _tensor(plan, ["a cup"])

    assert [letters[one - 2] for one in row[:5]] == list("a cup")


def test_a_tokenizer_file_is_an_asset_and_its_ids_start_at_1(
    plan_of: Callable[..., Plan], tmp_path: Path
) -> None:
    library = pytest.importorskip("tokenizers")
    model = library.models.WordLevel({"[UNK]": 0, "win": 1, "now": 2}, unk_token="[UNK]")
    tokenizer = library.Tokenizer(model)
    tokenizer.pre_tokenizer = library.pre_tokenizers.Whitespace()
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))

    plan = plan_of({"of": "tokenizer", "file": path}, features="sequence", length=4)

    np.testing.assert_array_equal(_tensor(plan, ["Win it NOW", ""]), [[2, 1, 3, 0], [0] * 4])
    assert plan.assets == {"assets/tokenizer.json": path.read_bytes()}
    assert plan.n_tokens == 4


def _tokenizer(path: Path, kind: str) -> Path:
    library = pytest.importorskip("tokenizers")
    words = {"[PAD]": 0, "[CLS]": 1, "[UNK]": 2, "win": 3, "now": 4}
    models = library.models
    model = {
        "word_level": lambda: models.WordLevel(words, unk_token="[UNK]"),
        "word_piece": lambda: models.WordPiece(words, unk_token="[UNK]"),
        "unigram": lambda: models.Unigram([(word, -1.0) for word in words], unk_id=2),
        "bpe": lambda: models.BPE({"w": 0, "n": 1}, []),
    }[kind]()
    tokenizer = library.Tokenizer(model)
    tokenizer.pre_tokenizer = library.pre_tokenizers.Whitespace()
    tokenizer.save(str(path))
    return path


@pytest.mark.parametrize("kind", ["word_level", "word_piece", "unigram"])
def test_a_dropped_word_is_the_unknown_one_of_the_tokenizer(
    run: Callable[..., Prepared], tmp_path: Path, kind: str
) -> None:
    file = _tokenizer(tmp_path / "tokenizer.json", kind)
    text = {"tokens": [{"of": "tokenizer", "file": file}], "features": "sequence"}
    dropping = {"word_dropout": 0.5}

    prepared = run("text", ["win now"] * 40, text=text, augmentation=dropping, **KEEPING)

    assert prepared.augment is not None
    batch = np.full((50, 2), 4, np.int32)
    dropped = prepared.augment(batch, np.random.default_rng(0))
    assert set(dropped.ravel().tolist()) == {4, 3}  # [UNK] is 2 in the file, and 0 is padding


def test_a_tokenizer_without_an_unknown_token_drops_no_words(
    run: Callable[..., Prepared], tmp_path: Path
) -> None:
    file = _tokenizer(tmp_path / "tokenizer.json", "bpe")
    text = {"tokens": [{"of": "tokenizer", "file": file}], "features": "sequence"}

    with pytest.raises(ConfigError) as caught:
        run("text", ["wn"] * 40, text=text, augmentation={"word_dropout": 0.5}, **KEEPING)

    assert str(caught.value) == (
        "augmentation.word_dropout: the tokenizer of text.tokens.file has no unknown token that "
        "a dropped word could become; leave it out"
    )


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"normalization": {"over": "all"}}, "normalization.over: nothing is normalized after"),
        (
            {"normalization": {"method": "given", "offset": (1.0,), "scale": (2.0,)}},
            "normalization.method: nothing is normalized after the steps of a text; leave it out",
        ),
        (
            {"cleaning": {"encode": "ordinal"}},
            "cleaning.encode: for the categories of a table, the source is a text; leave it out",
        ),
        (
            {"cleaning": {"fill": "max"}},
            "cleaning.fill: for tables and series, the source is a text; leave it out",
        ),
    ],
)
def test_what_does_nothing_to_texts_is_refused(
    run: Callable[..., Prepared], sections: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        run("text", ["win now"] * 40, text={"tokens": [WORDS]}, **sections)

    assert message in str(caught.value)


def test_that_nothing_is_normalized_may_be_said(run: Callable[..., Prepared]) -> None:
    sections = {"normalization": {"method": "none", "scale_target": True}, **KEEPING}

    prepared = run("text", ["win now"] * 40, text={"tokens": [WORDS]}, **sections)

    assert prepared.transform.steps[-1].op == "tf_idf"


def test_a_tokenizer_file_that_is_none_is_named(
    plan_of: Callable[..., Plan], tmp_path: Path
) -> None:
    pytest.importorskip("tokenizers")
    path = tmp_path / "tokenizer.json"
    group = {"of": "tokenizer", "file": path}

    with pytest.raises(ConfigError, match=r"^text\.tokens\.file: .*: cannot be read: No such"):
        plan_of(group, features="sequence")
    path.write_text("{}")
    with pytest.raises(ConfigError, match=r"^text\.tokens\.file: tokenizer: expected a tokeni"):
        plan_of(group, features="sequence")


def test_normalization_comes_before_the_tokens(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of(WORDS, digits="zero", case="keep")

    words = json.loads(plan.assets["assets/words.json"])

    assert "0000" in words
    assert "win" not in words  # in one text with small letters


def test_a_vocabulary_of_nothing_is_refused(plan_of: Callable[..., Plan]) -> None:
    with pytest.raises(
        DataError, match=r"^text\.tokens\[0\]: no token is in 7 training texts; "
    ):
        plan_of({**WORDS, "min_count": 7})


def test_a_missing_section_is_named(
    make_dataset: Callable[..., Dataset], make_config: Callable[..., Config]
) -> None:
    rows = TrainingRows(make_dataset("text", TEXTS, LABELS), np.arange(6))

    with pytest.raises(ConfigError, match=r"^text: missing; texts need \[text\]"):
        text_plan(make_config(), rows)
    with pytest.raises(ConfigError, match=r"^cleaning\.clip: a text has no numbers"):
        text_plan(make_config(text={"tokens": [WORDS]}, cleaning={"clip": {"sigmas": 3}}), rows)


def test_words_of_other_splits_are_unknown_and_nothing_is_scaled(
    run: Callable[..., Prepared],
) -> None:
    texts = [f"word{row} common" for row in range(40)]
    text = {"tokens": [{**WORDS, "min_count": 1}], "features": "sequence"}

    prepared = run("text", texts, text=text)

    assert prepared.n_tokens == 2 + 24 + 1
    tested = prepared.tensors(Split.TEST, slice(None))["tokens"]
    np.testing.assert_array_equal(tested, [[1, 2]] * 8)
    assert [step.op for step in prepared.transform.steps][-2:] == ["pad", "cast"]
