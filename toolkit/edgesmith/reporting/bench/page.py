"""The pages of the bench: a comparison, with a profile or without, and a profile alone.

Each is one file that loads nothing. Its policy lets its own script and style sheet run, known by
their digests, and nothing else: a string from a bundle that got through as markup would stay dead.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from edgesmith.reporting.bench.board import board_of
from edgesmith.reporting.bench.distribution import distribution_chapter
from edgesmith.reporting.bench.layers import layers_chapter
from edgesmith.reporting.bench.looks import looks_of
from edgesmith.reporting.bench.machine import machine_facts
from edgesmith.reporting.bench.numbers import Numbers
from edgesmith.reporting.bench.phases import phases_chapter
from edgesmith.reporting.bench.stacks import stages_chapter, start_chapter
from edgesmith.reporting.bench.sustained import sustained_chapter
from edgesmith.reporting.bench.trade_off import trade_off_chapter
from edgesmith.reporting.bench.verdict import verdict_of
from edgesmith_runtime.bench import Phase

if TYPE_CHECKING:
    from edgesmith.layer_times import Profile
    from edgesmith_runtime.bench import Comparison

__all__ = ["render_comparison", "render_profile"]


def render_comparison(comparison: Comparison, profile: Profile | None = None) -> str:
    """The page of a comparison; with a profile of the same bundle also its layers."""
    numbers = Numbers(comparison)
    looks = looks_of(comparison.subjects)
    raw = next((one for one in numbers.settings if one.phase is Phase.RAW), None)
    return _rendered(
        "bench.html",
        name=comparison.bundle,
        looks=looks,
        verdict=verdict_of(numbers),
        board=board_of(numbers, {one.name: one.style for one in looks}),
        trade_off=trade_off_chapter(numbers, looks),
        distribution=distribution_chapter(comparison, looks, numbers.settings),
        phases=phases_chapter(numbers, looks),
        stages=stages_chapter(numbers, looks, raw),
        start=start_chapter(numbers, looks),
        sustained=sustained_chapter(numbers, looks),
        layers=[] if profile is None else layers_chapter(profile),
        layer_problems={} if profile is None else profile.problems,
        machine=machine_facts(comparison),
    )


def render_profile(profile: Profile) -> str:
    """The page of a profile alone."""
    host = profile.host
    return _rendered(
        "profile.html",
        name=profile.bundle,
        host=f"{host.cpu}, {host.n_cpus_affinity} of {host.n_cpus} processors, {host.os}",
        layers=layers_chapter(profile),
        layer_problems=profile.problems,
    )


def _rendered(template: str, **members: object) -> str:
    style = "\n".join((_part("style.css"), _part("bench.css")))
    script = "\n".join(_part(name) for name in ("scales.js", "plots.js", "page.js"))
    return (
        _environment()
        .get_template(template)
        .render(
            version=version("edgesmith"),
            style=style,
            script=script,
            policy="; ".join(
                (
                    "default-src 'none'",
                    f"script-src '{_digest(script)}'",
                    f"style-src '{_digest(style)}'",
                    "img-src data:",
                    "base-uri 'none'",
                    "form-action 'none'",
                )
            ),
            **members,
        )
    )


@functools.cache
def _part(name: str) -> str:
    return (
        (files("edgesmith.reporting") / "templates" / name).read_text(encoding="utf-8").strip()
    )


def _digest(content: str) -> str:
    """As a policy names an element by its text: CSP level 3, section 6.7.2.2."""
    digest = hashlib.sha256(content.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("edgesmith.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
