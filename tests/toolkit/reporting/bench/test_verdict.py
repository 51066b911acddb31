from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from edgesmith.reporting.bench.numbers import Numbers
from edgesmith.reporting.bench.verdict import verdict_of

if TYPE_CHECKING:
    from edgesmith_runtime.bench import Comparison


def test_what_differs_by_less_than_its_interval_is_called_level(
    full_comparison: Comparison,
) -> None:
    one = full_comparison.subjects[0]
    same = dataclasses.replace(one, name="copy.onnx")

    verdict = verdict_of(Numbers(dataclasses.replace(full_comparison, subjects=(one, same))))

    assert re.fullmatch(
        r"model\.onnx and copy\.onnx are level: the ratio of their latencies is 1\.00, and its "
        r"interval 0\.9\d+ to 1\.0\d holds 1\.",
        verdict.headline,
    )


def test_one_round_makes_nobody_the_fastest(full_comparison: Comparison) -> None:
    subjects = tuple(
        dataclasses.replace(one, rounds=one.rounds[:1]) for one in full_comparison.subjects
    )

    verdict = verdict_of(Numbers(dataclasses.replace(full_comparison, subjects=subjects)))

    assert re.fullmatch(
        r"model\.onnx on openvino has the lowest median, 1\.\d+\u00d7 as fast as the next, "
        r"model_int8\.onnx; one round: no interval between processes\.",
        verdict.headline,
    )
    assert re.fullmatch(
        r"The bundle's default is model\.onnx: a call takes [\d.]+ \S+\.", verdict.details
    )
    assert verdict.tiles[0].name == "lowest median, batch 1"
    assert "noise of this run" not in [tile.name for tile in verdict.tiles]
    assert not any(" to " in tile.note for tile in verdict.tiles)


def test_without_a_noise_floor_nobody_is_the_fastest(full_comparison: Comparison) -> None:
    subjects = full_comparison.subjects[:2]

    verdict = verdict_of(Numbers(dataclasses.replace(full_comparison, subjects=subjects)))

    assert verdict.headline.startswith("model_int8.onnx has the lowest median")
    assert verdict.headline.endswith(
        "; nothing was measured twice: the noise of this run is not known."
    )


def test_one_alone_is_not_called_fastest(full_comparison: Comparison) -> None:
    alone = dataclasses.replace(full_comparison, subjects=full_comparison.subjects[:1])

    assert verdict_of(Numbers(alone)).headline == "model.onnx alone was measured."


def test_the_second_run_of_the_default_tells_the_noise_and_wins_nothing(
    full_comparison: Comparison,
) -> None:
    subjects = (full_comparison.subjects[0], full_comparison.subjects[4])

    verdict = verdict_of(Numbers(dataclasses.replace(full_comparison, subjects=subjects)))

    assert verdict.headline == "model.onnx alone was measured."
    [_, noise] = verdict.tiles
    assert noise.name == "noise of this run"
    assert noise.note.startswith("the same artifact twice: ratio 0.98")
