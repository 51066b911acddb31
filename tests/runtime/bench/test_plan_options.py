"""The words of a command line as a plan."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.phases import Phase
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.bench.plan_options import PlanOptions, plan_for
from edgesmith_runtime.bundle import Bundle, read_bundle
from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bundle(tiny_bundle_path: Path) -> Bundle:
    return read_bundle(tiny_bundle_path)


@pytest.fixture
def without_golden(bundle: Bundle) -> Bundle:
    kept = {name: one for name, one in bundle.files.items() if not name.startswith("golden/")}
    return dataclasses.replace(bundle, files=kept)


def test_without_words_the_plan_is_the_steady_state_and_raw_inputs(bundle: Bundle) -> None:
    assert plan_for(PlanOptions(), bundle) == Plan(phases=(Phase.STEADY, Phase.RAW))


def test_without_raw_samples_there_is_no_way_from_raw_inputs(without_golden: Bundle) -> None:
    assert plan_for(PlanOptions(), without_golden).phases == (Phase.STEADY,)

    everything = plan_for(PlanOptions(phases="all"), without_golden)

    assert everything.phases == (
        Phase.STEADY,
        Phase.IDLE,
        Phase.PACED,
        Phase.CONCURRENT,
        Phase.SUSTAINED,
    )


def test_words_become_fields(bundle: Bundle) -> None:
    options = PlanOptions(
        phases="paced, steady,idle,sustained,concurrent",
        batch="1,8",
        rate="12.5",
        idle="0.5,2",
        callers="2,4",
        sustained="30",
        n_rounds=3,
        n_threads=1,
    )

    assert plan_for(options, bundle) == Plan(
        phases=(Phase.PACED, Phase.STEADY, Phase.IDLE, Phase.SUSTAINED, Phase.CONCURRENT),
        batches=(1, 8),
        rates_hz=(12.5,),
        idle_s=(0.5, 2.0),
        callers=(2, 4),
        sustained_s=30.0,
        n_rounds=3,
        n_threads=1,
    )


def test_all_is_every_phase(bundle: Bundle) -> None:
    assert plan_for(PlanOptions(phases="all"), bundle).phases == tuple(Phase)


def test_an_option_of_a_phase_asks_for_the_phase(bundle: Bundle) -> None:
    plan = plan_for(PlanOptions(rate="10", callers="2"), bundle)

    assert plan.phases == (Phase.STEADY, Phase.RAW, Phase.PACED, Phase.CONCURRENT)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            PlanOptions(phases="steady,warm"),
            "--phases: expected all, or some of steady, raw, idle, paced, concurrent, sustained "
            "with commas between, got 'steady,warm'",
        ),
        (
            PlanOptions(batch="1,two"),
            "--batch: expected whole numbers from 1 to 1000000 with commas between, got '1,two'",
        ),
        (
            PlanOptions(batch="0"),
            "--batch: expected whole numbers from 1 to 1000000 with commas between, got '0'",
        ),
        (
            PlanOptions(batch="1_0"),
            "--batch: expected whole numbers from 1 to 1000000 with commas between, got '1_0'",
        ),
        (
            PlanOptions(batch="2.5"),
            "--batch: expected whole numbers from 1 to 1000000 with commas between, got '2.5'",
        ),
        (
            PlanOptions(rate="nan"),
            "--rate: expected numbers from 0.1 to 100000 with commas between, got 'nan'",
        ),
        (
            PlanOptions(rate="0.00001"),
            "--rate: expected numbers from 0.1 to 100000 with commas between, got '0.00001'",
        ),
        (
            PlanOptions(callers="1000"),
            "--callers: expected whole numbers from 1 to 256 with commas between, got '1000'",
        ),
        (
            PlanOptions(sustained="1e9"),
            "--sustained: expected numbers from 0.01 to 86400 with commas between, got '1e9'",
        ),
        (PlanOptions(n_rounds=10**9), "--rounds: expected at most 1000, got 1000000000"),
        (PlanOptions(n_threads=10**9), "--threads: expected at most 1024, got 1000000000"),
        (
            PlanOptions(phases="steady,raw", rate="10"),
            "--rate: is about the phase paced, which --phases lacks; add it, "
            "--phases steady,raw,paced, or leave --rate out",
        ),
        (
            PlanOptions(phases="raw", batch="2"),
            "--batch: is about the phase steady, which --phases lacks; add it, "
            "--phases raw,steady, or leave --batch out",
        ),
        (
            PlanOptions(idle=""),
            "--idle: expected numbers from 0.001 to 3600 with commas between, got ''",
        ),
        (PlanOptions(sustained="1,2"), "--sustained: expected one number, got '1,2'"),
        (PlanOptions(batch="1,1"), "batches: expected different sizes from 1, got (1, 1)"),
    ],
)
def test_a_wrong_word_is_answered_in_one_line(
    bundle: Bundle, options: PlanOptions, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        plan_for(options, bundle)

    assert str(caught.value) == message
