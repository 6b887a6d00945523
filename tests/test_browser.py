"""A learner's walk through each lab in JupyterLab, in a real Chromium: read, copy, watch, pass, reload and restart."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import JupyterPage, jupyterlab
from playwright.sync_api import Locator, Page, expect

from labkit.engines.base import EngineRecord, Paths

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted(file.name for file in (ROOT / "notebooks").glob("*.ipynb"))
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"

pytestmark = [pytest.mark.browser, pytest.mark.engine, pytest.mark.timeout(600)]

EXERCISES = {"01": "1.2", "02": "2.1", "03": "3.2", "04": "4.2", "05": "5.1", "06": "6.5"}
"""Of each lab an exercise whose answer is typed into its card."""

TALKER = """
lab.delete("/containers/talker", force=True)
lab.post("/containers/create", name="talker", json={"Image": "busybox", "Labels": lab.labels,
    "Cmd": ["sh", "-c", "while true; do echo out; sleep 0.1; done"]}).raise_for_status()
lab.post("/containers/talker/start").raise_for_status()
lab.follow("/containers/talker/logs", follow=True, stdout=True, stderr=True)
"""
PULL = """
lab.delete("/images/nginx:latest", force=True).raise_for_status()
lab.follow(lab.post("/images/create", fromImage="nginx", tag="latest", stream=True))
"""
# The answer is found as the solution of the exercise finds it; it is typed into the card by hand.
ANSWER = """
lab.setup("{id}")
said = dict(lab.solution("{id}", force=True).code)["labkit"]
exec(said.replace('lab.check("{id}", ', "answer = ("))
print(repr(answer))
"""

# Adds a cell at the end and runs it; gives its number, and waits for its end where that is asked for.
_ADD = """async ({source, wait}) => {
  const panel = window.jupyterapp.shell.currentWidget, notebook = panel.content;
  notebook.model.sharedModel.addCell({cell_type: 'code', source});
  const number = notebook.model.cells.length - 1;
  notebook.activeCellIndex = number;
  notebook.deselectAll();
  const run = window.jupyterapp.commands.execute('notebook:run-cell');
  if (wait) await run;
  for (const output of notebook.model.cells.get(number).outputs.toJSON())
    if (output.output_type === 'error') throw new Error(output.evalue);
  return number;
}"""

# The cell is marked by its id: JupyterLab's own numbers of cells, and its widgets' order, may for a while be others.
_SCROLL = """async ({number}) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const cell = notebook.model.cells.get(Number(number));
  await notebook.scrollToItem(Number(number));
  notebook.widgets.find(widget => widget.model === cell).node.dataset.walk = cell.id;
  return cell.id;
}"""

_RESTART = """async () => {
  const session = window.jupyterapp.shell.currentWidget.sessionContext;
  await session.session.kernel.restart();
  while (session.session.kernel.status !== 'idle') await new Promise(done => setTimeout(done, 50));
}"""


class Walker:
    """A learner at a notebook, who writes cells at its end.

    Parameters
    ----------
    lab: JupyterLab with the notebook in front.
    """

    def __init__(self, lab: JupyterPage) -> None:
        self.lab = lab

    @property
    def page(self) -> Page:
        """The page."""
        return self.lab.page

    def output(self, number: int) -> Locator:
        """The output of a cell, which is drawn once it is in sight."""
        id = self.lab._do(_SCROLL, number=str(number))
        return self.page.locator(f'{PANEL} .jp-Cell[data-walk="{id}"] .jp-OutputArea')

    def add(self, source: str, wait: bool = True) -> int:
        """Run a cell of one's own, which must not raise; return its number."""
        return int(self.lab._do(_ADD, source=source.strip(), wait="wait" if wait else ""))

    def see(self, source: str, wait: bool = True) -> Locator:
        """Run a cell; return its output."""
        return self.output(self.add(source, wait))

    def printed(self, source: str) -> str:
        """Run a cell; return what it printed."""
        return self.see(source).inner_text().strip()


@pytest.fixture(scope="module")
def lab(engine: EngineRecord) -> Iterator[JupyterPage]:
    """JupyterLab as ``./lab`` starts it for the tests' root, shown in Chromium."""
    try:
        with jupyterlab(Paths.of(Path(os.environ["LABKIT_ROOT"]))) as page:
            page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
            page.page.context.set_default_timeout(60_000)
            expect.set_options(timeout=60_000)
            yield page
    finally:
        expect.set_options(timeout=5_000)


def open_each_part(panel: Locator) -> None:
    """Open the parts of an exchange one after the other, as tabs: one is shown at a time."""
    parts = panel.locator(".labkit-parts > details")
    for number in range(parts.count()):
        parts.nth(number).locator("> summary").click()
        expect(parts.nth(number)).to_have_js_property("open", True)
        expect(panel.locator(".labkit-parts > details[open]")).to_have_count(1)
        expect(parts.nth(number).locator(":is(pre, ul, p)").first).to_be_visible()


def goes_on(view: Locator) -> None:
    """Wait until a view of a log has read more lines; after a reload JupyterLab draws a long notebook bit by bit."""
    said = view.get_by_text("lines of stdout")
    said.wait_for(timeout=150_000)
    expect(said).not_to_have_text(said.inner_text())


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
def test_walk(lab: JupyterPage, name: str, tmp_path: Path) -> None:
    """Everything that a learner does with a lab works in one sitting, over a reload and a restart of the kernel."""
    walked = Paths.of(Path(os.environ["LABKIT_ROOT"])).work / f"walk-{name}"  # the learner's own stays as it is
    shutil.copy(ROOT / "notebooks" / name, walked)
    lab.open(walked.name)
    me, page = Walker(lab), lab.page
    cells = lab.run_all()
    assert cells
    assert {cell.id: cell.errors for cell in cells if cell.errors} == {}
    assert [cell.id for cell in cells if cell.source.strip() and cell.count is None] == []

    panel = me.see('r = lab.get("/version")\nr')
    open_each_part(panel)
    lab.picture(tmp_path / "panel.png")
    panel.get_by_role("button", name="Copy").first.click()
    expect(panel.get_by_role("button", name="✓")).to_be_visible()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("curl ")
    assert json.loads(lab.type(copied)) == json.loads(me.printed("print(r.text)"))

    pulled = me.see(PULL)
    expect(pulled).to_contain_text("The stream has ended.")
    bars = pulled.get_by_role("progressbar")
    assert bars.count() > 1
    assert {bar.get_attribute("value") for bar in bars.all()} == {"1.000"}
    lab.picture(tmp_path / "pull.png")

    number = me.add(TALKER)
    expect(me.output(number).get_by_role("log")).to_contain_text("out")
    busy = me.see("import time\ntime.sleep(4)\nprint('ov' + 'er')", wait=False)
    goes_on(me.output(number))
    assert busy.inner_text().strip() == ""  # it still runs
    expect(busy).to_contain_text("over")

    exercise = EXERCISES[name[:2]]
    answer = me.printed(ANSWER.format(id=exercise)).splitlines()[-1]
    card = me.see(f'lab.exercise("{exercise}")')
    card.get_by_label("Answer").fill(answer)
    card.get_by_role("button", name="Check").click()
    expect(card.get_by_role("status")).to_contain_text("passed")
    lab.picture(tmp_path / "card.png")

    lab._do("async () => { await window.jupyterapp.shell.currentWidget.context.save(); }")
    page.reload(wait_until="commit")
    page.wait_for_function("window.jupyterapp !== undefined")
    lab.open(walked.name)
    goes_on(me.output(number))
    open_each_part(page.locator(f"{PANEL} .jp-OutputArea-output:has(.labkit-parts)").first)
    lab.picture(tmp_path / "reloaded.png")

    lab._do(_RESTART)
    assert me.printed("print('lab' in globals())") == "False"
    me.add(f'import labkit\nlab = labkit.start("{name[:2]}")')
    open_each_part(me.see('lab.get("/containers/json", filters={"name": ["talker"]})'))
    me.add("lab.clean()")
    assert me.printed('print(lab.get("/containers/talker/json").status)') == "404"
    lab.close()
    walked.unlink()
