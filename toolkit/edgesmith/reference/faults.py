"""What TensorFlow and Keras say went wrong, in one line."""

from __future__ import annotations

import re

__all__ = ["gist"]


def gist(error: Exception) -> str:
    """The part of a TensorFlow or Keras message that tells; the name of its class without one."""
    text = str(error)
    bold = re.search(r"\x1b\[1m(.+?)\x1b\[0m", text, re.DOTALL)  # Keras puts the fault in bold
    if bold:
        return " ".join(bold[1].split()).split("Error encountered: ")[-1]
    innermost = text.rpartition("Exception encountered: ")[2]  # within it, of nested layers
    lines = [line.strip() for line in innermost.splitlines()]
    telling = [line for line in lines if re.match(r"\w*(Error|Exception): ", line)]
    spoken = telling or [line for line in lines if line]
    return spoken[0] if spoken else type(error).__name__
