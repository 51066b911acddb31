"""``[text]``: how texts become tensors."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from edgesmith.config.section import ConfigPath, Section

__all__ = ["TextConfig", "TokensConfig"]


MAX_NGRAM = 32  # as the steps have it


class TokensConfig(Section):
    """One group of tokens and its vocabulary, fitted on the training split alone."""

    of: Literal["words", "characters", "tokenizer"] = Field(
        default="words",
        description="words: runs of letters and digits; characters: within words and the blanks "
        "around them; tokenizer: as a tokenizer.json says.",
    )
    ngrams: tuple[int, int] = Field(
        default=(1, 1),
        description="The shortest and the longest n-gram, in words or characters.",
    )
    shortest: int = Field(
        default=1, ge=1, le=1000, description="Of words: characters at least."
    )
    marks: bool = Field(
        default=False, description="Of words: a punctuation mark or emoji is a token too."
    )
    max_vocabulary: int = Field(
        default=10_000, ge=1, description="Keep so many: those in the most training texts."
    )
    min_count: int = Field(
        default=2, ge=1, description="Leave out what is in fewer training texts."
    )
    file: ConfigPath | None = Field(
        default=None, description="The tokenizer.json; it needs the extra [tokenizers]."
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> TokensConfig:
        if not 1 <= self.ngrams[0] <= self.ngrams[1]:
            raise ValueError(
                f"ngrams: expected the shortest and the longest, from 1, got {list(self.ngrams)}"
            )
        if self.ngrams[1] > MAX_NGRAM:
            raise ValueError(f"ngrams: expected at most {MAX_NGRAM}, got {self.ngrams[1]}")
        if (self.of == "tokenizer") != (self.file is not None):
            raise ValueError('file: a tokenizer.json goes with of = "tokenizer" and only there')
        if self.of != "words":
            self.refuse_idle(("shortest", "marks"), f"of words, and of is {self.of}")
        if self.of == "tokenizer":
            self.refuse_idle(
                ("max_vocabulary", "min_count"), "a tokenizer has its own vocabulary"
            )
        return self


class TextConfig(Section):
    """How a text becomes a tensor; nothing is normalized after it."""

    form: Literal["none", "NFC", "NFKC", "NFD", "NFKD"] = Field(
        default="NFKC", description="The Unicode form."
    )
    case: Literal["keep", "lower", "fold"] = Field(
        default="lower", description="fold: for comparing, so that a sharp s is ss."
    )
    strip_accents: bool = Field(default=False, description="Letters without their accents.")
    punctuation: Literal["keep", "strip", "space"] = Field(
        default="keep", description="space: a mark becomes a blank; symbols and emoji likewise."
    )
    digits: Literal["keep", "zero"] = Field(
        default="keep",
        description="zero: every digit becomes 0, so that numbers agree in length.",
    )
    collapse_blanks: bool = Field(default=True, description="Runs of blanks become one.")
    tokens: tuple[TokensConfig, ...] = Field(
        min_length=1,
        description="Groups of tokens; the features of several stand side by side.",
    )
    features: Literal["tf_idf", "multi_hot", "counts", "sequence"] = Field(
        default="tf_idf",
        description="Of each text: weighed counts, whether a token is there, counts, or the "
        "indices of its tokens in order: 0 for padding, 1 for unknown ones.",
    )
    sublinear: bool = Field(
        default=True, description="Of tf_idf: 1 + ln(count) in place of the count."
    )
    length: int | None = Field(
        default=None,
        ge=1,
        description="Of a sequence; without it that of the longest training text, at most 512.",
    )
    cut: Literal["end", "start"] = Field(
        default="end", description="Where a text with more tokens loses them."
    )

    @model_validator(mode="after")
    def _groups_fit_the_features(self) -> TextConfig:
        if self.features != "tf_idf":
            self.refuse_idle(("sublinear",), f"of tf_idf, and features is {self.features}")
        if self.features != "sequence":
            self.refuse_idle(
                ("length", "cut"), f"of a sequence, and features is {self.features}"
            )
            if any(group.of == "tokenizer" for group in self.tokens):
                raise ValueError('tokens: a tokenizer is for features = "sequence"')
            return self
        if len(self.tokens) != 1:
            raise ValueError(f"tokens: a sequence is of one group, got {len(self.tokens)}")
        if any(group.ngrams != (1, 1) for group in self.tokens):
            raise ValueError("tokens: a sequence is of single tokens, leave ngrams out")
        return self
