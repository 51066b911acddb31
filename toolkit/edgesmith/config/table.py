"""``[table]``: dates, free texts, rare categories and skewed numbers among the columns of a table."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from edgesmith.config.section import Section

__all__ = ["Power", "TableConfig"]

DatePart = Literal["year", "month", "day", "weekday", "day_of_year", "hour"]
Power = Literal["none", "log1p", "yeo_johnson", "box_cox"]


class TableConfig(Section):
    """How the columns of a table become numbers, beside what `[cleaning]` says."""

    dates: tuple[str, ...] = Field(
        default=(), description="Columns that hold dates or times; each becomes `date_parts`."
    )
    date_format: str | None = Field(
        default=None,
        description='As Python\'s strptime takes it, e.g. "%d.%m.%Y"; ISO 8601 if not given.',
    )
    date_parts: tuple[DatePart, ...] = Field(
        default=("year", "month", "day", "weekday"),
        min_length=1,
        description="What a date becomes.",
    )
    cyclic_dates: bool = Field(
        default=True,
        description="Each part but the year as sine and cosine, so that December is beside January.",
    )
    texts: tuple[str, ...] = Field(
        default=(), description="Columns of free text; their words are counted."
    )
    text_words: int = Field(
        default=200, ge=1, description="How many words, or bins, a column of text becomes."
    )
    text_encoding: Literal["vocabulary", "hash"] = Field(
        default="vocabulary",
        description="Count the most frequent words of training and the others together, or hash "
        "all words into bins.",
    )
    min_count: int = Field(
        default=1,
        ge=1,
        description="Categories with fewer training rows become one, (rare), which a category "
        "that training did not have joins.",
    )
    power: Power = Field(
        default="none",
        description="Bring skewed numbers nearer to a normal distribution, before normalization: "
        "sign(x) log(1 + |x|), or a power fitted to each column by maximum likelihood.",
    )
    power_by_column: dict[str, Power] = Field(
        default={}, description="Other choices for single columns."
    )

    @model_validator(mode="after")
    def _each_key_has_its_columns(self) -> TableConfig:
        if not self.texts:
            self.refuse_idle(
                ("text_words", "text_encoding"),
                "of columns of text, and table.texts names none",
            )
        if not self.dates:
            self.refuse_idle(
                ("date_format", "date_parts", "cyclic_dates"),
                "of columns of dates, and table.dates names none",
            )
        return self
