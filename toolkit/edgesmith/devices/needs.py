"""Which packages a bundle needs on a device, as the runtime's own metadata asks for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import requires
from typing import TYPE_CHECKING, assert_never

from edgesmith_runtime.errors import DeviceError
from edgesmith_runtime.manifest import Kind
from edgesmith_runtime.settings import Engine, engines_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgesmith_runtime.manifest import Manifest

__all__ = ["Requirement", "needs_of"]

_REQUIREMENT = re.compile(
    r"""(?P<name>[A-Za-z0-9._-]+)\s*>=\s*(?P<floor>[0-9.]+)"""
    r"""(?:\s*;\s*extra\s*==\s*['"](?P<extra>[\w-]+)['"])?"""
)
_VERSION = re.compile(
    r"v?(?P<release>\d+(?:\.\d+)*)(?P<draft>[._-]?(?:a|b|c|rc|alpha|beta|pre|preview|dev)(?![a-z]))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A package and the lowest version of it.

    Args:
        name: Of the distribution.
        floor: Such as ``1.23``.
        is_optional: The work goes on without it, and says what it leaves out.
    """

    name: str
    floor: str
    is_optional: bool = False

    def __str__(self) -> str:
        return f"{self.name}>={self.floor}"

    def is_met_by(self, versions: Mapping[str, str]) -> bool:
        """Whether installed versions, by distribution, have it."""
        version = versions.get(self.name)
        return version is not None and _order(version) >= _order(self.floor)


def needs_of(
    manifest: Manifest, *, file: str | None = None, engines: Iterable[Engine] = ()
) -> tuple[Requirement, ...]:
    """The packages that a bundle needs beside the runtime.

    Args:
        manifest: Of the bundle.
        file: The artifact that will run. None is for all, one of which may have been tuned: the
            default one must run, and the engines of the others are optional.
        engines: Asked for beside those that run the files.

    Raises:
        DeviceError: The metadata of the runtime here does not know one of them.
    """
    formats = {entry.file: entry.format for entry in manifest.artifacts}
    wanted = manifest.default_artifact.file if file is None else file
    extras = [_extra_of(engine) for engine in engines]
    extras.append(_extra_of(engines_for(formats[wanted])[0]))
    if any(raw.kind is Kind.IMAGE for raw in manifest.raw_inputs):
        extras.append("image")
    if any(step.op == "tokenize" for step in manifest.transform):
        extras.append("tokenizers")
    others = formats.values() if file is None else ()
    optional = [_extra_of(engines_for(other)[0]) for other in others]
    needs = {"numpy": _required("numpy")}
    for extra in extras:
        needs.setdefault(extra, _required(extra))
    for extra in optional:
        if extra not in needs:
            found = _required(extra)
            needs[extra] = Requirement(name=found.name, floor=found.floor, is_optional=True)
    return tuple(needs.values())


def _extra_of(engine: Engine) -> str:
    """What brings an engine: an extra of the runtime, or a package of its base install."""
    match engine:
        case Engine.ONNXRUNTIME:
            return "onnxruntime"
        case Engine.LITERT:
            return "tflite"
        case Engine.OPENVINO:
            return "openvino"
        case _:
            assert_never(engine)


def _required(key: str) -> Requirement:
    for line in requires("edgesmith-runtime") or ():
        parts = _REQUIREMENT.fullmatch(line)
        if parts is not None and key in (
            parts["extra"],
            None if parts["extra"] else parts["name"],
        ):
            return Requirement(name=parts["name"], floor=parts["floor"])
    raise DeviceError(
        f"edgesmith-runtime is installed here without a word on '{key}'; install it again with "
        "pip"
    )


def _order(version: str) -> tuple[tuple[int, ...], bool]:
    """Where a version stands among others: its release, before which are its own drafts.

    After the version specifiers of the Python Packaging User Guide: zeros at the end do not
    count, and a, b, rc and dev, in every spelling, come before the release itself.
    """
    parts = _VERSION.match(version)
    if parts is None:
        return (), False
    numbers = [int(part) for part in parts["release"].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers), parts["draft"] is None
