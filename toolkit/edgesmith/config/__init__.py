"""The configuration: one TOML, one frozen model, every default in one place."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from edgesmith.config.anomaly import AnomalyConfig
from edgesmith.config.audio import AudioConfig
from edgesmith.config.augmentation import AugmentationConfig
from edgesmith.config.delivery import BenchmarkConfig, ConversionConfig
from edgesmith.config.preparation import (
    CleaningConfig,
    ImageConfig,
    NoiseFilter,
    NormalizationConfig,
    SplitConfig,
)
from edgesmith.config.section import Section
from edgesmith.config.series import SeriesConfig
from edgesmith.config.source import (
    ArraySource,
    AudioFolderSource,
    IdxSource,
    ImageFolderSource,
    ListSource,
    RecordingsSource,
    SeriesSource,
    SklearnSource,
    SourceConfig,
    TableSource,
    TextSource,
)
from edgesmith.config.table import TableConfig
from edgesmith.config.target import TargetConfig
from edgesmith.config.text import TextConfig
from edgesmith.config.training import TrainingConfig
from edgesmith_runtime.manifest import Task
from edgesmith_runtime.spec import Format

__all__ = [
    "AnomalyConfig",
    "ArraySource",
    "AudioConfig",
    "AudioFolderSource",
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
    "RecordingsSource",
    "SeriesConfig",
    "SeriesSource",
    "SklearnSource",
    "SourceConfig",
    "SplitConfig",
    "TableConfig",
    "TableSource",
    "TargetConfig",
    "TextConfig",
    "TextSource",
    "TrainingConfig",
]


class Config(Section):
    """A whole build: what `edgesmith build CONFIG.toml` reads."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="Of the bundle: NAME.edge."
    )
    task: Task = Field(strict=False, description="classification, regression or anomaly.")
    metric: Literal[
        "auto", "accuracy", "balanced_accuracy", "f1_macro", "f1", "r2", "rmse", "mae", "auc"
    ] = Field(
        default="auto",
        description="The score; auto: accuracy, r2 for a regression, auc for an anomaly detection; "
        "f1 is that of the second of two classes, by name.",
    )
    unit: str | None = Field(default=None, description="Of a regression's target, e.g. mpg.")
    seed: int = Field(default=0, ge=0, description="Of every random choice.")
    source: SourceConfig
    split: SplitConfig = SplitConfig()
    cleaning: CleaningConfig = CleaningConfig()
    image: ImageConfig | None = None
    audio: AudioConfig | None = None
    text: TextConfig | None = None
    table: TableConfig | None = None
    series: SeriesConfig | None = None
    anomaly: AnomalyConfig | None = None
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

    @field_validator("anomaly")
    @classmethod
    def _has_its_task(
        cls, anomaly: AnomalyConfig | None, info: ValidationInfo
    ) -> AnomalyConfig | None:
        task: Task | None = info.data.get("task")
        if anomaly is not None and task not in (Task.ANOMALY, None):
            raise ValueError(f'this is for task = "anomaly", and the task is {task}')
        return anomaly

    @field_validator("training")
    @classmethod
    def _takes_codes_or_numbers(
        cls, training: TrainingConfig, info: ValidationInfo
    ) -> TrainingConfig:
        cleaning: CleaningConfig | None = info.data.get("cleaning")
        name = training.architecture
        if cleaning is None or ":" in name:  # a function of the user's may know codes
            return training
        if name == "tabular" and cleaning.encode != "codes":
            raise ValueError(
                "architecture: tabular learns a vector for each category, from its code; set "
                'cleaning.encode = "codes", or take mlp'
            )
        if name != "tabular" and cleaning.encode == "codes":
            raise ValueError(
                f"architecture: {name} would take the codes of categories for numbers; take "
                'tabular, or cleaning.encode = "one_hot" or "ordinal"'
            )
        return training

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
