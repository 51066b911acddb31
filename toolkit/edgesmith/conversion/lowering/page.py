"""The page of all that is lowered, generated: ``python -m edgesmith.conversion.lowering.page > docs/lowering.md``."""

from __future__ import annotations

import sys

from edgesmith.conversion.lowering import LOWERINGS, Lowering
from edgesmith_runtime.spec import Format

__all__ = ["render_page"]

_HEAD = """\
# Lowering

What a format cannot hold, or holds badly, and what Edgesmith does instead. The functions of Keras
below are replaced by exact equivalents while a model is traced for a format; the model itself is
never changed, and a call that the format can hold as it is goes to the original. `edgesmith check
MODEL` says which layers of a model are concerned.

This page is generated from the replacements: `python -m edgesmith.conversion.lowering.page > docs/lowering.md`.

| what | of Keras | for | without it |
| --- | --- | --- | --- |
"""


def render_page() -> str:
    """The page, in Markdown: a row for all that is replaced for the same reason."""
    rows: dict[tuple[str, str], list[Lowering]] = {}
    for one in LOWERINGS:
        rows.setdefault((one.what, one.why), []).append(one)
    return _HEAD + "".join(
        f"| {what} | {_places(ones)} | {_targets(ones)} | {why} |\n"
        for (what, why), ones in sorted(
            rows.items(), key=lambda row: (row[0][0].lower(), row[0][1])
        )
    )


def _places(lowerings: list[Lowering]) -> str:
    return ", ".join(sorted({f"`{_short(one.replaces)}`" for one in lowerings}))


def _short(place: str) -> str:
    """A function without the folders that Keras keeps it in."""
    module, _, name = place.partition(":")
    return f"{module.rpartition('.')[2]}.{name}"


def _targets(lowerings: list[Lowering]) -> str:
    words = {Format.ONNX: "ONNX", Format.TFLITE: "TFLite"}
    found = {target for one in lowerings for target in one.targets}
    return ", ".join(word for target, word in words.items() if target in found)


if __name__ == "__main__":
    sys.stdout.write(render_page())
