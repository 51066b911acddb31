from __future__ import annotations

import json

import pytest

from edgesmith.layer_times import ArtifactProfile, LayerTime, OpTime, Profile, StepTime
from edgesmith_runtime.host import this_host
from edgesmith_runtime.latency import Estimate
from edgesmith_runtime.spec import Format


def _about(value: float) -> Estimate:
    return Estimate(value=value, low=value - 1, high=value + 1)


def _layer(name: str, value: float) -> LayerTime:
    op = OpTime(name=f"{name}/MatMul", op="Gemm", time_ns=_about(value))
    return LayerTime(layer=name, ops=(op,), time_ns=_about(value), share=value / 100)


@pytest.fixture
def whole() -> ArtifactProfile:
    return ArtifactProfile(
        file="model.onnx",
        format=Format.ONNX,
        engine="onnxruntime, 1 thread",
        n_threads=1,
        predict_ns=_about(200),
        total_ns=_about(100),
        layers=(_layer("first", 20), _layer("second", 60)),
        transform=(StepTime(index=0, op="scale", output="x", time_ns=_about(30)),),
        reading_ns=_about(15),
        colder_ns=_about(5),
        answer_ns=_about(40),
        copies_ns=_about(8),
        framework_ns=_about(10),
        method="by hand",
        notes=("one",),
    )


def test_the_parts_and_the_rest_are_the_whole(whole: ArtifactProfile) -> None:
    around = 30 + 15 + 5 + 40

    assert whole.layers_ns == 80
    assert whole.rest_ns == 200 - around - (80 + 8 + 10)


def test_without_raw_inputs_the_whole_is_the_call_of_the_runner() -> None:
    bare = ArtifactProfile(
        file="model.tflite",
        format=Format.TFLITE,
        engine="litert, 1 thread",
        n_threads=1,
        predict_ns=None,
        total_ns=_about(100),
        layers=(_layer("only", 70),),
        copies_ns=_about(12),
        framework_ns=_about(10),
        method="by hand",
    )

    assert bare.rest_ns == 100 - 70 - 12 - 10


def test_layers_come_slowest_first(whole: ArtifactProfile) -> None:
    assert [one.layer for one in whole.by_time] == ["second", "first"]


def test_a_profile_reads_back_what_it_wrote(whole: ArtifactProfile) -> None:
    profile = Profile(
        bundle="small", host=this_host(), artifacts=(whole,), problems={"b.tflite": "no engine"}
    )

    document = json.loads(json.dumps(profile.to_json()))

    assert Profile.from_json(document) == profile
    assert document["artifacts"][0]["rest_ns"] == whole.rest_ns


def test_a_file_without_a_profile_is_named(whole: ArtifactProfile) -> None:
    profile = Profile(bundle="small", host=this_host(), artifacts=(whole,))

    assert profile.artifact("model.onnx") is whole
    with pytest.raises(KeyError, match=r"no profile of 'other\.onnx'; there are model\.onnx"):
        profile.artifact("other.onnx")
