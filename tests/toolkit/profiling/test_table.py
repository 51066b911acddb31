from __future__ import annotations

from edgesmith.layer_times import ArtifactProfile, LayerTime, OpTime, Profile, StepTime
from edgesmith.profiling import profile_table
from edgesmith_runtime.host import this_host
from edgesmith_runtime.latency import Estimate
from edgesmith_runtime.spec import Format


def _us(value: float) -> Estimate:
    return Estimate(value=value * 1e3, low=value * 900, high=value * 1100)


def _layer(name: str, op: str, n_ops: int, value: float) -> LayerTime:
    ops = tuple(OpTime(name=f"{name}/{i}", op=op, time_ns=_us(value)) for i in range(n_ops))
    return LayerTime(layer=name, ops=ops, time_ns=_us(value), share=value / 100)


def _profile() -> Profile:
    one = ArtifactProfile(
        file="model.onnx",
        format=Format.ONNX,
        engine="onnxruntime, 1 thread",
        n_threads=1,
        predict_ns=_us(200),
        total_ns=_us(100),
        layers=(
            _layer("tiny", "Gemm", 1, 4),
            _layer("block/wide", "Conv", 2, 80),
            _layer("last", "Gemm", 1, 6),
        ),
        transform=(StepTime(index=0, op="scale", output="x", time_ns=_us(50)),),
        reading_ns=_us(20),
        colder_ns=_us(2),
        answer_ns=_us(10),
        copies_ns=_us(3),
        framework_ns=_us(5),
        method="Each alone.",
        notes=("A note.",),
    )
    problems = {"model.tflite": "no engine"}
    return Profile(bundle="b", host=this_host(), artifacts=(one,), problems=problems)


def test_the_slowest_layer_is_first_with_its_share_of_the_whole() -> None:
    lines = profile_table(_profile(), top=2).splitlines()

    assert lines[0] == (
        "model.onnx (onnxruntime, 1 thread): 200.0 us for predict on a raw input, "
        "100.0 of them in the runner"
    )
    assert lines[2].split() == [
        *("block/wide", "████████████████", "40.0%", "80.0", "72.0", "to", "88.0", "2", "Conv")
    ]
    assert lines[3].split()[0] == "last"
    assert lines[4].split() == ["1", "other", "layers", "2.0%", "4.0"]


def test_what_is_around_the_layers_follows_and_the_rest_is_told() -> None:
    text = profile_table(_profile(), top=9)

    rows = {
        line[2:32].strip(): line[32:].split()[0] for line in text.splitlines() if "%" in line
    }
    assert rows["step 0: scale"] == "25.0%"
    assert rows["engine's framework"] == "2.5%"
    assert rows["rest"] == "10.0%"
    assert "  Method: Each alone.\n  A note." in text
    assert text.endswith("model.tflite: not profiled: no engine")
