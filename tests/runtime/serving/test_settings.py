"""Settings that no server can have."""

from __future__ import annotations

from typing import Any

import pytest

from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.serving.settings import ServerSettings


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"port": 65_536}, "port: expected 0 to 65535, got 65536"),
        ({"max_body_bytes": 0}, "max_body_bytes: expected a number from 1, got 0"),
        ({"n_workers": 0}, "n_workers: expected a number from 1, got 0"),
        ({"head_timeout_s": 0.0}, "head_timeout_s: expected seconds above 0, got 0.0"),
        ({"write_timeout_s": 0.0}, "write_timeout_s: expected seconds above 0, got 0.0"),
        ({"drain_s": -1.0}, "drain_s: expected seconds from 0, got -1.0"),
        ({"grace_s": float("nan")}, "grace_s: expected seconds from 0, got nan"),
        ({"max_wait_s": float("inf")}, "max_wait_s: expected seconds from 0, got inf"),
        ({"timeout_s": float("nan")}, "timeout_s: expected seconds above 0, got nan"),
    ],
)
def test_what_is_out_of_range_is_told(members: dict[str, Any], message: str) -> None:
    with pytest.raises(BackendError) as caught:
        ServerSettings(**members)

    assert str(caught.value) == message


def test_by_default_it_is_reached_from_this_machine_alone() -> None:
    assert ServerSettings().host == "127.0.0.1"
