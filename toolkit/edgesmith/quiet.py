"""Start TensorFlow without the lines that it writes before anyone can tell it not to."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["quiet_start"]

# TensorFlow 2.21 logs these from the constructors of its libraries, whatever the environment.
_CHATTER = re.compile(rb"WARNING: All log messages before absl|[IWE]\d{4} [\d:.]+ ")


@contextmanager
def quiet_start() -> Generator[None]:
    """Hold back standard error while TensorFlow is imported in the block.

    What is not TensorFlow's own log is written out at the end of the block, so no traceback and
    no warning is lost. Sets ``TF_CPP_MIN_LOG_LEVEL`` to 3 unless it is set: later reports, such
    as that of an absent GPU, go by it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryFile() as held:
        try:
            stderr = os.dup(2)
        except OSError:  # a process without standard error has nothing to hold back
            yield
            return
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            for line in held:
                if not _CHATTER.match(line):
                    os.write(2, line)
