"""Render the tables between the markers of README.md from ``results/``.

    python benchmarks/render_readme.py [--check]

With ``--check`` nothing is written; the exit code says whether the README is what it would be.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def results(question: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{question}.json").read_text())


def host_line(document: dict[str, Any]) -> str:
    host = document["host"]
    engines = f"numpy {host['numpy']}, onnxruntime {host['onnxruntime']}"
    return (
        f"Measured {document['date']} on {host['cpu']}, {host['n_cpus']} cores, {host['os']}; "
        f"Python {host['python']}, {engines}, ai-edge-litert {host['ai_edge_litert']}."
    )


def accuracy() -> str:
    document = results("accuracy")
    lines = [
        "| example | metric | seeds | median | all | ONNX and TFLite decide as Keras |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in document["figures"].items():
        scores = ", ".join(f"{score:.4g}" for score in one["scores"])
        lowest = [share for shares in one["agreement"].values() for share in shares]
        same = "regression" if None in lowest else f"{min(lowest):.2%} of the test split"
        lines.append(
            f"| {name} | {one['metric']} | {len(one['scores'])} | {one['median']:.4g} | {scores} | {same} |"
        )
    return "\n".join([*lines, "", host_line(document)])


def latency() -> str:
    document = results("latency")
    lines = [
        "| model | Keras `predict` | `tf.function` | ONNX | TFLite | ONNX against `predict` |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in document["figures"].items():
        ratio = one["times_faster"]
        lines.append(
            f"| {name} | {one['predict']:,.0f} | {one['tf_function']:,.0f} | {one['onnx']:.1f} | {one['tflite']:.1f} "
            f"| {ratio[0]:,.0f}x [{ratio[1]:,.0f}, {ratio[2]:,.0f}] |"
        )
    return "\n".join(
        [
            *lines,
            "",
            "Median microseconds a call at batch 1, with 95 % intervals of the ratio. "
            + host_line(document),
        ]
    )


def overhead() -> str:
    document = results("run_overhead")
    lines = [
        "| model | `model.run` | bare session | difference | ratio |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, one in document["figures"].items():
        d, r = one["difference_us"], one["ratio"]
        lines.append(
            f"| {name} | {one['ours_us']:.2f} | {one['theirs_us']:.2f} | {d[0]:+.2f} [{d[1]:+.2f}, {d[2]:+.2f}] "
            f"| {r[0]:.3f} [{r[1]:.3f}, {r[2]:.3f}] |"
        )
    return "\n".join(
        [
            *lines,
            "",
            "Microseconds a call at batch 1, one thread, with 95 % intervals. "
            + host_line(document),
        ]
    )


def rendered(text: str) -> str:
    tables = {"accuracy": accuracy, "latency": latency, "overhead": overhead}
    return BLOCK.sub(lambda match: f"{match[1]}{tables[match[2]]()}\n{match[3]}", text)


def main() -> None:
    text = README.read_text()
    new = rendered(text)
    if "--check" in sys.argv:
        sys.exit(new != text)
    README.write_text(new)


if __name__ == "__main__":
    main()
