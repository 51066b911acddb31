"""The configuration: one TOML, one frozen model, every default in one place."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

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
from edgesmith.config.target import TargetConfig
from edgesmith.config.training import TrainingConfig
from edgesmith_runtime.manifest import Task
from edgesmith_runtime.spec import Format

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
    "TargetConfig",
    "TrainingConfig",
]


class Config(Section):
    """A whole build: what `edgesmith build CONFIG.toml` reads."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="Of the bundle: NAME.edge."
    )
    task: Task = Field(strict=False, description="classification or regression.")
    metric: Literal[
        "auto", "accuracy", "balanced_accuracy", "f1_macro", "r2", "rmse", "mae"
    ] = Field(default="auto", description="The score; auto: accuracy, or r2 for a regression.")
    unit: str | None = Field(default=None, description="Of a regression's target, e.g. mpg.")
    seed: int = Field(default=0, ge=0, description="Of every random choice.")
    source: SourceConfig
    split: SplitConfig = SplitConfig()
    cleaning: CleaningConfig = CleaningConfig()
    image: ImageConfig | None = None
    normalization: NormalizationConfig = NormalizationConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    training: TrainingConfig
    conversion: ConversionConfig = ConversionConfig()
    target: TargetConfig | None = None
    benchmark: BenchmarkConfig = BenchmarkConfig()

    @field_validator("seed")
    @classmethod
    def _has_32_bits(cls, seed: int) -> int:
        if seed >= 1 << 32:  # scikit-learn's and Keras's generators take no more
            raise ValueError(f"expected a number below {1 << 32}, got {seed}")
        return seed

    @field_validator("conversion")
    @classmethod
    def _runs_on_the_base_install(cls, conversion: ConversionConfig) -> ConversionConfig:
        if Format.ONNX not in conversion.formats:
            raise ValueError(
                "formats: expected onnx among them; a bundle's default artifact runs on numpy and "
                "onnxruntime alone"
            )
        return conversion

    @field_validator("target")
    @classmethod
    def _starts_from_what_is_made(
        cls, target: TargetConfig | None, info: ValidationInfo
    ) -> TargetConfig | None:
        conversion: ConversionConfig | None = info.data.get("conversion")
        if target is None or conversion is None:  # the section's own fault is told
            return target
        for fmt in target.formats or ():
            if fmt not in conversion.formats:
                raise ValueError(
                    f"formats: expected some of conversion.formats ({', '.join(conversion.formats)}), "
                    f"got {fmt}"
                )
        return target
