"""What becomes of every layer of a model in each format, found by converting it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from edgesmith.config import ConversionConfig
from edgesmith.conversion import RefusedError, convert, lower
from edgesmith.conversion.slowness import slow_layers
from edgesmith.recipe import Recipe
from edgesmith.reference import load_original, trace
from edgesmith.silence import Silent
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.files import scratch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from edgesmith.conversion.lowering import Lowered
    from edgesmith.core import KerasModel, Progress
    from edgesmith.reference import Reference
    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.spec import Format, Signature

__all__ = ["Fate", "Finding", "Findings", "check"]


class Fate(StrEnum):
    """What becomes of a layer."""

    CONVERTS = "converts"
    LOWERED = "lowered"
    LIFTED = "lifted"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One layer in one format.

    Args:
        layer: Its path.
        kind: Its class.
        format: The target.
        fate: What becomes of it.
        why: What replaces it, or why it cannot go; "" where it converts as it is.
        slow: What will be slow there, or "".
    """

    layer: str
    kind: str
    format: Format
    fate: Fate
    why: str = ""
    slow: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What becomes of a model.

    Args:
        model: Its name.
        layers: A finding for each layer and format, in the order of the calls.
        failures: Why a format cannot be had, where it cannot, by format.
    """

    model: str
    layers: tuple[Finding, ...]
    failures: Mapping[Format, str]


def check(
    model: KerasModel | str | Path,
    signature: Signature | None = None,
    *,
    config: ConversionConfig | None = None,
    custom_objects: tuple[str, ...] = (),
    unsafe: bool = False,
    progress: Progress | None = None,
) -> Findings:
    """Convert a model to every format, and say what becomes of each layer; nothing is kept.

    Args:
        model: A Keras model of any style, trained or not, or the file of one.
        signature: What it takes, where it does not say so.
        config: Formats, opset and the limits of the converters; None takes the defaults.
        custom_objects: Where classes are that a file needs, ``package.module``.
        unsafe: Let a file run the Python code that it holds.
        progress: Where to say how far it is; silent without.

    Raises:
        ConversionError: The model cannot be loaded, or traced at all.
    """
    config = config or ConversionConfig()
    original: KerasModel = load_original(model, custom_objects=custom_objects, unsafe=unsafe)
    reference = trace(original, inputs=None if signature is None else signature.inputs)
    shown = _shown(reference)
    layers: list[Finding] = []
    failures: dict[Format, str] = {}
    tracked = (progress or Silent()).track(
        config.formats, "Converting", total=len(config.formats)
    )
    for fmt in tracked:
        outcome = _outcome(reference, fmt, config)
        if outcome.failure:
            failures[fmt] = outcome.failure
        layers += [
            _finding(path, kind, fmt, outcome, reference) for path, kind in shown.items()
        ]
    return Findings(model=original.name, layers=tuple(layers), failures=failures)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """One conversion: what was replaced, refused and is slow, by layer, and why it failed."""

    lowered: Mapping[str, str]
    refused: Mapping[str, str]
    slow: Mapping[str, str]
    failure: str


def _outcome(reference: Reference, fmt: Format, config: ConversionConfig) -> _Outcome:
    lowered: tuple[Lowered, ...] = ()
    refused: Mapping[str, str] = {}
    slow: Mapping[str, str] = {}
    failure = ""
    try:
        graph, lowered = lower(reference, fmt)
        slow = slow_layers(_converted(reference, fmt, config), graph.scopes)
    except RefusedError as error:
        refused, failure = error.reasons, str(error)
    except ConversionError as error:
        failure = str(error)
    replaced: dict[str, dict[str, None]] = {}
    for one in lowered:
        replaced.setdefault(one.layer, {})[one.lowering.what] = None
    return _Outcome(
        lowered={layer: ", ".join(whats) for layer, whats in replaced.items()},
        refused=refused,
        slow=slow,
        failure=failure,
    )


def _converted(reference: Reference, fmt: Format, config: ConversionConfig) -> Artifact:
    recipe = Recipe(name=f"float32_{fmt}", format=fmt)
    with scratch() as folder:
        return convert(reference, recipe, labels={}, config=config, directory=folder)


def _shown(reference: Reference) -> dict[str, str]:
    """The layers without those inside of another, such as a recurrent layer's cell."""
    kinds = reference.layers
    return {path: kind for path, kind in kinds.items() if not any(_parents(path, kinds))}


def _parents(path: str, kinds: Mapping[str, str]) -> Iterable[str]:
    parts = path.split("/")
    above = ("/".join(parts[:length]) for length in range(1, len(parts)))
    return (one for one in above if one in kinds)


def _finding(
    path: str, kind: str, fmt: Format, outcome: _Outcome, reference: Reference
) -> Finding:
    slow = _within(path, outcome.slow)
    lifted = reference.lifted
    if lifted is not None and path.rpartition("/")[2] in set(lifted.layers.values()):
        why = "a step of the bundle's transform"
        return Finding(layer=path, kind=kind, format=fmt, fate=Fate.LIFTED, why=why)
    if refused := _within(path, outcome.refused):
        return Finding(
            layer=path, kind=kind, format=fmt, fate=Fate.IMPOSSIBLE, why=refused, slow=slow
        )
    if lowered := _within(path, outcome.lowered):
        return Finding(
            layer=path, kind=kind, format=fmt, fate=Fate.LOWERED, why=lowered, slow=slow
        )
    return Finding(layer=path, kind=kind, format=fmt, fate=Fate.CONVERTS, slow=slow)


def _within(path: str, notes: Mapping[str, str]) -> str:
    """What was noted of a layer and of those inside it, once each."""
    found = [note for layer, note in notes.items() if f"{layer}/".startswith(f"{path}/")]
    return "; ".join(dict.fromkeys(found))
