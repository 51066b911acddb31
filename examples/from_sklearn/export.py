"""A scikit-learn pipeline to a bundle: fit, export with skl2onnx, verify, pack."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import edgesmith
from edgesmith_runtime.manifest import Step


def main(out: Path) -> edgesmith.BuildResult:
    """Leave ``wine.onnx`` and ``wine.edge`` in a folder."""
    wine = load_wine()
    x_train, x_test, y_train, y_test = train_test_split(
        wine.data.astype(np.float32), wine.target, random_state=0, stratify=wine.target
    )
    forest = RandomForestClassifier(n_estimators=50, random_state=0)
    pipeline = make_pipeline(StandardScaler(), forest).fit(x_train, y_train)

    out.mkdir(parents=True, exist_ok=True)
    exported = to_onnx(pipeline, x_train[:1], options={"zipmap": False}, target_opset=18)
    (out / "wine.onnx").write_bytes(exported.SerializeToString())

    columns = list(wine.feature_names)
    return edgesmith.export(
        out / "wine.onnx",
        out / "wine.edge",
        samples=[dict(zip(columns, map(float, row), strict=True)) for row in x_test],
        expected=y_test,
        class_names=list(wine.target_names),
        transform=[
            Step(
                op="numbers",
                inputs=("row",),
                outputs=("numbers",),
                params={"columns": columns, "missing": [[] for _ in columns]},
            ),
            Step(op="cast", inputs=("numbers",), outputs=("X",), params={"dtype": "float32"}),
        ],
    )


if __name__ == "__main__":
    result = main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
    print(result.bundle, result.summary.candidates[0].score)
