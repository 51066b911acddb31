"""A column of free text in a table: its words, counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.preparation.filling import without_value
from edgesmith.preparation.table_group import Group
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import make_op

if TYPE_CHECKING:
    from edgesmith.preparation.columns import Column
    from edgesmith.preparation.table_group import Fitting

__all__ = ["text_group"]


def text_group(column: Column, index: int, fitting: Fitting) -> Group:
    """Its steps; the vocabulary is that of the training split.

    Args:
        column: Of the training split.
        index: Among the columns of text, so that values have names of their own.
        fitting: The rest of the table.

    Raises:
        DataError: The training split has no word in this column.
    """
    options = fitting.options
    names = [f"{what}_{index}" for what in ("text", "plain", "words", "codes", "counts")]
    text, plain, words, codes, counts = names
    reading = Step(
        op="column_texts",
        inputs=(fitting.raw_input,),
        outputs=(text,),
        params={"column": column.name, "missing": list(fitting.markers[column.name])},
    )
    marks = {"lower": True, "strip_punctuation": True}
    standardize = Step(op="standardize_text", inputs=(text,), outputs=(plain,), params=marks)
    split = Step(
        op="split_text", inputs=(plain,), outputs=(words,), params={"by": "whitespace"}
    )
    known = _vocabulary(column, (standardize, split), options.text_words)
    if options.text_encoding == "hash":
        params: dict[str, object] = {"n_bins": options.text_words}
        places = [f"{column.name}:bin {number}" for number in range(options.text_words)]
        encode = Step(op="hash", inputs=(words,), outputs=(codes,), params=params)
    else:
        places = [f"{column.name}:{word}" for word in ("(other)", *known)]
        encode = Step(
            op="lookup", inputs=(words,), outputs=(codes,), params={"vocabulary": known}
        )
    depth = {"depth": len(places), "binary": False, "dtype": "float32"}
    count = Step(op="count_indices", inputs=(codes,), outputs=(counts,), params=depth)
    return Group(steps=(reading, standardize, split, encode, count), places=tuple(places))


def _vocabulary(column: Column, steps: tuple[Step, ...], n_words: int) -> list[str]:
    """The most frequent words; of equally frequent ones those that come first by code point."""
    texts = np.empty(len(column.texts), object)
    texts[:] = [text.encode() for text in column.texts]
    value = texts
    for step in steps:
        value = make_op(step, step.op)(value)
    codes = np.asarray(column.codes)
    n_rows = np.bincount(codes[codes >= 0], minlength=len(texts)).tolist()
    counts: Counter[str] = Counter()
    for row, n in zip(value, n_rows, strict=True):
        for word in row:
            counts[word.decode()] += n
    if not counts:
        raise without_value(column)
    return sorted(counts, key=lambda word: (-counts[word], word))[:n_words]
