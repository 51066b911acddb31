
import os, sys, subprocess, json
import pytest
from edgesmith_runtime.bench import compare, Plan
SAVE = """
import sys
import numpy as np
import keras

features = keras.Input((4,), name="features")
dense = keras.layers.Dense(3, activation="softmax", name="probabilities")
model = keras.Model(features, dense(features))
weights = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(4, 3)
for factor, path in ((1.0, "original.keras"), (1.5, "other.keras")):
    dense.set_weights([weights * factor, np.array([0.1, -0.2, 0.3], np.float32)])
    model.save(path)
"""



import dataclasses
from edgesmith_runtime.bundle import make_bundle, write_bundle
from edgesmith_runtime.golden import golden_files
from edgesmith_runtime.spec import Format
def test_show(tiny_manifest, tiny_onnx, tiny_tflite, tiny_golden, tmp_path):
    subprocess.run([sys.executable,"-c",SAVE],check=True,cwd=tmp_path,capture_output=True)
    entry = tiny_manifest.artifacts[0]
    second = dataclasses.replace(entry, file="model.tflite", format=Format.TFLITE, version=3)
    manifest = dataclasses.replace(tiny_manifest, artifacts=(entry, second))
    both = ("model.onnx", "model.tflite")
    golden = dataclasses.replace(tiny_golden, outputs=dict.fromkeys(both, tiny_golden.outputs["model.onnx"]), output_tolerances=dict.fromkeys(both, tiny_golden.output_tolerances["model.onnx"]))
    write_bundle(make_bundle(manifest, {"model.onnx": tiny_onnx, "model.tflite": tiny_tflite, **golden_files(golden)}), tmp_path/"both.edge")
    import time
    t=time.perf_counter()
    r = compare(tmp_path/"both.edge", against=tmp_path/"original.keras", progress=lambda *a: print(*a, flush=True), plan=Plan(n_threads=1))
    t2=time.perf_counter()
    print(r.table()); t3=time.perf_counter()
    print(len(json.dumps(r.to_json()))); print(t2-t, t3-t2, time.perf_counter()-t3)
    print(r.subjects[0].rounds[0].steady[1].latencies_ns[:50])
