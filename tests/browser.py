"""JupyterLab in a real Chromium, driven through the page's own application object.

JupyterLab must have been started with ``--LabApp.expose_app_in_browser=True``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

from labkit.engines.base import Paths
from labkit.jupyter import Jupyter

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A promise of the page may never be kept (a dialog that asks for a kernel), and Playwright sets no limit here.
_WITHIN = """([step, argument, seconds]) => Promise.race([
  eval(step)(argument),
  new Promise((_, fail) => setTimeout(() => fail(new Error(`not done in ${seconds} s`)), 1000 * seconds)),
])"""

# Idle alone is not enough: a kernel that is not connected yet is also said to be idle.
_OPEN = """async ({path}) => {
  const app = window.jupyterapp;
  await app.restored;
  const panel = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
  await panel.context.ready;
  await panel.sessionContext.ready;
  const kernel = panel.sessionContext.session.kernel;
  while (kernel.connectionStatus !== 'connected' || kernel.status !== 'idle')
    await new Promise(done => setTimeout(done, 50));
  app.shell.activateById(panel.id);
}"""

_RUN = """async () => {
  const panel = window.jupyterapp.shell.currentWidget;
  await window.jupyterapp.commands.execute('notebook:run-all-cells');
  const kernel = panel.sessionContext.session.kernel;
  while (kernel.status !== 'idle') await new Promise(done => setTimeout(done, 50));
  const cells = [];
  for (const cell of panel.content.model.cells)
    if (cell.type === 'code')
      cells.push({id: cell.id, source: cell.sharedModel.source, count: cell.executionCount,
                  outputs: cell.outputs.toJSON()});
  return cells;
}"""

_TITLES = """() => [...window.jupyterapp.shell.widgets('main')].map(widget => widget.title.label)"""

# The marks are put together by the shell, so that they are not found in the line as it is typed.
_TYPE = """async ({line}) => {
  const shown = [...window.jupyterapp.shell.widgets('main')];
  const session = shown.find(widget => widget.title.label.startsWith('Terminal')).content.session;
  let said = '';
  session.messageReceived.connect((_, message) => {
    if (message.type === 'stdout') said += message.content.join('');
  });
  session.send({type: 'stdin', content: [`echo beg''in; ${line}; echo e''nd\\r`]});
  while (!/begin\\r?\\n[^]*end\\r?\\n/.test(said)) await new Promise(done => setTimeout(done, 50));
  return said.match(/begin\\r?\\n([^]*?)end\\r?\\n/)[1];
}"""

_CLOSE = """async () => {
  const panel = window.jupyterapp.shell.currentWidget;
  await panel.sessionContext.shutdown();
  await panel.context.save();
  panel.dispose();
}"""


@dataclass(frozen=True)
class Cell:
    """A code cell after it ran."""

    id: str
    source: str
    count: int | None
    outputs: list[dict[str, Any]]

    @property
    def errors(self) -> list[str]:
        """What the cell raised."""
        return [f"{o['ename']}: {o['evalue']}" for o in self.outputs if o["output_type"] == "error"]


class JupyterPage:
    """A page that shows JupyterLab.

    Parameters
    ----------
    seconds: how long one step may take.
    """

    def __init__(self, page: Page, seconds: float = 120.0) -> None:
        self.page = page
        self.seconds = seconds

    def load(self, url: str) -> None:
        """Open JupyterLab and wait until its application is there."""
        self.page.goto(url, wait_until="commit")
        self.page.wait_for_function("window.jupyterapp !== undefined")

    def open(self, path: str) -> None:
        """Open a notebook and wait until its kernel can be used."""
        self._do(_OPEN, path=path)

    def run_all(self) -> list[Cell]:
        """Run all cells of the notebook in front; return them when the kernel is idle again."""
        return [Cell(**cell) for cell in self._do(_RUN)]

    def close(self) -> None:
        """Save the notebook in front, end its kernel and close it."""
        self._do(_CLOSE)

    def files(self) -> set[str]:
        """The names that the file browser shows."""
        self.page.wait_for_selector(".jp-DirListing-item")
        return set(self.page.locator(".jp-DirListing-itemName").all_inner_texts())

    def shown(self) -> set[str]:
        """The titles of the tabs of the main area."""
        self.page.wait_for_selector(".jp-Terminal", timeout=1000 * self.seconds)
        return set(self.page.evaluate(_TITLES))

    def type(self, line: str) -> str:
        """Type a line into the terminal; return what it printed."""
        return str(self._do(_TYPE, line=line))

    def _do(self, step: str, **argument: str) -> Any:
        return self.page.evaluate(_WITHIN, [step, argument, self.seconds])

    def picture(self, file: Path) -> None:
        """Keep a picture of the page."""
        self.page.screenshot(path=str(file))


@contextmanager
def chromium() -> Iterator[BrowserContext]:
    """A Chromium with a profile of its own."""
    with TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path="/usr/bin/chromium",
            headless=True,
            args=FLAGS,
            viewport={"width": 1400, "height": 900},
        )
        try:
            yield context
        finally:
            context.close()


@contextmanager
def jupyterlab(paths: Paths, *words: str, seconds: float = 240.0) -> Iterator[JupyterPage]:
    """JupyterLab as ``./lab`` starts it, shown in Chromium; at the end it is stopped, and the engine goes on.

    Parameters
    ----------
    words: further words for ``./lab start``, such as ``--engine``.
    seconds: how long one step may take.
    """
    options = [*words, "--no-browser", "--", "--LabApp.expose_app_in_browser=True"]
    environment = {**os.environ, "LABKIT_ROOT": str(paths.root)}
    environment.pop("LABKIT_LIVE", None)  # the kernels inherit it, and a browser is what live views are for
    start = [sys.executable, "-m", "labkit.cli", "start", *options]
    try:
        said = subprocess.run(start, check=True, capture_output=True, text=True, env=environment)
        with chromium() as context:
            page = JupyterPage(context.pages[0], seconds)
            page.load(said.stdout.strip())
            yield page
    finally:
        Jupyter(paths).stop()
