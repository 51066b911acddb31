"""The Keras layer of an operation, by what a build left or by the names alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith.scopes import layer_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["LayerNames", "layer_names"]

_COUNTED = re.compile(r"_\d+$")
_FUSED = "fused"  # the model that the transform's steps and the trained one are layers of
_STEP = re.compile(r"(step_\d+_\w+?)(_\d+)?/")
# Scopes that TensorFlow's own functions open within a layer; others of them begin with a capital.
_INNER = frozenset({"batchnorm", "convolution", "depthwise", "moments", "while", "cond"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerNames:
    """Finds the layer of an operation.

    Args:
        exact: Layer by node, from the manifest.
        scopes: Layer by name scope.
        note: Where the names are from, if that is less than sure; None where it is sure.
    """

    exact: Mapping[str, str]
    scopes: Mapping[str, str]
    note: str | None = None

    def of(self, clues: Iterable[str]) -> str | None:
        """The layer that the first telling name has; None where none tells."""
        for clue in clues:
            layer = self.exact.get(clue) or layer_of(clue, self.scopes) or self._fused(clue)
            if layer is not None:
                return layer
        return None

    def _fused(self, clue: str) -> str | None:
        """Within a fused artifact: a step of the transform, or the model behind them."""
        root, _, inner = clue.partition("/")
        if _COUNTED.sub("", root) != _FUSED:
            return None
        step = _STEP.match(inner)
        return layer_of(inner, self.scopes) if step is None else step.group(1)


def layer_names(
    names: Iterable[str],
    *,
    file: str,
    recorded: Mapping[str, str],
    manifest_layers: Mapping[str, Any] | None,
) -> LayerNames:
    """What is known of the layers of an artifact.

    Args:
        names: Every name in it.
        file: Its own.
        recorded: Layer by name scope, which the build beside the bundle left; empty without.
        manifest_layers: By file, then by node, the layer.
    """
    by_file = {
        one: {node: layer for node, layer in by_node.items() if node != layer}
        for one, by_node in (manifest_layers or {}).items()
    }
    exact = by_file.get(file, {})
    if recorded:
        return LayerNames(exact=exact, scopes=recorded)
    told = {
        node.rpartition("/")[0]: layer
        for by_node in by_file.values()
        for node, layer in by_node.items()
        if "/" in node and ";" not in node
    }
    if told:
        return LayerNames(exact=exact, scopes=told)
    guessed = _guessed({name for name in names if "/" in name})
    note = (
        "the layers are read off the names of the nodes; build/ beside the bundle names them surely"
        if guessed
        else "the file names no layers: operations stand for themselves"
    )
    return LayerNames(exact=exact, scopes=guessed, note=note)


def _guessed(names: set[str]) -> dict[str, str]:
    """Layer paths by the scopes that nodes are in: ``functional_3_1/conv_1`` is ``conv``.

    The model itself is the first part. A model that was called before it was traced has a count
    behind each part; it goes where all layers have one and stay different without.
    """
    paths: dict[str, tuple[str, ...]] = {}
    for name in names:
        scope = name.rpartition("/")[0]
        parts = _layer_parts(scope.split("/"))
        if len(parts) > 1:
            paths["/".join(parts)] = tuple(parts[1:])
    plain = {path: tuple(_COUNTED.sub("", part) for part in path) for path in paths.values()}
    is_counted = all(_COUNTED.search(part) for path in paths.values() for part in path)
    if is_counted and len(set(plain.values())) == len(plain):
        paths = {scope: plain[path] for scope, path in paths.items()}
    return {scope: "/".join(path) for scope, path in paths.items()}


def _layer_parts(parts: list[str]) -> list[str]:
    kept: list[str] = []
    for part in parts:
        if kept and (part[:1].isupper() or _COUNTED.sub("", part) in _INNER):
            break
        kept.append(part)
    return kept
