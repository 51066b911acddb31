"""Another machine, reached by ssh: a bundle is measured, tested, tuned and asked there."""

from edgesmith.devices.address import Address, parse_address
from edgesmith.devices.device import Device
from edgesmith.devices.work import Words, bench_on, predict_on, selftest_on, tune_on

__all__ = [
    # verbs
    "bench_on",
    "parse_address",
    "predict_on",
    "selftest_on",
    "tune_on",
    # nouns
    "Address",
    "Device",
    "Words",
]
