"""What mkdocs adds to the pages of ``docs/``: pages made from the code, and those that lie elsewhere.

Nothing here is written to the repository, so nothing can grow old: the reference lists what
``__all__`` lists, the commands print their own help, the marks are those of the pages.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from blocks import ROOT, Kind, blocks_of, pages
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

__all__ = ["on_files", "on_page_markdown"]

LINK = re.compile(r"\[([^\[\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
MARK = re.compile(r"^<!-- not run: (.+) -->\n\s*", re.MULTILINE)
# By the name of a page: the file of the repository that it shows as it is.
SHOWN = {
    "reference/bundle.md": "runtime/README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "benchmarks.md": "benchmarks/README.md",
    **{
        f"examples/{path.parent.name}.md": path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "examples").glob("*/README.md"))
    },
}
ELSEWHERE = {
    **{source: page for page, source in SHOWN.items()},
    "README.md": "index.md",
    "docs/tutorial.ipynb": "tutorial.md",
    "examples": "examples/index.md",
}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    made = {page: (ROOT / source).read_text() for page, source in SHOWN.items()}
    for page, make in MADE.items():
        made[page] = make()
    for page, content in made.items():
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, *, page: Page, files: Files, **_rest: object) -> str:
    """Turn links between files of the repository into links between pages, and marks into words."""
    here = page.file.src_uri
    source = SHOWN.get(here, f"docs/{here}")

    def linked(found: re.Match[str]) -> str:
        words, target, place = found[1], found[2], found[3] or ""
        if "://" in target:
            return found[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if not (
            ROOT / path
        ).exists():  # a page that is made, or a mistake that mkdocs will tell
            return found[0]
        name = ELSEWHERE.get(path, path.removeprefix("docs/"))
        if files.get_file_from_path(name) is None:
            return words if words.startswith("`") else f"`{words.strip('`')}`"
        return f"[{words}]({posixpath.relpath(name, posixpath.dirname(here) or '.')}{place})"

    return MARK.sub(r"*Not run in the tests: \1.*\n\n", LINK.sub(linked, markdown))


def _toolkit() -> str:
    text = "What `import edgesmith` offers. Importing it loads no framework."
    return _reference("Toolkit", text, "edgesmith", ROOT / "toolkit/edgesmith/__init__.py")


def _runtime() -> str:
    text = "What `import edgesmith_runtime as er` offers. Importing it loads nothing but the standard library; each name brings its module."
    place = ROOT / "runtime/edgesmith_runtime/__init__.py"
    return _reference("Runtime", text, "edgesmith_runtime", place)


def _reference(title: str, text: str, package: str, init: os.PathLike[str]) -> str:
    names = _listed(init)
    verbs = [name for name in names if name[0].islower()]
    errors = [name for name in names if name.endswith(("Error", "Warning"))]
    nouns = [name for name in names if name not in {*verbs, *errors}]
    parts = [f"# {title}\n\n{text}\n"]
    for heading, group in (("Verbs", verbs), ("Nouns", nouns), ("Errors", errors)):
        if group:
            entries = "\n".join(f"::: {package}.{name}\n" for name in sorted(group))
            parts.append(f"## {heading}\n\n{entries}")
    return "\n".join(parts)


def _listed(init: os.PathLike[str]) -> list[str]:
    tree = ast.parse(Path(init).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    raise ValueError(f"{init}: has no __all__")


def _commands() -> str:
    """The help of every command, as it prints it."""
    from edgesmith.cli import COMMANDS, run
    from edgesmith_runtime.commands import main

    parts = [
        "# Commands\n\nWhat each command says of itself with `--help`. `edgesmith` is the toolkit's, "
        "`edgesmith-runtime` that of the runtime alone. Exit codes: 0 done, 1 the work failed or "
        "the answer is no, 2 wrong use or unreadable input, 130 interrupted.\n"
    ]
    runtimes = re.findall(r"^    ([a-z]+) ", _help(lambda: main(["--help"])), re.MULTILINE)
    parts += [
        _shown(f"edgesmith {name}", _help(lambda n=name: run([n, "--help"])))
        for name in COMMANDS
    ]
    parts += [
        _shown(f"edgesmith-runtime {name}", _help(lambda n=name: main([n, "--help"])))
        for name in runtimes
    ]
    return "\n".join(parts)


def _shown(name: str, text: str) -> str:
    return f"## {name}\n\n```text\n{text.strip()}\n```\n"


def _help(ask: Callable[[], object]) -> str:
    said = io.StringIO()
    with _columns(), contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        ask()
    return said.getvalue()


@contextlib.contextmanager
def _columns() -> Iterator[None]:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "100"
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _notebook() -> str:
    """The tutorial's cells, as a page."""
    document = json.loads((ROOT / "docs/tutorial.ipynb").read_text(encoding="utf-8"))
    parts = []
    for cell in document["cells"]:
        text = "".join(cell["source"])
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
    parts.append("[This page as a notebook](tutorial.ipynb), as the tests run it.")
    return "\n\n".join(parts) + "\n"


def _examples() -> str:
    lines = [
        "# Examples\n\nOne application a folder: a TOML, or a script for another tool's model.\n"
    ]
    for page, source in SHOWN.items():
        if page.startswith("examples/"):
            title = (ROOT / source).read_text().splitlines()[0].removeprefix("# ")
            lines.append(f"- [{title}]({posixpath.basename(page)})")
    return "\n".join(lines) + "\n"


def _not_run() -> str:
    """Every block that is shown and not run, with its reason."""
    lines = [
        "# What the tests do not run\n",
        "Every Python and shell block of the READMEs and of these pages runs in the tests, but for "
        "the following. The commands in the READMEs of the examples train for minutes: "
        "`benchmarks/bench_accuracy.py` runs them, and the tests run `digits` (which is "
        "`edgesmith demo`), `linear_regression` and the two scripts.\n",
        "| page | line | language | why not |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{block.page}` | {block.line} | {block.language or 'sh'} | {block.note} |"
        for path in pages()
        for block in blocks_of(path)
        if block.kind is Kind.NOT_RUN
    ]
    return "\n".join(lines) + "\n"


MADE = {
    "reference/toolkit.md": _toolkit,
    "reference/runtime.md": _runtime,
    "reference/commands.md": _commands,
    "tutorial.md": _notebook,
    "examples/index.md": _examples,
    "not_run.md": _not_run,
}
