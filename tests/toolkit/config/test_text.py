from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from edgesmith.config import TextConfig

WORDS = {"of": "words"}
TOKENIZER = {"of": "tokenizer", "file": "tokenizer.json"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"tokens": [{"ngrams": [2, 1]}]},
            "ngrams: expected the shortest and the longest, from 1, got [2, 1]",
        ),
        (
            {"tokens": [{"of": "tokenizer"}]},
            'file: a tokenizer.json goes with of = "tokenizer" and only there',
        ),
        (
            {"tokens": [{"file": "tokenizer.json"}]},
            'file: a tokenizer.json goes with of = "tokenizer" and only there',
        ),
        ({"tokens": [TOKENIZER]}, 'tokens: a tokenizer is for features = "sequence"'),
        (
            {"tokens": [WORDS, WORDS], "features": "sequence"},
            "tokens: a sequence is of one group, got 2",
        ),
        (
            {"tokens": [{"ngrams": [1, 2]}], "features": "sequence"},
            "tokens: a sequence is of single tokens, leave ngrams out",
        ),
        (
            {"tokens": [WORDS], "length": 5},
            "length: of a sequence, and features is tf_idf; leave it out",
        ),
        (
            {"tokens": [WORDS], "features": "counts", "cut": "end"},
            "cut: of a sequence, and features is counts; leave it out",
        ),
        (
            {"tokens": [WORDS], "features": "counts", "sublinear": True},
            "sublinear: of tf_idf, and features is counts; leave it out",
        ),
        (
            {"tokens": [{"of": "characters", "shortest": 5}]},
            "shortest: of words, and of is characters; leave it out",
        ),
        (
            {"tokens": [{"of": "characters", "marks": False}]},
            "marks: of words, and of is characters; leave it out",
        ),
        (
            {"tokens": [{**TOKENIZER, "max_vocabulary": 3}], "features": "sequence"},
            "max_vocabulary: a tokenizer has its own vocabulary; leave it out",
        ),
        (
            {"tokens": [{**TOKENIZER, "min_count": 2}], "features": "sequence"},
            "min_count: a tokenizer has its own vocabulary; leave it out",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TextConfig.model_validate(values, strict=False)

    assert caught.value.errors()[0]["msg"] == f"Value error, {message}"


def test_a_group_of_tokens_is_needed() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        TextConfig.model_validate({"tokens": []}, strict=False)
