"""Texts to tensors: vocabulary and weights fitted on the training split; nothing is normalized after."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith.preparation.plan import Plan, marked
from edgesmith_runtime.assets import asset_from_numbers, asset_from_texts
from edgesmith_runtime.errors import ConfigError, DataError, TransformError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import Transform, make_op

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith.config import Config, TextConfig
    from edgesmith.config.text import TokensConfig
    from edgesmith.preparation.training_rows import TrainingRows
    from edgesmith_runtime.transforms.tokenizer import Tokenize

__all__ = ["text_plan"]

BAG = "features"
SEQUENCE = "tokens"
UNKNOWN = 1  # of a sequence; 0 is padding
MAX_LENGTH = 512


def text_plan(config: Config, training: TrainingRows) -> Plan:
    """Normalize, split into tokens, look them up, weigh or pad them.

    A vocabulary has the tokens of the most training texts first, equal ones in alphabetical
    order. The idf of a token is ``ln((1 + n) / (1 + n_with)) + 1``, scikit-learn's with smoothing.

    Raises:
        ConfigError: The ``[text]`` section is missing, or cleaning asks for what texts cannot.
        DataError: No token is in as many training texts as it has to.
    """
    if config.text is None:
        raise ConfigError("text: missing; texts need [text] with [[text.tokens]]")
    for key in ("filters", "clip"):
        if getattr(config.cleaning, key):
            raise ConfigError(f"cleaning.{key}: a text has no numbers to act on")
    text = config.text
    if text.tokens[0].of == "tokenizer":
        plan = _tokenizer_plan(text, text.tokens[0], training)
        if config.augmentation.word_dropout and plan.unknown_token is None:
            raise ConfigError(
                "augmentation.word_dropout: the tokenizer of text.tokens.file has no unknown "
                "token that a dropped word could become; leave it out"
            )
        return plan
    before = _normalizing(text, training.raw_input)
    groups = [_group(text, place) for place in range(len(text.tokens))]
    fitted = _fitted(
        (*before, *(step for group in groups for step in group.steps)), groups, training
    )
    if text.features == "sequence":
        return _sequence(before, groups[0], fitted[0], text)
    return _bag(before, groups, fitted, text, len(training))


@dataclass(frozen=True, slots=True)
class _Group:
    """How one group of tokens is made: its steps, and the name of what the last gives."""

    tokens: TokensConfig
    name: str
    steps: tuple[Step, ...]


@dataclass(slots=True)
class _Counts:
    """In how many training texts each token is, and how many tokens the longest has."""

    n_texts: Counter[bytes]
    longest: int = 0

    def vocabulary(self, tokens: TokensConfig, where: str) -> tuple[list[str], list[int]]:
        """The tokens to keep and in how many training texts each is."""
        kept = [item for item in self.n_texts.items() if item[1] >= tokens.min_count]
        if not kept:
            raise DataError(
                f"{where}: no token is in {tokens.min_count} training texts; lower min_count"
            )
        kept.sort(key=lambda item: (-item[1], item[0]))
        kept = kept[: tokens.max_vocabulary]
        return [token.decode() for token, _ in kept], [count for _, count in kept]


def _normalizing(text: TextConfig, raw_input: str) -> tuple[Step, ...]:
    keys = ("form", "case", "strip_accents", "punctuation", "digits", "collapse_blanks")
    return (
        _step("text", raw_input, "checked"),
        _step(
            "normalize_text", "checked", "normalized", {key: getattr(text, key) for key in keys}
        ),
    )


def _group(text: TextConfig, place: int) -> _Group:
    tokens = text.tokens[place]
    name = tokens.of if len(text.tokens) == 1 else f"{tokens.of}_{place + 1}"
    if tokens.of == "characters":
        if text.features == "sequence":
            steps = (_step("split_text", "normalized", name, {"by": "character"}),)
        else:
            widths = list(tokens.ngrams)
            steps = (_step("character_ngrams", "normalized", name, {"widths": widths}),)
        return _Group(tokens, name, steps)
    rule = {"shortest": tokens.shortest, "marks": tokens.marks}
    if tokens.ngrams == (1, 1):
        return _Group(tokens, name, (_step("words", "normalized", name, rule),))
    single = f"{name}_single"
    widths = list(range(tokens.ngrams[0], tokens.ngrams[1] + 1))
    steps = (
        _step("words", "normalized", single, rule),
        _step("ngrams", single, name, {"widths": widths}),
    )
    return _Group(tokens, name, steps)


def _fitted(
    steps: tuple[Step, ...], groups: list[_Group], training: TrainingRows
) -> list[_Counts]:
    transform = Transform(steps, (training.raw_input,))
    counts = [_Counts(Counter()) for _ in groups]
    for chunk in training.chunks():
        values = transform({training.raw_input: chunk})
        for group, count in zip(groups, counts, strict=True):
            for row in cast("list[list[bytes]]", values[group.name]):
                count.n_texts.update(set(row))
                count.longest = max(count.longest, len(row))
    return counts


def _sequence(
    before: tuple[Step, ...], group: _Group, counts: _Counts, text: TextConfig
) -> Plan:
    vocabulary, _ = counts.vocabulary(group.tokens, "text.tokens")
    asset = f"assets/{group.name}.json"
    lookup = _step("lookup", group.name, "indices", {"first": UNKNOWN}, asset)
    return Plan(
        head=marked((*before, *group.steps, lookup, *_padding(text, counts.longest))),
        value=SEQUENCE,
        tensor=SEQUENCE,
        assets={asset: asset_from_texts(vocabulary)},
        n_tokens=UNKNOWN + 1 + len(vocabulary),
        unknown_token=UNKNOWN,
    )


def _padding(text: TextConfig, longest: int) -> tuple[Step, ...]:
    length = max(1, min(longest, MAX_LENGTH)) if text.length is None else text.length
    return (
        _step("pad", "indices", "padded", {"length": length, "cut": text.cut}),
        _step("cast", "padded", SEQUENCE, {"dtype": "int32"}),
    )


def _tokenizer_plan(text: TextConfig, tokens: TokensConfig, training: TrainingRows) -> Plan:
    """The file says how it splits; ``[text]`` normalizes before it."""
    file = cast("Any", tokens.file)
    try:
        content: bytes = file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"text.tokens.file: {file}: cannot be read: {error.strerror}"
        ) from error
    asset = "assets/tokenizer.json"
    first = 1  # 0 is padding
    step = _step("tokenize", "normalized", "indices", {"first": first}, asset)
    try:
        op = cast("Tokenize", make_op(step, "text.tokens.file", {asset: content}))
    except TransformError as error:
        raise ConfigError(str(error)) from error
    before = _normalizing(text, training.raw_input)
    normalize = Transform(before, (training.raw_input,))
    longest = 0
    for chunk in training.chunks():
        rows = op(normalize({training.raw_input: chunk})["normalized"])
        longest = max(longest, *map(len, rows))
    return Plan(
        head=marked((*before, step, *_padding(text, longest))),
        value=SEQUENCE,
        tensor=SEQUENCE,
        assets={asset: content},
        n_tokens=op.n_indices,
        unknown_token=_unknown_of(content, first),
    )


def _unknown_of(content: bytes, first: int) -> int | None:
    """The index of a tokenizer's unknown token, which its model names by text or by id."""
    file: dict[str, Any] = json.loads(content)
    model: dict[str, Any] = file["model"]
    ids: dict[str, int] = {one["content"]: one["id"] for one in file.get("added_tokens") or ()}
    if isinstance(model.get("vocab"), dict):  # of Unigram it is a list, and the id is given
        ids.update(model["vocab"])
    unknown: int | None = model.get("unk_id")
    if unknown is None:
        unknown = ids.get(model.get("unk_token") or "")
    return None if unknown is None else first + unknown


def _bag(
    before: tuple[Step, ...],
    groups: list[_Group],
    fitted: list[_Counts],
    text: TextConfig,
    n_texts: int,
) -> Plan:
    steps = list(before)
    assets: dict[str, bytes] = {}
    places: list[str] = []
    made: list[str] = []
    for place, (group, counts) in enumerate(zip(groups, fitted, strict=True)):
        vocabulary, n_with = counts.vocabulary(group.tokens, f"text.tokens[{place}]")
        asset = f"assets/{group.name}.json"
        assets[asset] = asset_from_texts(vocabulary)
        indices = f"{group.name}_indices"
        value = BAG if len(groups) == 1 else f"{group.name}_features"
        steps += [*group.steps, _step("lookup", group.name, indices, asset=asset)]
        if text.features == "tf_idf":
            weights = f"assets/{group.name}_idf.npy"
            idf = np.log((1 + n_texts) / (1 + np.array(n_with))) + 1
            assets[weights] = asset_from_numbers(idf.astype(np.float32))
            params: dict[str, object] = {"first": 1, "sublinear": text.sublinear}
            steps.append(_step("tf_idf", indices, value, params, weights))
            places += vocabulary
        else:
            depth, is_binary = 1 + len(vocabulary), text.features == "multi_hot"
            params = {"depth": depth, "binary": is_binary, "dtype": "float32"}
            steps.append(_step("count_indices", indices, value, params))
            places += ["(unknown)", *vocabulary]
        made.append(value)
    if len(groups) > 1:
        steps.append(Step(op="concat", inputs=tuple(made), outputs=(BAG,)))
    return Plan(
        head=marked(tuple(steps)), value=BAG, tensor=BAG, places=tuple(places), assets=assets
    )


def _step(
    op: str,
    source: str,
    result: str,
    params: Mapping[str, object] | None = None,
    asset: str | None = None,
) -> Step:
    return Step(op=op, inputs=(source,), outputs=(result,), params=params or {}, asset=asset)
