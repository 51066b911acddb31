"""The configuration: one TOML, one frozen model, every default in one place."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edgesmith.config.delivery import BenchmarkConfig, ConversionConfig
from edgesmith.config.preparation import (
    AugmentationConfig,
    CleaningConfig,
    ImageConfig,
    NoiseFilter,
    NormalizationConfig,
    SplitConfig,
)
from edgesmith.config.section import Section
from edgesmith.config.source import (
    ArraySource,
    IdxSource,
    ImageFolderSource,
    ListSource,
    SklearnSource,
    SourceConfig,
    TableSource,
)
from edgesmith.config.training import TrainingConfig
from edgesmith_runtime.manifest import Task

__all__ = [
    "ArraySource",
    "AugmentationConfig",
    "BenchmarkConfig",
    "CleaningConfig",
    "Config",
    "ConversionConfig",
    "IdxSource",
    "ImageConfig",
    "ImageFolderSource",
    "ListSource",
    "NoiseFilter",
    "NormalizationConfig",
    "SklearnSource",
    "SourceConfig",
    "SplitConfig",
    "TableSource",
    "TrainingConfig",
]


class Config(Section):
    """A whole build: what `edgesmith build CONFIG.toml` reads."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="Of the bundle: NAME.edge."
    )
    task: Task = Field(strict=False, description="classification or regression.")
    metric: Literal["auto", "accuracy", "balanced_accuracy", "f1_macro", "r2", "rmse", "mae"] = Field(
        "auto", description="The score; auto: accuracy, or r2 for a regression."
    )
    unit: str | None = Field(None, description="Of a regression's target, e.g. mpg.")
    seed: int = Field(0, ge=0, description="Of every random choice.")
    source: SourceConfig
    split: SplitConfig = SplitConfig()  # pyright: ignore[reportCallIssue]
    cleaning: CleaningConfig = CleaningConfig()  # pyright: ignore[reportCallIssue]
    image: ImageConfig | None = None
    normalization: NormalizationConfig = NormalizationConfig()  # pyright: ignore[reportCallIssue]
    augmentation: AugmentationConfig = AugmentationConfig()  # pyright: ignore[reportCallIssue]
    training: TrainingConfig
    conversion: ConversionConfig = ConversionConfig()  # pyright: ignore[reportCallIssue]
    benchmark: BenchmarkConfig = BenchmarkConfig()  # pyright: ignore[reportCallIssue]
