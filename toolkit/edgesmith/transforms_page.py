"""The page of all steps, generated: ``python -m edgesmith.transforms_page RESULTS > docs/transforms.md``."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from edgesmith_runtime.transforms import OPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Docstring", "docstring", "render_page"]

_HEAD = """\
# Steps of a transform

Every step that a bundle's transform can have: what it computes and where that is from, its
params, and what goes in and comes out. A preparation writes them from the configuration;
`edgesmith.export(..., transform=[...])` takes them as mappings, and `edgesmith convert
--transform` from a file: a JSON list of the same mappings, or `[[transform]]` tables of a TOML.
Training and device run the same lines.

```python
import keras
import numpy as np

import edgesmith

model = keras.Sequential(
    [
        keras.Input((8, 8, 1), name="image"),
        keras.layers.Flatten(),
        keras.layers.Dense(3, activation="softmax", name="kind"),
    ]
)
edgesmith.export(
    model,
    "out/kinds.edge",
    samples=np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8),
    transform=[
        {
            "op": "decode_image",
            "inputs": ["photo"],
            "outputs": ["pixels"],
            "params": {"mode": "grey"},
        },
        {
            "op": "scale",
            "inputs": ["pixels"],
            "outputs": ["image"],
            "params": {"offset": [0.0], "scale": [255.0]},
        },
    ],
    formats=["onnx"],
    n_rounds=0,
)
```

A name that no step gives, here `photo`, is what the app hands in; the last step gives what the
model's input is called, here `image`.

- A shape starts with `batch`. "The same shape" is that of the value that goes in.
- Samples that differ in shape are a list of arrays, one a sample, without the batch axis.
- Sample i of a result depends on sample i alone, to the bit.
- float32 comes out of what takes floats, unless a step says otherwise.

This page is generated from the steps and from the last run of `benchmarks/transform_parity.py`:
`python -m edgesmith.transforms_page benchmarks/results/transform_parity.json > docs/transforms.md`.
"""
_WORDS: dict[object, str] = {
    bool: "true or false",
    float: "number",
    int: "whole number",
    str: "text",
    type(None): "null",
}
_SECTIONS = ("Args", "Raises", "Returns")


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring taken apart.

    Args:
        body: What it says before its sections, in Markdown.
        arguments: Of each name under ``Args``, what it says.
        errors: Of each error under ``Raises``, when.
    """

    body: str
    arguments: Mapping[str, str]
    errors: Mapping[str, str]


def docstring(of: object) -> Docstring:
    """The docstring of a class or function, in the form that this project has."""
    sections: dict[str, list[str]] = {"": []}
    current = ""
    for line in (inspect.getdoc(of) or "").splitlines():
        name = line.removesuffix(":")
        if name in _SECTIONS and line.endswith(":"):
            current = name
            sections[current] = []
        else:
            sections[current].append(line)
    return Docstring(
        _markdown(sections[""]),
        _entries(sections.get("Args", [])),
        _entries(sections.get("Raises", [])),
    )


def _entries(lines: list[str]) -> dict[str, str]:
    """``name: what`` with deeper lines that go on, in Markdown on one line each."""
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        if line.startswith("    ") and not line.startswith("     "):
            name, _, what = line.strip().partition(":")
            found[name] = what.strip()
        elif line.strip():
            found[name] += f" {line.strip()}"
    return {name: _ticked(what) for name, what in found.items()}


def _markdown(lines: list[str]) -> str:
    """Paragraphs on one line each, points on one line each."""
    blocks: list[str] = []
    ends = True
    for line in lines:
        text = line.strip()
        if not text:
            ends = True
        elif ends or text.startswith("- "):
            blocks.append(("" if not ends else "\n") + text)
            ends = False
        else:
            blocks[-1] += f" {text}"
    return _ticked("\n".join(blocks).strip())


def _ticked(text: str) -> str:
    return text.replace("``", "`")


def render_page(parity: Mapping[str, Any]) -> str:
    """The page in Markdown.

    Args:
        parity: The document that ``benchmarks/transform_parity.py`` wrote.
    """
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for row in parity["figures"]["steps"]:
        rows.setdefault(row["op"], []).append(row)
    modules: dict[str, list[str]] = {}
    for name, op in OPS.items():
        modules.setdefault(op.__module__, []).append(name)
    parts = [_HEAD, *_parity(parity)]
    for module, names in modules.items():
        title = module.rpartition(".")[2].replace("_", " ").capitalize()
        line = (sys.modules[module].__doc__ or "").strip().partition("\n")[0]
        parts += [f"\n## {title}\n", _ticked(line)]
        for name in names:
            parts += [f"\n### `{name}`\n", *_step(name, rows.get(name, []))]
    return "\n".join(parts) + "\n"


def _step(name: str, rows: list[Mapping[str, Any]]) -> Iterator[str]:
    op = cast("Any", OPS[name])
    told, call = docstring(op), docstring(op.__call__)
    yield told.body
    fields = [field for field in dataclasses.fields(op) if field.init]
    if fields:
        yield "\n| param | type | default | what it is |\n| --- | --- | --- | --- |"
    hints = typing.get_type_hints(op)
    for field in fields:
        cells = (
            f"`{field.name}`",
            _words(hints[field.name]),
            _default(field),
            told.arguments.get(field.name, ""),
        )
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"
    yield ""
    for argument, what in call.arguments.items():
        yield f"- In, `{argument}`: {what}"
    yield f"- Out: {call.body.replace(chr(10) * 2, ' ')}"
    for error, when in call.errors.items():
        yield f"- `{error}`: {when}"
    for row in rows:
        yield f"- Held against {row['against']}: {_worst(row)}."


def _worst(row: Mapping[str, Any]) -> str:
    figures = [
        f"{_error(row[source])} on {source} input"
        for source in ("real", "random")
        if row[source] is not None
    ]
    return " and ".join(figures)


def _error(figures: Mapping[str, Any]) -> str:
    if figures["absolute"] == 0:
        return "equal"
    return f"{figures['absolute']:.1e} at worst, {figures['relative']:.1e} of the range,"


def _parity(parity: Mapping[str, Any]) -> Iterator[str]:
    figures, host = parity["figures"], parity["host"]
    versions = ", ".join(f"{name} {version}" for name, version in figures["versions"].items())
    yield "## Parity\n"
    yield (
        "Each step against an independent reference, on real input and on random input. The "
        "error is the largest of all values; in brackets as a share of the range that the "
        "reference has. Texts, codes and whole numbers are equal or not. "
        f"Run on {parity['date']}, {host['cpu']}, Python {host['python']}: {versions}.\n"
    )
    yield "| step | reference | worst on real input | worst on random input | bound (of the range) |"
    yield "| --- | --- | --- | --- | --- |"
    for row in figures["steps"]:
        cells = (
            f"`{row['op']}`",
            row["against"],
            _short(row["real"]),
            _short(row["random"]),
            f"{row['bound']:.0e}" if row["bound"] else "equal",
        )
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _short(figures: Mapping[str, Any] | None) -> str:
    if figures is None:
        return "none at hand"
    if figures["absolute"] == 0:
        return "equal"
    return f"{figures['absolute']:.1e} ({figures['relative']:.1e})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _words(hint: Any) -> str:
    if hint in _WORDS:
        return _WORDS[hint]
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        inner = _words(arguments[0])
        return f"list of {inner}s" if inner in _WORDS.values() else f"list of ({inner})"
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return " or ".join(_words(argument) for argument in arguments)
    return str(hint)


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "required"
    return f"`{json.dumps(field.default, ensure_ascii=False)}`"


if __name__ == "__main__":
    sys.stdout.write(render_page(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
