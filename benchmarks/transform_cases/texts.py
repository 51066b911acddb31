"""Steps on texts and indices, held against TensorFlow, Keras, scikit-learn and Python."""

from __future__ import annotations

import json
import string
import unicodedata
from collections import Counter
from itertools import chain
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from transform_cases.case import Case
from transform_cases.real import texts

__all__ = ["CASES"]

ALPHABET = "abc XYZ\u00e9\u00df\u0130\u4e2d\u3000!?-_09\U0001f600\u0301\uff21"
WORDS = ("the", "you", "to", "a", "call", "free")
PUNCTUATION = "[" + "".join(f"\\{mark}" for mark in string.punctuation) + "]"
N_INDICES = 40


def strange(rng: np.random.Generator) -> list[str]:
    return ["".join(rng.choice(list(ALPHABET), rng.integers(0, 40))) for _ in range(300)]


def as_bytes(given: list[str]) -> np.ndarray:
    made = np.empty(len(given), object)
    made[:] = [text.encode() for text in given]
    return made


def real_bytes() -> np.ndarray:
    return as_bytes(texts())


def strange_bytes(rng: np.random.Generator) -> np.ndarray:
    return as_bytes(strange(rng))


def split(given: np.ndarray) -> Any:
    return tf.strings.split(tf.constant(given.tolist())).to_list()


def real_tokens() -> Any:
    return split(real_bytes())


def strange_tokens(rng: np.random.Generator) -> Any:
    return split(strange_bytes(rng))


def standardized(given: np.ndarray) -> list[bytes]:
    lower = tf.strings.lower(given.tolist())
    return tf.strings.regex_replace(lower, PUNCTUATION, "").numpy().tolist()


def ngrams(rows: list[list[bytes]]) -> Any:
    ragged = tf.ragged.constant(rows, tf.string, ragged_rank=1)
    return tf.strings.ngrams(ragged, ngram_width=[2, 1]).to_list()


def normalized(given: np.ndarray) -> list[bytes]:
    made: list[bytes] = []
    for text in given.tolist():
        folded = unicodedata.normalize("NFKC", text.decode()).casefold()
        apart = unicodedata.normalize("NFD", folded)
        bare = "".join(mark for mark in apart if not unicodedata.combining(mark))
        whole = unicodedata.normalize("NFKC", bare)
        plain = "".join(
            " " if unicodedata.category(mark)[0] in "PS" else mark for mark in whole
        )
        zeroed = "".join("0" if unicodedata.category(mark) == "Nd" else mark for mark in plain)
        made.append(" ".join(zeroed.split()).encode())
    return made


def words(given: np.ndarray) -> Any:
    analyze = CountVectorizer(lowercase=False).build_analyzer()
    return [[word.encode() for word in analyze(text.decode())] for text in given.tolist()]


def character_ngrams(given: np.ndarray) -> Any:
    vectorizer = CountVectorizer(lowercase=False, analyzer="char_wb", ngram_range=(2, 4))
    analyze = vectorizer.build_analyzer()
    return [[gram.encode() for gram in analyze(text.decode())] for text in given.tolist()]


PIECES = (
    "[UNK]",
    *string.ascii_lowercase,
    *(f"##{x}" for x in string.ascii_lowercase),
    "th",
    "##e",
    "##ing",
    "call",
    "##ll",
)
PIECES = tuple(dict.fromkeys(PIECES))


def word_pieces(given: np.ndarray) -> Any:
    """The longest match first, by hand: Y. Wu et al., 2016, section 4.1."""
    places = {piece: place for place, piece in enumerate(PIECES)}
    rows: list[list[int]] = []
    for text in given.tolist():
        row: list[int] = []
        for word in text.decode().split(" "):
            row += _pieces_of(word, places) if word else []
        rows.append(row)
    return rows


def _pieces_of(word: str, places: dict[str, int]) -> list[int]:
    found: list[int] = []
    start = 0
    while start < len(word):
        mark = "##" if start else ""
        ends = [end for end in range(len(word), start, -1) if mark + word[start:end] in places]
        if not ends or len(word) > 100:
            return [places["[UNK]"]]
        found.append(places[mark + word[start : ends[0]]])
        start = ends[0]
    return found


TOKENIZER = json.dumps(
    {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"String": " "},
            "behavior": "Removed",
            "invert": False,
        },
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {piece: place for place, piece in enumerate(PIECES)},
        },
    }
)


def by_row(flat: Any, rows: list[list[bytes]]) -> list[np.ndarray]:
    """What was computed for all tokens at once, cut into rows again."""
    return np.split(np.asarray(flat), np.cumsum([len(row) for row in rows])[:-1])


def looked_up(rows: list[list[bytes]]) -> Any:
    layer = keras.layers.StringLookup(vocabulary=list(WORDS), num_oov_indices=3)
    return by_row(layer(tf.constant([*chain(*rows)], tf.string)), rows)


def whole_numbers(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-3, 50, (300, 4))


def lengths() -> np.ndarray:
    """Of the words of real texts, four a text."""
    rows = [[len(word) for word in row[:4]] for row in real_tokens() if len(row) > 3]
    return np.array(rows, np.int64)


def numbers_looked_up(numbers: np.ndarray) -> np.ndarray:
    layer = keras.layers.IntegerLookup(vocabulary=[3, 5, 7, 4], num_oov_indices=1)
    return np.asarray(layer(numbers))


def hashed(rows: list[list[bytes]]) -> Any:
    return by_row(
        tf.strings.to_hash_bucket_fast(tf.constant([*chain(*rows)], tf.string), 1000), rows
    )


def crossed(pair: Any) -> np.ndarray:
    layer = keras.layers.HashedCrossing(num_bins=1000)
    first, second = (tf.constant(one.tolist()) for one in pair)
    return np.asarray(layer((first, second)))


def pairs(given: np.ndarray) -> Any:
    column = given[:, None]
    return column, column[::-1].copy()


def ragged_numbers(rng: np.random.Generator) -> Any:
    return [rng.integers(0, N_INDICES, rng.integers(1, 30)).tolist() for _ in range(200)]


def ragged_lengths() -> Any:
    return [[min(len(word), N_INDICES - 1) for word in row] or [0] for row in real_tokens()]


def padded(rows: Any) -> np.ndarray:
    return keras.utils.pad_sequences(rows, maxlen=12, padding="post", truncating="post")


def counted(rows: Any) -> np.ndarray:
    ragged = tf.ragged.constant(rows, tf.int32)
    return tf.math.bincount(ragged, minlength=N_INDICES, axis=-1).numpy().astype(np.float32)


def count_matrix(rows: Any) -> np.ndarray:
    counts = [Counter(row) for row in rows]
    return np.array([[one[place] for place in range(1, N_INDICES)] for one in counts])


def tf_idf_params(rows: Any) -> dict[str, Any]:
    weights = TfidfTransformer(sublinear_tf=True).fit(count_matrix(rows)).idf_
    return {"weights": tuple(weights.tolist())}


def tf_idf(rows: Any) -> np.ndarray:
    matrix = count_matrix(rows)
    return TfidfTransformer(sublinear_tf=True).fit(matrix).transform(matrix).toarray()


def _case(op: str, params: Any, against: str, expected: Any, **more: Any) -> Case:
    given = {"real": real_bytes, "random": strange_bytes, **more}
    return Case(op=op, params=params, against=against, expected=expected, **given)


TOKENS: dict[str, Any] = {"real": real_tokens, "random": strange_tokens}
NUMBERS: dict[str, Any] = {"real": lengths, "random": whole_numbers}
RAGGED: dict[str, Any] = {"real": ragged_lengths, "random": ragged_numbers}

CASES = (
    _case(
        "text",
        {},
        "`tf.constant`",
        lambda given: tf.constant(given).numpy().tolist(),
        real=texts,
        random=strange,
    ),
    _case(
        "standardize_text",
        {"lower": True, "strip_punctuation": True},
        "`tf.strings.lower` and `tf.strings.regex_replace`",
        standardized,
    ),
    _case("split_text", {"by": "whitespace"}, "`tf.strings.split`", split),
    _case(
        "split_text",
        {"by": "character"},
        "`tf.strings.unicode_split`",
        lambda given: tf.strings.unicode_split(given.tolist(), "UTF-8").to_list(),
    ),
    _case("ngrams", {"widths": (2, 1)}, "`tf.strings.ngrams`", ngrams, **TOKENS),
    _case(
        "normalize_text",
        {
            "form": "NFKC",
            "case": "fold",
            "strip_accents": True,
            "punctuation": "space",
            "digits": "zero",
            "collapse_blanks": True,
        },
        "`unicodedata`, character by character",
        normalized,
    ),
    _case("words", {"shortest": 2}, 'scikit-learn\'s analyzer "word"', words),
    _case(
        "character_ngrams",
        {"widths": (2, 4)},
        'scikit-learn\'s analyzer "char_wb"',
        character_ngrams,
    ),
    _case(
        "tokenize",
        {"tokenizer": TOKENIZER},
        "WordPiece by hand, the longest piece first",
        word_pieces,
    ),
    _case(
        "lookup",
        {"vocabulary": WORDS, "n_unknown": 3},
        "Keras' `StringLookup`",
        looked_up,
        **TOKENS,
    ),
    _case(
        "lookup_numbers",
        {"vocabulary": (3, 5, 7, 4)},
        "Keras' `IntegerLookup`",
        numbers_looked_up,
        **NUMBERS,
    ),
    _case("hash", {"n_bins": 1000}, "`tf.strings.to_hash_bucket_fast`", hashed, **TOKENS),
    _case(
        "cross_hash",
        {"n_bins": 1000},
        "Keras' `HashedCrossing`",
        crossed,
        real=lambda: pairs(real_bytes()),
        random=lambda rng: pairs(strange_bytes(rng)),
        joins=True,
    ),
    _case("pad", {"length": 12}, "Keras' `pad_sequences`", padded, **RAGGED),
    _case(
        "count_indices",
        {"depth": N_INDICES, "binary": False, "dtype": "float32"},
        "`tf.math.bincount`",
        counted,
        **RAGGED,
    ),
    _case(
        "one_hot_indices",
        {"depth": 20, "squeeze": False, "dtype": "float32"},
        "`tf.one_hot`",
        lambda numbers: tf.one_hot(numbers, 20).numpy(),
        **NUMBERS,
    ),
    _case(
        "tf_idf",
        tf_idf_params,
        "scikit-learn's `TfidfTransformer`",
        tf_idf,
        bound=1e-6,
        **RAGGED,
    ),
)
