"""Whether a configuration goes with the kind of data: its sections, and keys that would do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith.config import SeriesConfig
from edgesmith.preparation.augmentation import check_augmentation
from edgesmith.preparation.kind_names import one_of_kind
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Kind, Task

if TYPE_CHECKING:
    from edgesmith.config import Config
    from edgesmith.core import Dataset

__all__ = ["checked_kind"]

_SECTIONS = {
    "image": Kind.IMAGE,
    "audio": Kind.AUDIO,
    "text": Kind.TEXT,
    "table": Kind.TABLE,
    "series": Kind.SERIES,
}
_OF_CATEGORIES = ("encode", "unknown_category", "fill_categories")


def checked_kind(dataset: Dataset, config: Config) -> Kind:
    """The kind of the raw input, once it is sure that the configuration goes with it.

    Raises:
        ConfigError: Names the key that does not, and what to do.
    """
    if config.task is Task.TENSOR:
        raise ConfigError(
            f"task: expected classification, regression or anomaly, got '{config.task}'"
        )
    if config.task is Task.ANOMALY and config.anomaly is None:
        raise ConfigError("anomaly: missing; an anomaly detection needs [anomaly] with normal")
    kind = dataset.raw_inputs[0].kind
    check_augmentation(config.augmentation, kind)
    for section, of_kind in _SECTIONS.items():
        if getattr(config, section) is not None and kind is not of_kind:
            raise ConfigError(
                f"{section}: for {of_kind} only, the source is {one_of_kind(kind)}"
            )
    _check_cleaning(config, kind)
    if kind is Kind.TEXT:
        _refuse_normalization(config)
    return kind


def _check_cleaning(config: Config, kind: Kind) -> None:
    """Defaults are no fault: what is refused stands in the TOML."""
    cleaning = config.cleaning
    given = cleaning.model_fields_set
    if kind is Kind.TABLE:
        return
    if cleaning.fill_by_column:
        raise ConfigError(f"cleaning.fill_by_column: {one_of_kind(kind)} has no columns")
    for key in _OF_CATEGORIES:
        if key in given:
            raise ConfigError(
                f"cleaning.{key}: for the categories of a table, the source is "
                f"{one_of_kind(kind)}; leave it out"
            )
    if "fill" not in given:
        return
    if kind is not Kind.SERIES:
        raise ConfigError(
            f"cleaning.fill: for tables and series, the source is {one_of_kind(kind)}; "
            "leave it out"
        )
    missing = (config.series or SeriesConfig()).missing
    if missing != "fill":
        raise ConfigError(
            f'cleaning.fill: for series with series.missing = "fill", and that is "{missing}"; '
            "set it so, or leave this out"
        )


def _refuse_normalization(config: Config) -> None:
    """Features of texts are what they are; a regression's target may be scaled all the same."""
    if config.normalization.method == "none":
        return
    for key in sorted(config.normalization.model_fields_set - {"scale_target"}):
        raise ConfigError(
            f"normalization.{key}: nothing is normalized after the steps of a text; leave it out"
        )
