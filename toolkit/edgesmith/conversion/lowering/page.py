"""The page of all that is lowered, generated: ``python -m edgesmith.conversion.lowering.page > docs/lowering.md``."""

from __future__ import annotations

import sys

from edgesmith.conversion.lowering import LOWERINGS
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
    """The page, in Markdown: one row a replacement."""
    return _HEAD + "".join(
        f"| {one.what} | `{_short(one.replaces)}` | {_targets(one.targets)} | {one.why} |\n"
        for one in sorted(
            LOWERINGS, key=lambda one: (one.what.lower(), one.replaces, one.targets)
        )
    )


def _short(place: str) -> str:
    """A function without the folders that Keras keeps it in."""
    module, _, name = place.partition(":")
    return f"{module.rpartition('.')[2]}.{name}"


def _targets(targets: tuple[Format, ...]) -> str:
    words = {Format.ONNX: "ONNX", Format.TFLITE: "TFLite"}
    return ", ".join(words[target] for target in targets)


if __name__ == "__main__":
    sys.stdout.write(render_page())
