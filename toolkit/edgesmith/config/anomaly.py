"""``[anomaly]``: what is normal, and from which score on something is not."""

from __future__ import annotations

from pydantic import Field, model_validator

from edgesmith.config.section import Section

__all__ = ["AnomalyConfig"]


class AnomalyConfig(Section):
    """What is normal, and from which score on something is not."""

    normal: tuple[str, ...] = Field(
        min_length=1,
        description="Labels of normal samples: training and validation hold these alone.",
    )
    abnormal: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="Labels of strange ones, which the test split alone holds; without it every "
        "other label. A label in neither list is left out, and counted.",
    )
    quantile: float = Field(
        default=0.99,
        gt=0,
        lt=1,
        description="This share of the normal validation samples (training samples, where there is "
        "no validation split) scores below the threshold.",
    )

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> AnomalyConfig:
        both = sorted(set(self.normal) & set(self.abnormal or ()))
        if both:
            raise ValueError(
                f"'{both[0]}' is in normal and in abnormal; name it in one of them"
            )
        return self
