"""The code blocks of a Markdown page, and the marks that say what becomes of them.

A mark is an HTML comment on a line of its own before the fence:

    <!-- not run: needs a device -->     it is shown and not run; the reason is listed
    <!-- exit code 1 -->                 the commands end with that code
    <!-- output -->                      what the block before prints; ``...`` stands for anything
    <!-- file: shapes.toml -->           it is written to that file of the page's folder

Python between ``<!-- setup`` and ``-->``, each on its own line, runs and is not shown: it makes
what a reader has, such as a photo.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

__all__ = ["ROOT", "Block", "Kind", "blocks_of", "pages"]

ROOT = Path(__file__).resolve().parents[2]
DATA = {"text", "toml", "json", "csv", "yaml", "ini", "dockerfile", "html"}
MARK = re.compile(r"<!-- (not run: .+|exit code \d+|output|file: \S+) -->")
FENCE = re.compile(r"(\s*)```(\w*).*")
INSTALLS = re.compile(r"(python3 -m venv|(\S*/)?pip install) ")
COMMAND = re.compile(
    r"\s*(\$ |edgesmith(-runtime)? \w|python3? |(\S*/)?pip |curl |cmake |g\+\+ |import |from )"
)
REASON_OF_INSTALLS = "installs packages; `.ci/run` installs both from this repository"


class Kind(StrEnum):
    """What is done with a block."""

    PYTHON = "python"
    SHELL = "sh"
    FILE = "file"
    OUTPUT = "output"
    NOT_RUN = "not run"
    SHOWN = "shown"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block of a page.

    Args:
        page: Its path from the root of the repository.
        line: Of its fence, from 1.
        kind: What is done with it.
        language: As the fence says; empty where it says none.
        text: Without the fences, ended by a line feed.
        note: The reason of NOT_RUN, the name of FILE, what is wrong with an UNCLEAR one.
        exit_code: That its commands end with.
    """

    page: str
    line: int
    kind: Kind
    language: str
    text: str
    note: str = ""
    exit_code: int = 0


def pages(root: Path = ROOT) -> list[Path]:
    """Every page whose blocks are held: the READMEs for users and what is in ``docs/``."""
    readmes = [root / "README.md", root / "runtime/README.md", root / "toolkit/README.md"]
    examples = sorted((root / "examples").glob("*/README.md"))
    return [*readmes, *examples, *sorted((root / "docs").rglob("*.md"))]


def blocks_of(path: Path, root: Path = ROOT) -> list[Block]:
    """The fenced blocks of one page, in order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found: list[Block] = []
    mark, start = "", None
    language, indent, hidden = "", "", False
    for number, line in enumerate(lines, 1):
        fence = FENCE.fullmatch(line)
        if start is not None:
            if line == "-->" if hidden else fence is not None and not fence[2]:
                body = [one.removeprefix(indent) for one in lines[start : number - 1]]
                page = path.relative_to(root).as_posix()
                found.append(_block(page, start, language, "\n".join(body) + "\n", mark))
                mark, start, hidden = "", None, False
        elif line == "<!-- setup":
            start, indent, language, hidden = number, "", Kind.PYTHON, True
        elif fence is not None:
            start, indent, language = number, fence[1], fence[2]
        elif (marked := MARK.fullmatch(line.strip())) is not None:
            mark = marked[1]
        elif line.strip():
            mark = ""
    return found


def _block(page: str, line: int, language: str, text: str, mark: str) -> Block:
    kind, note = _meant(language, text, mark)
    code = int(mark.split()[-1]) if mark.startswith("exit code") else 0
    return Block(
        page=page, line=line, kind=kind, language=language, text=text, note=note, exit_code=code
    )


def _meant(language: str, text: str, mark: str) -> tuple[Kind, str]:
    word, _, note = mark.partition(": ")
    if word in set(Kind):
        return Kind(word), note
    if language in ("", "sh") and INSTALLS.match(text):
        return Kind.NOT_RUN, REASON_OF_INSTALLS
    if language in (Kind.PYTHON, Kind.SHELL):
        return Kind(language), ""
    if language and language not in DATA:
        return Kind.UNCLEAR, f"'{language}' does not run here; mark it <!-- not run: why -->"
    if not language and any(COMMAND.match(line) for line in text.splitlines()):
        return Kind.UNCLEAR, "looks like code; say its language: python, sh, or text"
    return Kind.SHOWN, ""
