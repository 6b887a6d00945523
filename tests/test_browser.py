"""The learner's notebooks in JupyterLab, in a real Chromium: every cell runs, and none ends in an error."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import JupyterPage, chromium

from labkit.engines.base import EngineRecord, Paths
from labkit.jupyter import Jupyter

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted(file.name for file in (ROOT / "notebooks").glob("*.ipynb"))

pytestmark = [pytest.mark.browser, pytest.mark.engine, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def lab(engine: EngineRecord) -> Iterator[JupyterPage]:
    """JupyterLab as ``./lab`` starts it for the tests' root, shown in Chromium."""
    paths = Paths.of(Path(os.environ["LABKIT_ROOT"]))
    start = [sys.executable, "-m", "labkit.cli", "start", "--no-browser", "--", "--LabApp.expose_app_in_browser=True"]
    url = subprocess.run(start, check=True, capture_output=True, text=True).stdout.strip()
    try:
        with chromium() as context:
            page = JupyterPage(context.pages[0], seconds=240)
            page.load(url)
            yield page
    finally:
        Jupyter(paths).stop()


def test_file_browser_shows_the_learners_copy_alone(lab: JupyterPage) -> None:
    """The file browser shows the notebooks, and no sources, solutions or tools."""
    assert set(NOTEBOOKS) <= lab.files()
    assert not lab.files() & {"src", "solved", "build.py", "labkit", "tests"}


def test_terminal_beside_the_notebook_speaks_to_the_engine(lab: JupyterPage) -> None:
    """At the first start a terminal stands beside the first notebook, and its shortcut reaches the engine."""
    assert {NOTEBOOKS[0], "Terminal 1"} <= lab.shown()
    said = lab.type("curl -s $L/version && pwd")
    assert '"ApiVersion"' in said
    assert said.rstrip().endswith(str(Paths.of(Path(os.environ["LABKIT_ROOT"])).work))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_runs_from_top_to_bottom(lab: JupyterPage, name: str, tmp_path: Path) -> None:
    """Every code cell of a learner's notebook runs, and none raises."""
    lab.open(name)
    try:
        cells = lab.run_all()
        lab.picture(tmp_path / f"{name}.png")
    finally:
        lab.close()
    assert cells
    assert {cell.id: cell.errors for cell in cells if cell.errors} == {}
    assert [cell.id for cell in cells if cell.source.strip() and cell.count is None] == []
