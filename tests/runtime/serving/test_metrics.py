"""The text that Prometheus reads."""

from __future__ import annotations

import re

from edgesmith_runtime.serving.metrics import Gauge, Metrics, metrics_text


def test_latencies_are_counted_up_to_each_bound() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.003, 0.003, 99.0):
        metrics.count_request("m", 200, seconds)

    text = metrics_text(metrics, [])

    name = 'edgesmith_request_seconds_bucket{model="m",le='
    assert f'{name}"0.0005"}} 1\n' in text
    assert f'{name}"0.0025"}} 1\n' in text
    assert f'{name}"0.005"}} 3\n' in text
    assert f'{name}"10.0"}} 3\n' in text
    assert f'{name}"+Inf"}} 4\n' in text
    assert 'edgesmith_request_seconds_count{model="m"} 4\n' in text
    assert 'edgesmith_request_seconds_sum{model="m"} 99.0065\n' in text


def test_requests_and_swaps_are_counted_by_label() -> None:
    metrics = Metrics()
    metrics.count_request("m", 200, 0.1)
    metrics.count_request("m", 200, 0.1)
    metrics.count_request("", 404, 0.1)
    metrics.count_swap("m", "done")

    text = metrics_text(metrics, [])

    assert 'edgesmith_requests_total{model="m",code="200"} 2\n' in text
    assert 'edgesmith_requests_total{model="",code="404"} 1\n' in text
    assert 'edgesmith_swaps_total{model="m",result="done"} 1\n' in text


def test_a_label_is_escaped() -> None:
    gauge = Gauge(name="x", help="y.", kind="gauge", values=(({"model": 'a"b\\c\nd'}, 1.5),))

    assert r'edgesmith_x{model="a\"b\\c\nd"} 1.5' in metrics_text(Metrics(), [gauge])


def test_every_line_has_the_documented_form() -> None:
    metrics = Metrics()
    metrics.count_request('odd " name', 200, 0.1)
    label = r'[a-z_]+="(?:[^"\\\n]|\\[\\n"])*"'
    sample = re.compile(rf"[a-z_]+(?:\{{{label}(?:,{label})*\}})? [0-9.e+-]+")
    comment = re.compile(r"# (?:HELP [a-z_]+ .+|TYPE [a-z_]+ (?:counter|gauge|histogram))")

    lines = metrics_text(metrics, []).removesuffix("\n").split("\n")

    assert [
        line for line in lines if not (sample.fullmatch(line) or comment.fullmatch(line))
    ] == []
