"""Tables of the known loads, and of how far the bench itself is to be believed."""

from __future__ import annotations

from typing import Any

from table_text import closed, results

COLUMNS = {
    "keras_predict": "Keras `predict`",
    "keras_call": "call",
    "keras_tf_function": "`tf.function`",
    "stock_onnx": "stock ONNX",
    "stock_tflite": "stock TFLite",
    "float_onnx": "ours, ONNX",
    "float_tflite": "ours, TFLite",
    "chosen": "ours, chosen",
}
AGAINST = ("keras_predict", "keras_tf_function", "stock_onnx", "stock_tflite")


def standing() -> str:
    document = results("standing")
    lines = [_row(["model, us a call", *COLUMNS.values()]), _row(["---"] * (len(COLUMNS) + 1))]
    lines += [
        _row([name, *(_p50(one["single_stream"].get(role)) for role in COLUMNS)])
        for name, one in document["figures"].items()
    ]
    meaning = (
        "Median microseconds, one sample a call, calls on end (single-stream); every subject in turn in "
        "fresh processes with the same inputs and as many threads as the host has. Stock: tf2onnx in "
        "onnxruntime and `TFLiteConverter` in LiteRT. Chosen: what `edgesmith-runtime tune` found fastest "
        "among our float artifacts, engines and threads. The applications take 224 x 224 pixels, "
        "the last two 64 words."
    )
    return closed(lines, meaning, document)


def standing_ratios() -> str:
    document = results("standing")
    heads = [
        "how many times faster, chosen",
        *(f"than {COLUMNS[role]}" for role in AGAINST),
        "offline, of stock ONNX",
    ]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for name, one in document["figures"].items():
        cells = [_times(one["single_stream"].get(role)) for role in AGAINST]
        lines.append(_row([name, *cells, _times(one["offline"].get("stock_onnx"))]))
    meaning = (
        "The latency of each against that of the chosen artifact, with 95 % intervals no narrower than what the "
        "same artifact differs by from itself. Offline: 32 samples a call, 8 of the applications."
    )
    return closed(lines, meaning, document)


def chosen() -> str:
    document = results("standing")
    lines = [
        _row(["model", "chosen", "samples/s offline", "p90 single-stream"]),
        _row(["---"] * 4),
    ]
    for name, one in document["figures"].items():
        offline, stream = one["offline"]["chosen"], one["single_stream"]["chosen"]
        rate = (
            ""
            if "p50_us" not in offline
            else f"{one['offline_batch'] * 1e6 / offline['p50_us'][0]:,.0f}"
        )
        p90 = "" if stream.get("p90_us") is None else f"{stream['p90_us']:,.1f} us"
        lines.append(_row([name, one["setup"], rate, p90]))
    return closed(
        lines, "What was chosen on this host, by its latency one sample a call.", document
    )


def bench() -> str:
    document = results("bench")
    figures = document["figures"]
    low, high = figures["same_ratios"]
    lines = [
        _row(["runs of the bench", "right", "ratios"]),
        _row(["---"] * 3),
        _row(
            [
                "the same artifact on both sides: the interval holds 1",
                f"{figures['n_equal_called_equal']} of {figures['n_runs']}",
                f"{low:.3f} to {high:.3f}",
            ]
        ),
        _row(
            [
                f"one side slower by {figures['slower_by']:.0%}: the interval is above 1",
                f"{figures['n_slower_found']} of {figures['n_runs']}",
                f"median {figures['slower_ratio']:.3f}",
            ]
        ),
    ]
    meaning = (
        f"{figures['net']}, one thread, the default plan; the median width of an A/A interval is "
        f"{figures['same_width']:.3f}. {figures['n_runs_with_noise']} of the runs called the machine noisy."
    )
    return closed(lines, meaning, document)


def other_tools() -> str:
    document = results("other_tools")
    lines = [_row(["model", "tool", "theirs us", "ours us", "ratio"]), _row(["---"] * 5)]
    for name, tools in document["figures"].items():
        for tool, one in tools.items():
            cells = [f"{one['theirs_us']:,.1f}", f"{one['ours_us']:,.1f}", _ratio(one["ratio"])]
            lines.append(_row([name, f"`{tool}`", *cells]))
    meaning = (
        "Medians of the same file in the same engine, batch 1, one thread, float32, in turn. `benchmark_app` "
        "fills inputs and leaves outputs in the engine; `litert-benchmark` does neither and uses LiteRT's "
        "compiled models; ours gives arrays that the caller owns."
    )
    return closed(lines, meaning, document)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _p50(one: dict[str, Any] | None) -> str:
    if one is None:
        return "refused"
    return f"{one['p50_us'][0]:,.1f}" if "p50_us" in one else "not measured"


def _times(one: dict[str, Any] | None) -> str:
    """How many times the chosen one fits into it."""
    if one is None or one.get("chosen_to_it") is None:
        return "refused" if one is None else ""
    ratio, low, high = (1 / one["chosen_to_it"][place] for place in (0, 2, 1))
    digits = 0 if ratio > 20 else 2
    return f"{ratio:,.{digits}f}x [{low:,.{digits}f}, {high:,.{digits}f}]"


def _ratio(ratio: list[float]) -> str:
    value, low, high = ratio
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


TABLES = (standing, standing_ratios, chosen, bench, other_tools)
