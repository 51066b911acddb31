"""The tables of what the runtime promises: overhead, tuning, start, serving, running on, faults."""

from __future__ import annotations

from typing import Any

from table_text import closed, results


def _interval(found: list[float], form: str) -> str:
    value, low, high = (format(one, form) for one in found)
    return f"{value} [{low}, {high}]"


def overhead() -> str:
    document = results("run_overhead")
    lines = [
        "| net, artifact | `model.run` us | best loop by hand us | difference us | ratio |",
        "| --- | --- | --- | --- | --- |",
    ]
    openvino = results("openvino_overhead")["figures"]
    figures = document["figures"] | {f"{net} openvino": one for net, one in openvino.items()}
    for name, one in sorted(figures.items()):
        lines.append(
            f"| {name} | {one['ours_us']:.2f} | {one['theirs_us']:.2f}, {one['against']} "
            f"| {_interval(one['difference_us'], '+.2f')} | {_interval(one['ratio'], '.3f')} |"
        )
    meaning = (
        "Batch 1, one thread, in turn in the same process, both giving arrays that the caller "
        "owns; the best of several loops that one would write for the engine. 95 % intervals."
    )
    return closed(lines, meaning, document)


def tuned() -> str:
    document = results("tuned")
    said = document["figures"]
    lines = [
        "| net | tuned to | us | of onnxruntime | of LiteRT | of OpenVINO | of OpenVINO in float32 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in said["nets"].items():
        ratios = [
            _interval(one[subject]["ratio"], ".2f")
            for subject in ("onnxruntime", "litert", "openvino", "openvino_f32")
        ]
        lines.append(
            f"| {name} | {one['tuning']['setup']} | {one['onnxruntime']['ours_us']:.1f} "
            f"| {' | '.join(ratios)} |"
        )
    meaning = (
        "`er.load(bundle)` after `edgesmith-runtime tune`, against each engine bare and with its "
        "default settings, on the same float artifacts, in fresh processes in turn: below 1 ours is faster. "
        "Geometric mean of onnxruntime to ours: "
        f"{said['onnxruntime_over_ours_geometric_mean']:.2f}. OpenVINO's default computes in "
        f"{said['openvino_precision']} here."
    )
    return closed(lines, meaning, document)


def cold_start() -> str:
    document = results("cold_start")
    lines = [
        "| bundle | artifact | ours ms | bare script ms | ratio | modules | peak memory MiB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in document["figures"].items():
        if "artifact" not in one:
            continue
        ours, bare = one["n_modules"]
        memory, bare_memory = one["peak_rss_mib"]
        lines.append(
            f"| {name.split()[0]}, {one['bundle_bytes'] / 1e6:.2f} MB | {one['artifact']} "
            f"| {one['ours_us'] / 1000:.0f} | {one['theirs_us'] / 1000:.0f} "
            f"| {_interval(one['ratio'], '.2f')} | {ours}, bare {bare} "
            f"| {memory:.0f}, bare {bare_memory:.0f} |"
        )
    meaning = (
        "From the start of the process to the first answer, digests included, against a script that "
        "opens the plain file in the bare engine; fresh processes in turn."
    )
    return closed(lines, meaning, document)


def serving() -> str:
    document = results("serving")
    lines = [
        "| bundle | asked by | requests a second | p50 ms | p99 ms | errors |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    words = {
        "bare": "no server: a bare session in a loop",
        "health": "`/v2/health/live`",
        "binary": "`infer`, binary tensors",
        "json": "`infer`, JSON",
    }
    for name, one in document["figures"].items():
        for form, word in words.items():
            got = one[form]
            lines.append(
                f"| {name} | {word} | {_interval(got['per_second'], ',.0f')} "
                f"| {got['p50_us'] / 1000:.2f} | {got['p99_us'] / 1000:.2f} | {got['errors']} of {got['n']:,} |"
            )
    first = next(iter(document["figures"].values()))
    meaning = (
        f"{first['clients']} clients ({first['client']}) on loopback, on the same "
        f"{first['n_cores']} cores as the server; rates with the range over the rounds."
    )
    return closed(lines, meaning, document)


def running() -> str:
    document = results("running")
    found = document["figures"]
    lines = ["| what | how often | found |", "| --- | --- | --- |"]
    forks = list(found["forks"].values())
    bad = sum(one["n_hangs"] + one["n_crashes"] + one["n_failures"] for one in forks)
    lines.append(
        f"| forks: 2 engines, 1, 2, 4 and default threads, before and after the first run, the child "
        f"exits, loads or runs, other threads at work or not | {sum(one['n_forks'] for one in forks):,} "
        f"| {bad} hangs, crashes or wrong answers |"
    )
    threads = list(found["threads"].values())
    lines.append(
        f"| runs by 16 threads on one model, compared to the bit | "
        f"{sum(one['n_runs'] for one in threads):,} | {sum(one['n_wrong'] for one in threads)} wrong |"
    )
    for name, one in found["growth"].items():
        lines.append(
            f"| memory over runs of mixed shapes, {name} | {one['n_runs']:,} | {one['rss_mb'][-1] - one['rss_mb'][0]:+.1f} MB |"
        )
    for name, one in found["large"].items():
        lines.append(
            f"| memory after one input a hundred times larger, {name} | peak {one['peak_mb']:.0f} MB "
            f"| {one['after_small_mb'] - one['before_mb']:+.1f} MB |"
        )
    for name, late in found["deadlines"].items():
        lines.append(
            f"| an endless model with `timeout=0.05`, the machine {name} | {late['n_ended']} "
            f"| late by {late['median_late_ms']:.1f} ms, at most {late['max_late_ms']:.1f} ms |"
        )
    swaps = results("swaps")["figures"]
    for name in ("in_memory", "on_disk"):
        one = swaps[name]
        answers = sum(one["answers"].values())
        lines.append(
            f"| swaps {name.replace('_', ' ')} under {one['n_threads']} predicting threads "
            f"| {one['n_swaps']:,}, {answers:,} answers | {one['answers']['neither']} neither old nor new, "
            f"{one['n_errors']} errors |"
        )
    return closed(
        lines, "Memory is that of the process; of the swaps in their own run.", document
    )


def faults() -> str:
    """Of writers and of mutated bundles."""
    document, mutations = results("writers"), results("mutations")["figures"]
    lines = [
        "| writer | killed before each of | strays swept | size limits, full disks: tried (clean errors) | broken |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, one in document["figures"].items():
        if "limits" in one and isinstance(one["limits"], dict):
            kills, tried = one["kills"], f"{_tried(one['limits'])}; {_tried(one['disks'])}"
            broken = sum(part.get("broken", 0) for part in one.values())
            lines.append(
                f"| {name} | {kills['kills']} operations | {kills['strays']} | {tried} | {broken} |"
            )
        elif "limits" in one:  # a command: every state that a kill leaves, seen in one run
            tried = f"{one['limits']} ({one['clean errors']})"
            lines.append(
                f"| {name} | {one['operations']} operations | {one['strays']} | {tried} | {one['broken']} |"
            )
    training = document["figures"]["training"]
    plain, again = mutations["plain"], mutations["redigested"]
    outcomes = ", ".join(
        f"{count:,} {word}" for word, count in sorted(again["outcomes"].items())
    )
    meaning = (
        "Commands by the state of the folder before each operation, with real signals at some. "
        f"Trainings killed at {training['kills']} of {training['operations']} operations and resumed: "
        f"{training['same']} with the same weights. "
        f"Mutated bundles: of {plain['n']:,} changed ones {plain['outcomes']['refused']:,} refused; of "
        f"{again['n']:,} with their digests made again, loaded with `trusted=False`: {outcomes} "
        "(same: no answer changed; elsewhere: only for inputs unlike every golden sample). "
        f"Crashes and hangs of the app: {len(mutations['bad'])}."
    )
    return closed(lines, meaning, document)


def _tried(part: dict[str, Any]) -> str:
    return f"{part.get('tried', 0)} ({part.get('clean errors', 0)})"


TABLES = (overhead, tuned, cold_start, running, serving, faults)
