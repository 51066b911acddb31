"""Where the time of a call goes: by Keras layer, and by what stands around the layers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.host import Host
from edgesmith_runtime.latency import Estimate
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ArtifactProfile", "LayerTime", "OpTime", "Profile", "StepTime"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpTime:
    """One operation as the engine runs it.

    Args:
        name: Of the node in ONNX; of its first output in TFLite.
        op: The engine's word for it, ``Conv`` or ``CONV_2D``.
        time_ns: Within one call.
    """

    name: str
    op: str
    time_ns: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTime:
    """What one layer takes of a call.

    Args:
        layer: Its Keras path, ``block1/conv``; the name of the operation where no layer is known.
        ops: What the engine runs for it, in the order of the run. An operation that engine or
            converter made of several layers counts for the one that its weights are from.
        time_ns: Within one call of one sample.
        share: Of the whole call of the engine, 0 to 1.
    """

    layer: str
    ops: tuple[OpTime, ...]
    time_ns: Estimate
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """One step of the transform, from one raw input.

    Args:
        index: Its place in the transform, from 0.
        op: Its word in the manifest.
        output: The value that it gives.
        time_ns: Of the step alone.
    """

    index: int
    op: str
    output: str
    time_ns: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactProfile:
    """Where the time of one artifact goes, for one sample at a time.

    ``predict`` is reading, the transform's steps, the call of the runner, the answer, and a
    rest; the
    call of the runner is the layers, the engine's framework, and copies.

    Args:
        file: The artifact.
        format: Of it.
        engine: What ran it, as ``EngineSettings`` says it.
        n_threads: Of one run.
        predict_ns: From the raw input to the prediction; None without golden raw inputs.
        total_ns: A call of the runner on prepared tensors, with nothing else measured.
        layers: In the order of the run.
        transform: Steps in their order; empty without raw inputs, and where there are none.
        reading_ns: The transform beyond its steps: the raw input made a batch, the tensors
            checked; None without raw inputs.
        colder_ns: What the call of the runner takes more right after the transform than called in
            a row; None without raw inputs.
        answer_ns: From the outputs to the prediction; None without raw inputs.
        copies_ns: What the runner adds to the engine's own run: tensors in and out, checks.
        framework_ns: What the engine's own run takes beyond its operations; below 0 where the
            operations, measured by themselves, came to more.
        method: How the layers were timed, in a sentence or two for people.
        notes: What else people should know.
    """

    file: str
    format: Format
    engine: str
    n_threads: int
    predict_ns: Estimate | None
    total_ns: Estimate
    layers: tuple[LayerTime, ...]
    transform: tuple[StepTime, ...] = ()
    reading_ns: Estimate | None = None
    colder_ns: Estimate | None = None
    answer_ns: Estimate | None = None
    copies_ns: Estimate
    framework_ns: Estimate
    method: str
    notes: tuple[str, ...] = ()

    @property
    def by_time(self) -> tuple[LayerTime, ...]:
        """The layers, slowest first."""
        return tuple(sorted(self.layers, key=lambda one: -one.time_ns.value))

    @property
    def layers_ns(self) -> float:
        """All layers together."""
        return sum(one.time_ns.value for one in self.layers)

    @property
    def transform_ns(self) -> float:
        """All steps of the transform together."""
        return sum(one.time_ns.value for one in self.transform)

    @property
    def rest_ns(self) -> float:
        """What the parts leave of the whole: of ``predict``, or of the runner's call without it.

        That is what measuring the parts one by one does not meet; below 0 where the parts came
        to more than the whole.
        """
        inner = self.layers_ns + self.framework_ns.value + self.copies_ns.value
        if self.predict_ns is None:
            return self.total_ns.value - inner
        parts = (self.reading_ns, self.colder_ns, self.answer_ns)
        around = sum(one.value for one in parts if one is not None)
        return self.predict_ns.value - self.transform_ns - inner - around


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The artifacts of a bundle by layer, on one host.

    Args:
        bundle: Name in the manifest.
        host: The machine, and the versions of the engines.
        artifacts: In the manifest's order.
        problems: By file that could not be profiled, why not, in one line.
    """

    bundle: str
    host: Host
    artifacts: tuple[ArtifactProfile, ...]
    problems: Mapping[str, str] = field(default_factory=dict[str, str])

    def artifact(self, file: str) -> ArtifactProfile:
        """The profile of a file."""
        for one in self.artifacts:
            if one.file == file:
                return one
        known = ", ".join(one.file for one in self.artifacts)
        raise KeyError(f"no profile of '{file}'; there are {known}")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, with the figures that follow from them."""
        document = dataclasses.asdict(self)
        for members, one in zip(document["artifacts"], self.artifacts, strict=True):
            members["rest_ns"] = one.rest_ns
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Profile:
        """Read what ``to_json`` gave."""
        return cls(
            bundle=document["bundle"],
            host=Host(**document["host"]),
            artifacts=tuple(_artifact(members) for members in document["artifacts"]),
            problems=dict(document["problems"]),
        )


def _artifact(members: Mapping[str, Any]) -> ArtifactProfile:
    kept = {name: members[name] for name in ("file", "engine", "n_threads", "method")}
    return ArtifactProfile(
        **kept,
        format=Format(members["format"]),
        predict_ns=_optional(members["predict_ns"]),
        total_ns=Estimate(**members["total_ns"]),
        layers=tuple(_layer(item) for item in members["layers"]),
        transform=tuple(
            StepTime(
                index=item["index"],
                op=item["op"],
                output=item["output"],
                time_ns=Estimate(**item["time_ns"]),
            )
            for item in members["transform"]
        ),
        reading_ns=_optional(members["reading_ns"]),
        colder_ns=_optional(members["colder_ns"]),
        answer_ns=_optional(members["answer_ns"]),
        copies_ns=Estimate(**members["copies_ns"]),
        framework_ns=Estimate(**members["framework_ns"]),
        notes=tuple(members["notes"]),
    )


def _layer(members: Mapping[str, Any]) -> LayerTime:
    return LayerTime(
        layer=members["layer"],
        ops=tuple(
            OpTime(name=item["name"], op=item["op"], time_ns=Estimate(**item["time_ns"]))
            for item in members["ops"]
        ),
        time_ns=Estimate(**members["time_ns"]),
        share=members["share"],
    )


def _optional(members: Mapping[str, float] | None) -> Estimate | None:
    return None if members is None else Estimate(**members)
