"""Render the tables between the markers of README.md and of three pages in docs/ from ``results/``.

    python benchmarks/render_readme.py [--check]

With ``--check`` nothing is written; the exit code says whether the pages are what they would be.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import bench_tables
import runtime_tables
from table_text import closed, host_line, results

README = Path(__file__).parents[1] / "README.md"
DOCS = README.parent / "docs"
PAGES = (README, *(DOCS / f"{page}.md" for page in ("index", "measured", "running", "serving")))
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


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
            f"| {name.partition(':')[0]} | {one['metric']} | {len(one['scores'])} | {one['median']:.4g} | {scores} | {same} |"
        )
    older = [
        f"{name} on {one['date']}" for name, one in document["figures"].items() if "date" in one
    ]
    line = (
        f"{host_line(document)} Measured before: {', '.join(older)}."
        if older
        else host_line(document)
    )
    return "\n".join([*lines, "", line])


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


def conversion() -> str:
    document = results("conversion")
    figures = document["figures"]
    rounded = figures["families"]["policies"]
    rows = {
        "all": (figures["n_cases"], figures["all"]),
        "of these, under a half or double precision policy": (
            sum(rounded["ours onnx"].values()),
            rounded,
        ),
    }
    lines = ["| models | | ours, ONNX | ours, TFLite | stock, ONNX | stock, TFLite |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for name, (n_cases, columns) in rows.items():
        cells = (_outcomes(counts) for counts in columns.values())
        lines.append(f"| {name} | {n_cases} | {' | '.join(cells)} |")
    versions = ", ".join(f"{name} {value}" for name, value in figures["versions"].items())
    meaning = "Converted and equal / refused, or an artifact that does not run / **wrong without a word**."
    return closed(lines, f"{meaning} {versions}.", document)


def _outcomes(counts: dict[str, int]) -> str:
    refused = counts.get("refused", 0) + counts.get("unusable", 0)
    return f"{counts.get('equal', 0)} / {refused} / {counts.get('wrong', 0)}"


def converted_speed() -> str:
    document = results("converted_speed")
    lines = [
        "| model | ONNX, ours us | ratio to tf2onnx | TFLite, ours us | ratio to TFLiteConverter |",
        "| --- | --- | --- | --- | --- |",
    ]
    figures = document["figures"]
    for name in dict.fromkeys(key.split()[0] for key in figures):
        cells = [_against_stock(figures[f"{name} {fmt}"]) for fmt in ("onnx", "tflite")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    meaning = "Median microseconds a call at batch 1, one thread, same bare engine; ratios with 95 % intervals."
    return closed(lines, meaning, document)


def _against_stock(one: dict[str, Any]) -> str:
    if "stock_refused" in one:
        return "| stock refuses"
    ratio, low, high = one["ratio"]
    return f"{one['ours_us']:,.0f} | {ratio:.3f} [{low:.3f}, {high:.3f}]"


def conversion_cost() -> str:
    document = results("conversion_cost")
    lines = [
        "| model | format | ours | stock | time | memory | ours with parity |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, routes in document["figures"].items():
        for fmt in ("onnx", "tflite"):
            ours, checked = routes[f"{fmt}, ours"], routes[f"{fmt}, ours, verified"]
            stock = routes.get(f"{fmt}, stock")
            ratios = "refuses | |"
            if stock is not None:
                seconds = ours["seconds"] / stock["seconds"]
                peak = ours["peak_bytes"] / stock["peak_bytes"]
                ratios = f"{_cost(stock)} | {seconds:.2f}x | {peak:.2f}x"
            lines.append(f"| {name} | {fmt} | {_cost(ours)} | {ratios} | {_cost(checked)} |")
    meaning = "Seconds from a `.keras` file, in a fresh process, and the peak memory of all its processes."
    return closed(lines, meaning, document)


def _cost(one: dict[str, Any]) -> str:
    return f"{one['seconds']:.1f} s, {one['peak_bytes'] / 1e9:.2f} GB"


def optimization() -> str:
    document = results("optimization")
    lines = [
        "| model | | ships | size | of float | metric | lost | p50 us | to float |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in document["figures"].items():
        for fmt, choice in one.get("choice", {}).items():
            lines.append(f"| {name} | {fmt} | {_choice(one, fmt, choice)} |")
    meaning = (
        "What ships at a budget of one point of the metric. Metrics with 95 % intervals on the test "
        "split; `lost` is paired on the same samples (of the autoencoder the share of its outputs' "
        "variance, which has no other metric); latency at batch 1, one thread, in fresh processes, in "
        "turn with the float artifact of the same format."
    )
    return closed(lines, meaning, document)


def _choice(one: dict[str, Any], fmt: str, choice: dict[str, Any]) -> str:
    recipe = next(
        candidate["recipe"]
        for candidate in one["candidates"]
        if candidate["format"] == fmt and candidate["file"] is not None
    )
    size, drop = choice["size_bytes"], choice["drop"]
    score = choice["score"]
    metric = "" if score is None else f"{score[0]:.4f} [{score[1]:.4f}, {score[2]:.4f}]"
    lost = f"{drop['value']:.4f} [{drop['low']:.4f}, {drop['high']:.4f}]"
    ratio = "{:.2f} [{:.2f}, {:.2f}]".format(*choice["latency_to_float"])
    return (
        f"`{recipe}` | {size / 1e3:,.1f} kB | {size / choice['float_size_bytes']:.2f} | {metric} "
        f"| {lost} | {choice['latency_us'][0]:.1f} | {ratio}"
    )


def rivals() -> str:
    document = results("optimization")
    lines = [
        "| model | against | their metric | ours worse by | our size to theirs "
        "| our latency to theirs | they win |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in document["figures"].items():
        lines += [
            f"| {name} | {rival['tool']} | {_rival(rival)} |" for rival in one.get("rivals", [])
        ]
    meaning = (
        "Same float artifact, same calibration samples, same test samples; `ours worse by` is paired, "
        "with its 95 % interval: below 0 ours is better. The last column names every figure in "
        "which one of theirs wins beyond noise (of sizes: at all)."
    )
    return closed(lines, meaning, document)


def _rival(rival: dict[str, Any]) -> str:
    if "refused" in rival:
        return f"refuses: {rival['refused'][:60]} | | | |"
    score, worse = rival["score"], rival["ours_worse_by"]
    metric = f"{1 - rival['drop']['value']:.4f}" if score is None else f"{score[0]:.4f}"
    ratio = "{:.2f} [{:.2f}, {:.2f}]".format(*rival["our_latency_to_theirs"])
    return (
        f"{metric} | {worse['value']:.4f} [{worse['low']:.4f}, {worse['high']:.4f}] "
        f"| {rival['our_size_to_theirs']:.2f} | {ratio} | {', '.join(rival['they_win'])}"
    )


def search_cost() -> str:
    document = results("search_cost")
    one = document["figures"]
    lines = [
        "| candidates | made | made twice | search | export in all | peak memory |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| {one['candidates']} | {one['computed']} | {one['computed_twice']} | {one['search_s']:.0f} s "
        f"| {one['total_s']:.0f} s | {one['peak_memory_bytes'] / 1e9:.2f} GB |",
    ]
    before = one["memory_before_bytes"] / 1e9
    meaning = (
        f"MobileNetV2 at 96 x 96, both formats, {one['samples']} samples; the process with Keras and "
        f"the model had {before:.2f} GB before."
    )
    return closed(lines, meaning, document)


def raw_input() -> str:
    document = results("raw_input")
    lines = [
        "| example | ours us | decode + prepare + infer + answer | Keras `predict` behind `tf.data` | `tf.function` of decoding and model | by hand |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in document["figures"].items():
        parts = one["parts_us"]
        shown = " + ".join(
            f"{parts[part]:.0f}" for part in ("decode", "prepare", "infer", "decode_outputs")
        )
        ours = one["by_hand"]["ours_us"]
        rivals = " | ".join(
            _times_ours(one[rival]) for rival in ("keras_predict", "tf_function", "by_hand")
        )
        lines.append(f"| {name} | {ours:,.0f} | {shown} | {rivals} |")
    meaning = (
        "From the path of a file to its label, median microseconds at batch 1, one thread, in "
        "turn with `model.predict` of the bundle; in brackets how many times ours that is, with "
        "its 95 % interval. By hand: Pillow or `wave`, numpy and a bare onnxruntime session."
    )
    return closed(lines, meaning, document)


def _times_ours(one: dict[str, Any]) -> str:
    ratio, low, high = (1 / one["ratio"][place] for place in (0, 2, 1))
    digits = 0 if ratio > 10 else 2
    return (
        f"{one['theirs_us']:,.0f} ({ratio:.{digits}f}x [{low:.{digits}f}, {high:.{digits}f}])"
    )


def fused() -> str:
    document = results("fused")
    lines = [
        "| bundle | from a file, ratio to plain | from what is decoded | largest error, decisions as Keras |",
        "| --- | --- | --- | --- |",
    ]
    for name, one in document["figures"].items():
        equal = one["equal"]
        ratios = " | ".join(_ratio(one[start]) for start in ("file", "decoded"))
        same = f"{equal['max_abs_error']:.1e}, {equal['agreement']:.2%} of {equal['n_samples']}"
        lines.append(f"| {one['bundle']}, {name} | {ratios} | {same} |")
    meaning = (
        "`predict` with the transform inside the artifact, in turn with the same by numpy and "
        "the plain artifact; batch 1, one thread."
    )
    return closed(lines, meaning, document)


def _ratio(one: dict[str, Any]) -> str:
    ratio, low, high = one["ratio"]
    return f"{one['ours_us']:,.0f} us, {ratio:.2f} [{low:.2f}, {high:.2f}]"


TABLES = {
    function.__name__: function
    for function in (
        *(accuracy, latency, conversion, converted_speed, conversion_cost),
        *(optimization, rivals, search_cost, raw_input, fused),
        *runtime_tables.TABLES,
        *bench_tables.TABLES,
    )
}


def rendered(text: str) -> str:
    return BLOCK.sub(lambda match: f"{match[1]}{TABLES[match[2]]()}\n{match[3]}", text)


def main() -> None:
    stale = [page for page in PAGES if rendered(page.read_text()) != page.read_text()]
    if "--check" in sys.argv:
        sys.exit(bool(stale))
    for page in stale:
        page.write_text(rendered(page.read_text()))


if __name__ == "__main__":
    main()
