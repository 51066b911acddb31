"""The artifact that a recipe made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.bundle import Artifact

if TYPE_CHECKING:
    from edgesmith.recipe import Recipe
    from edgesmith_runtime.spec import Signature

__all__ = ["made_by"]


def made_by(
    recipe: Recipe, artifact: Artifact, content: bytes, signature: Signature
) -> Artifact:
    """An artifact named after its recipe.

    Args:
        recipe: What made it.
        artifact: What it was made of.
        content: Its file.
        signature: Its own inputs and outputs.
    """
    return Artifact(
        file=f"model.{recipe.name}.{recipe.format}",
        format=recipe.format,
        precision=recipe.precision,
        version=artifact.version,
        signature=signature,
        content=content,
    )
