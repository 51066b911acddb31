"""Run the code blocks of pages, all in this one process: ``running.py RESULTS.json FOLDER PAGE...``.

The blocks of a page share one namespace and one working folder, in order, as somebody has them
who pastes one after the other. A shell block of nothing but our own commands is run by the very
functions behind them, in this process, so that TensorFlow is imported once for all pages; any
other goes to bash. A page that speaks of ``demo/`` finds there what ``edgesmith demo`` leaves.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from blocks import ROOT, Block, Kind, blocks_of

__all__ = ["main"]

TIMEOUT_S = 120
RUN = (Kind.PYTHON, Kind.SHELL, Kind.FILE, Kind.OUTPUT)
BEYOND_WORDS = re.compile(r"[|&;<>$`*?(){}~!#]|^\s*\w+=", re.MULTILINE)
OWN = ("edgesmith", "edgesmith-runtime")


@dataclass(slots=True, kw_only=True)
class Page:
    """A page while it runs."""

    folder: Path
    names: dict[str, object] = field(default_factory=lambda: {"__name__": "__main__"})
    printed: str = ""


def main(results: Path, work: Path, paths: list[Path], root: Path = ROOT) -> None:
    """Run pages and write what became of their blocks.

    Args:
        results: JSON: by page, ``problems`` (texts), ``printed`` (by line) and ``seconds``.
        work: An empty folder for the working folders.
        paths: The pages.
        root: What the names of pages start at.
    """
    found = {}
    for path in paths:
        begun = time.perf_counter()
        blocks = blocks_of(path, root)
        problems, printed = _page(blocks, work, path)
        seconds = time.perf_counter() - begun
        name = path.relative_to(root).as_posix()
        found[name] = {"problems": problems, "printed": printed, "seconds": seconds}
        print(f"{name}: {seconds:.1f} s, {len(problems)} problems", file=sys.stderr)
    results.write_text(json.dumps(found, indent=1), encoding="utf-8")


def _page(blocks: list[Block], work: Path, path: Path) -> tuple[list[str], dict[int, str]]:
    unclear = [_at(one, one.note) for one in blocks if one.kind is Kind.UNCLEAR]
    to_run = [one for one in blocks if one.kind in RUN]
    printed: dict[int, str] = {}
    if not to_run:
        return unclear, printed
    page = Page(folder=work / "-".join(path.with_suffix("").parts[-3:]))
    page.folder.mkdir()
    if any("demo/" in one.text for one in to_run):
        shutil.copytree(_demo(work), page.folder / "demo")
    with contextlib.chdir(page.folder):
        sys.path.insert(0, str(page.folder))
        try:
            for one in to_run:
                problem = _block(page, one)
                printed[one.line] = page.printed
                if problem:  # what follows builds on it
                    return [*unclear, _at(one, problem)], printed
        finally:
            sys.path.remove(str(page.folder))
    return unclear, printed


def _at(block: Block, problem: str) -> str:
    return f"{block.page}:{block.line}: {problem}"


def _demo(work: Path) -> Path:
    folder = work / "the_demo"
    if not folder.exists():
        with contextlib.redirect_stdout(io.StringIO()):
            code = _command(["edgesmith", "demo", "--out", str(folder)])
        if code != 0:
            raise RuntimeError(f"edgesmith demo: exit code {code}")
    return folder


def _block(page: Page, block: Block) -> str:
    """Run one block; what is wrong, or nothing."""
    if block.kind is Kind.FILE:
        place = page.folder / block.note
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(block.text, encoding="utf-8")
        return ""
    if block.kind is Kind.OUTPUT:
        return _compared(block.text, page.printed)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            if block.kind is Kind.PYTHON:
                code = compile(block.text, f"{block.page}:{block.line}", "exec")
                exec(code, page.names)
                return ""
            return _shell(block)
    except BaseException:  # noqa: BLE001 - SystemExit and warnings too; told with its page
        return traceback.format_exc()
    finally:
        page.printed = said.getvalue()


def _compared(wanted: str, printed: str) -> str:
    checker = doctest.OutputChecker()
    wanted, printed = (f"{one.strip()}\n" for one in (wanted, printed))
    if checker.check_output(wanted, printed, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE):
        return ""
    return f"the page shows\n{wanted}but the block before prints\n{printed}"


def _shell(block: Block) -> str:
    text = block.text.replace("\\\n", " ")
    lines = [shlex.split(line) for line in text.splitlines() if line.strip()]
    quoted = re.sub(r"'[^']*'|\"[^\"$`]*\"", "", text)
    if all(line[0] in OWN for line in lines) and not BEYOND_WORDS.search(quoted):
        codes = [_command(line) for line in lines]
        code = next((one for one in codes if one), 0)
    else:
        code = _bash(block.text)
    return "" if code == block.exit_code else f"exit code {code}, not {block.exit_code}"


def _command(words: list[str]) -> int:
    try:
        if words[0] == "edgesmith":
            from edgesmith.cli import run

            return run(words[1:])
        from edgesmith_runtime.commands import main as run_runtime

        return run_runtime(words[1:])
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1


def _bash(text: str) -> int:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        env={**os.environ, "PATH": programs},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    print(done.stdout, end="")
    print(done.stderr, end="", file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    target, folder, *rest = map(Path, sys.argv[1:])
    main(target.resolve(), folder.resolve(), [one.resolve() for one in rest])
