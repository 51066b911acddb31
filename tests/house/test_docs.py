"""The site builds without a warning and without a network, and what its pages show runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
MAKING = ROOT / "docs" / "making"
NOTEBOOK = ROOT / "docs" / "tutorial.ipynb"
PAGES = [
    *(ROOT / name for name in ("README.md", "runtime/README.md", "toolkit/README.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
# What a browser fetches by itself; a link that a reader follows is none of it.
FETCHED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*?\bsrc=[\"']?([^\"'\s>]+)"
    r"|<link\b(?=[^>]*rel=[\"']?(?:stylesheet|icon|preload|preconnect))[^>]*?href=[\"']?([^\"'\s>]+)"
)
FETCHED_BY_STYLE = re.compile(r"(?:@import\s+|url\()[\"']?((?:https?:)?//[^\"')\s]+)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pages run, each in a folder of its own."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def run(work: Path) -> dict[str, dict[str, object]]:
    """What became of the blocks, by page: all pages in one process."""
    results = work / "results.json"
    command = [sys.executable, str(MAKING / "running.py"), str(results), str(work)]
    subprocess.run([*command, *map(str, PAGES)], check=True, cwd=work)
    return json.loads(results.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_block_of_a_page_runs_or_says_why_not(
    page: Path, run: dict[str, dict[str, object]]
) -> None:
    assert run[_name(page)]["problems"] == []


@pytest.mark.slow
@pytest.mark.usefixtures("run")
def test_the_demo_leaves_a_bundle_and_a_report(work: Path) -> None:
    assert {path.name for path in (work / "the_demo").iterdir()} == {
        "digits.edge",
        "report.html",
        "report.json",
        "build",
    }


@pytest.mark.slow
def test_the_readme_recognises_a_one(run: dict[str, dict[str, object]]) -> None:
    printed = run["README.md"]["printed"]

    assert isinstance(printed, dict)
    assert [text.split()[0] for text in printed.values() if text] == ["1"]


def _run_alone(page: Path, text: str) -> list[str]:
    page.write_text(text)
    work = page.parent / "work"
    work.mkdir()
    results = page.parent / "results.json"
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; import running; "
        "results, work, page = map(Path, sys.argv[2:]); running.main(results, work, [page], page.parent)"
    )
    words = map(str, (MAKING, results, work, page))
    subprocess.run([sys.executable, "-c", code, *words], check=True)
    return json.loads(results.read_text())["page.md"]["problems"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n", "page.md:5: Traceback"),
        ("```sh\nfalse | true\n```\n", "page.md:1: exit code 1, not 0"),
        ("```sh\nedgesmith-runtime inspect no.edge\n```\n", "page.md:1: exit code 2, not 0"),
        ("```python\nprint(1)\n```\n<!-- output -->\n```text\n2\n```\n", "page.md:5: the page shows\n2"),
        ("```cpp\nint main() {}\n```\n", "page.md:1: 'cpp' does not run here; mark it"),
        ("```\nedgesmith demo\n```\n", "page.md:1: looks like code; say its language"),
    ],
)  # fmt: skip
def test_a_block_that_fails_is_told_with_its_page_and_line(
    text: str, problem: str, tmp_path: Path
) -> None:
    (found,) = _run_alone(tmp_path / "page.md", text)

    assert found.startswith(problem)


def test_marks_say_what_becomes_of_a_block(tmp_path: Path) -> None:
    text = """<!-- setup
from pathlib import Path
-->
<!-- not run: needs a device -->
```sh
false
```
<!-- file: a/b.txt -->
```text
one
```
```python
print(Path("a/b.txt").read_text(), "and", 7 * 6)
```
<!-- output -->
```text
one
and ...
```
<!-- exit code 1 -->
```sh
false
```
"""
    assert _run_alone(tmp_path / "page.md", text) == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning is an error, and so is whatever TensorFlow would be asked."""
    folder = tmp_path_factory.mktemp("site")
    blocked = folder / "blocked"
    for package in ("tensorflow", "keras"):
        (blocked / package).mkdir(parents=True)
        (blocked / package / "__init__.py").write_text("raise SystemExit('imported')\n")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(blocked)}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir"]
    done = subprocess.run(
        [*command, str(folder / "site")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    fetched = {
        address
        for page in site.rglob("*.html")
        for found in FETCHED.findall(page.read_text())
        for address in found
        if address
    }
    styles = {
        address
        for style in site.rglob("*.css")
        for address in FETCHED_BY_STYLE.findall(style.read_text())
    }

    assert any(address.endswith(".js") for address in fetched)
    assert [one for one in fetched if one.startswith(("http:", "https:", "//"))] == []
    assert styles == set()


def test_the_reference_has_every_public_name(site: Path) -> None:
    import edgesmith
    import edgesmith_runtime

    missing = [
        f"{package.__name__}.{name}"
        for package, page in ((edgesmith, "toolkit"), (edgesmith_runtime, "runtime"))
        for name in package.__all__
        if not re.search(
            rf'<h3 id="[\w.]*\b{name}"', (site / f"reference/{page}.html").read_text()
        )
    ]

    assert missing == []


def test_the_marks_are_listed(site: Path) -> None:
    page = (site / "not_run.html").read_text()

    assert "docs/howto/cpp.md" in page
    assert "needs a device" in page


def test_every_page_of_the_repository_is_in_the_site(site: Path) -> None:
    missing = [
        _name(page)
        for page in (ROOT / "docs").rglob("*.md")
        if not (site / page.relative_to(ROOT / "docs").with_suffix(".html")).is_file()
    ]

    assert missing == []


@pytest.mark.slow
def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)

    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()

    said = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    assert any("answer" in one.get("text", "") for one in said)
    assert (tmp_path / "tutorial" / "digits.edge").is_file()


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)

    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in code] == [[] for _ in code]
    assert [cell.execution_count for cell in code] == [None for _ in code]
