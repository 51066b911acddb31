from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from edgesmith_runtime.digests import digest_for, sha256_hex

EDGE = 700_000  # where another implementation takes over


@pytest.mark.parametrize("size", [0, 1, 64, EDGE - 1, EDGE, EDGE + 1, 3 * EDGE])
def test_a_digest_is_that_of_hashlib(size: int) -> None:
    content = bytes(range(251)) * (size // 251 + 1)

    assert sha256_hex(content[:size]) == hashlib.sha256(content[:size]).hexdigest()
    assert digest_for(0)(content) == digest_for(2 * EDGE)(content) == sha256_hex(content)
    assert sha256_hex(memoryview(content)[:size]) == sha256_hex(content[:size])


@pytest.mark.parametrize("n_bytes", [0, 2 * EDGE])
def test_the_size_of_all_changes_no_digest(n_bytes: int) -> None:
    assert digest_for(n_bytes)(b"abc") == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("absent", [("_sha2", "_sha256"), ("_hashlib",)])
def test_an_interpreter_without_the_module_hashes_too(absent: tuple[str, ...]) -> None:
    size = 3 * EDGE if absent == ("_hashlib",) else 3
    code = f"""
import sys
sys.modules.update(dict.fromkeys({absent!r}))
from edgesmith_runtime.digests import sha256_hex
print(sha256_hex(bytes({size})))
"""

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert shown.stdout.strip() == hashlib.sha256(bytes(size)).hexdigest()
