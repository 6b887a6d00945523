"""Outputs in JupyterLab, in a real Chromium: what axe-core says of them in both themes, the keyboard alone, and pages
that go away.

axe-core looks at our outputs alone; JupyterLab's own shell, its editors and its menus are not ours to judge.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from browser import JupyterPage, jupyterlab
from enginehelp import eventually, make_root, started
from jupyter_client.blocking.client import BlockingKernelClient
from playwright.sync_api import Locator, Page, expect

from labkit.engines.base import Paths
from labkit.jupyter import Jupyter

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

BEGIN = """
import labkit, psutil, threading, time
from IPython.display import HTML
from labkit import widgets
lab = labkit.start("02")
made = lab.post("/containers/create", name="talker", json={"Image": "busybox", "Labels": lab.labels,
    "Cmd": ["sh", "-c", "while true; do echo out; echo err >&2; sleep 0.2; done"]})
lab.post("/containers/talker/start")
made
"""
LOG = 'lab.follow("/containers/talker/logs", follow=True, stdout=True, stderr=True, tail=50)'
EXEC = """
cat = lab.post("/containers/talker/exec", json={"Cmd": ["cat"], "AttachStdin": True, "AttachStdout": True}).json()
lab.follow(lab.post(f"/exec/{cat['Id']}/start", json={}, upgrade=True))
"""
PARTS = ("json", "headers", "curl", "python", "docker")
"""The parts of an exchange."""

OUTPUTS = {
    "created": BEGIN,
    **dict.fromkeys(PARTS, 'lab.get("/containers/talker/json")'),
    "list": 'lab.get("/containers/json", all=True)',
    "refused": 'lab.post("/containers/create", json={"Image": "nothing", "Imgae": "x"})',
    "course-map": "labkit.start()",
    "card": 'lab.exercise("2.1")',
    "verdict": 'lab.check("2.1", 1)',
    "hint": 'lab.hint("2.1")',
    "solution": 'lab.solution("2.1", force=True)',
    "progress": "lab.progress",
    "explorer": 'lab.explore("containers/create")',
    "logs": LOG,
    "stats": 'lab.follow("/containers/talker/stats")',
    "events": 'lab.follow("/events", since=1)',
    "control": 'lab.control("talker")',
    "exec": EXEC,
    "pull": 'lab.follow(lab.post("/images/create", fromImage="nginx", tag="latest", stream=True))',
    "engine": "lab.map()",
    **{kind: f'lab.map("{kind}")' for kind in ("containers", "networks", "images", "volumes", "tls", "api")},
}
"""One cell for each kind of output."""

BAD = """HTML('<p style="color: #999; background: #aaa">hardly read</p><input><button></button>')"""
FOUND = {"color-contrast", "label", "button-name"}
"""A cell in which axe-core must find something, and what; else it does not look."""

PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"

# All cells are drawn, and folds are opened, but for the parts of an exchange and the explorer's table, which is long.
_UNFOLD = f"""() => {{
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.notebookConfig = {{...notebook.notebookConfig, windowingMode: 'none'}};
  for (const fold of document.querySelectorAll('{PANEL} .jp-OutputArea details'))
    if (!fold.closest('.labkit-parts, .labkit-explorer')) fold.open = true;
}}"""

# What lies beyond the edge of something that hides what flows over counts as hidden, and is not looked at: JupyterLab's
# shell ends with the window, and its body is of no height at all.
_AXE = """async ([within, rules]) => {
  const shell = [], options = {resultTypes: ['violations'], ...(rules.length ? {runOnly: rules} : {})};
  for (let one = document.querySelector(within).parentElement; one; one = one.parentElement)
    if (getComputedStyle(one).overflow.includes('hidden')) shell.push([one, one.style.overflow]);
  for (const [one] of shell) one.style.overflow = 'visible';
  const found = await axe.run({include: [within + ' .jp-OutputArea-output']}, options);
  for (const [one, before] of shell) one.style.overflow = before;
  const cells = [...document.querySelectorAll(within)], said = {};
  for (const {id, nodes} of found.violations)
    for (const {target, html, failureSummary} of nodes) {
      const number = cells.indexOf(document.querySelector(target[0]).closest('.jp-Cell'));
      const source = window.jupyterapp.shell.currentWidget.content.widgets[number].model.sharedModel.source;
      (said[source] ??= []).push({rule: id, html: html.slice(0, 200), why: failureSummary});
    }
  return said;
}"""

# The page is covered while the style sheets are changed, and axe-core doesn't judge the colours of what is covered.
_THEME = """async theme => {
  await window.jupyterapp.commands.execute('apputils:change-theme', {theme});
  const wanted = String(theme.includes('Light'));
  while (document.body.dataset.jpThemeLight !== wanted || document.getElementById('jupyterlab-splash'))
    await new Promise(done => setTimeout(done, 50));
}"""

# What can be reached by Tab, in the order of the page.
_STOPS = f"""() => {{
  window.stops = [...document.querySelectorAll(`{PANEL} .jp-OutputArea-output
    :is(a[href], button, input, select, textarea, summary, [tabindex="0"])`)].filter(
      one => !one.disabled && one.checkVisibility({{visibilityProperty: true}}) && one.getClientRects().length);
  return window.stops.map(one => one.outerHTML.slice(0, 100));
}}"""

# Which of them has the focus, and how thick and in which colour it is outlined.
_FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  return [window.stops.indexOf(one), style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth)];
}"""

_COMMAND = """() => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = 0;
  notebook.mode = 'command';
  notebook.activate();
}"""

_NOTEBOOK = """() => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  return [notebook.mode, notebook.widgets.length, notebook.activeCellIndex];
}"""


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paths]:
    """A root with a practice engine."""
    paths = make_root(tmp_path_factory.mktemp("hand"))
    with started(paths, "practice"):
        yield paths


@pytest.fixture(scope="module")
def shown(paths: Paths) -> Iterator[JupyterPage]:
    """JupyterLab in Chromium."""
    with jupyterlab(paths, "--engine", "practice") as page:
        page.page.context.set_default_timeout(30_000)
        yield page


def write(paths: Paths, name: str, cells: dict[str, str]) -> str:
    """Write a notebook into the learner's folder; return its name."""
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    made = [nbformat.v4.new_code_cell(source, id=id) for id, source in cells.items()]
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=metadata), paths.work / name)
    return name


@pytest.fixture(scope="module")
def outputs(paths: Paths, shown: JupyterPage) -> Iterator[JupyterPage]:
    """A notebook that holds every kind of output."""
    shown.open(write(paths, "outputs.ipynb", OUTPUTS | {"bad": BAD}))
    assert {cell.id: cell.errors for cell in shown.run_all() if cell.errors} == {}
    yield shown
    shown.close()


def cell(page: Page, id: str) -> Locator:
    """Return a cell of the notebook in front."""
    number = list(OUTPUTS).index(id)
    return page.locator(f"{PANEL} .jp-Cell").nth(number)


def axe(page: Page, *rules: str) -> dict[str, list[dict[str, str]]]:
    """Return what axe-core finds wrong in all outputs, by its rules or by some of them alone: by cell."""
    return dict(page.evaluate(_AXE, [f"{PANEL} .jp-Cell", list(rules)]))


def test_axe_finds_nothing_in_our_outputs(outputs: JupyterPage, tmp_path: Path) -> None:
    """With each part of an exchange and each fold open, in both themes; what is bad on purpose is found."""
    page = outputs.page
    page.evaluate(_UNFOLD)
    page.evaluate(AXE_SCRIPT)
    for part in PARTS:
        cell(page, part).locator(f".labkit-{part} > summary").click()
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        rules = [] if "Light" in theme else ["color-contrast"]  # nothing else differs between them
        page.evaluate(_THEME, theme)
        found = axe(page, *rules)
        bad = found.pop(BAD, [])
        assert found == {}
        assert {one["rule"] for one in bad} == (set(rules) or FOUND)
        outputs.picture(tmp_path / f"{theme}.png")


def test_tab_leads_to_each_control_and_its_focus_is_seen(outputs: JupyterPage) -> None:
    """Tab alone leads through all outputs; whatever has the focus is outlined."""
    page = outputs.page
    page.evaluate(_COMMAND)
    stops = page.evaluate(_STOPS)
    assert len(stops) > 100
    reached: dict[int, float] = {}
    for _press in range(len(stops) + 10):
        page.keyboard.press("Tab")
        number, outline = page.evaluate(_FOCUSED)
        if number >= 0:
            reached[number] = outline
    assert [stop for number, stop in enumerate(stops) if number not in reached] == []
    assert [stop for number, stop in enumerate(stops) if reached[number] < 1] == []


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_enter_and_space_open_and_press(outputs: JupyterPage, key: str) -> None:
    """They fold and unfold, press buttons, and never fall through to the notebook."""
    page = outputs.page
    page.evaluate(_COMMAND)
    before = page.evaluate(_NOTEBOOK)
    folds = [
        cell(page, "created").locator(".labkit-headers > summary"),
        cell(page, "course-map").locator("summary").first,
        cell(page, "networks").locator("summary"),
        cell(page, "explorer").locator("summary"),
    ]
    for fold in folds:
        was = fold.evaluate("summary => summary.parentElement.open")
        fold.focus()
        page.keyboard.press(key)
        expect(fold.locator("..")).to_have_js_property("open", not was)
    pause = cell(page, "stats").get_by_role("button", name="Pause", exact=True)
    pause.focus()
    page.keyboard.press(key)
    on = cell(page, "stats").get_by_role("button", name="Go on", exact=True)
    expect(on).to_be_focused()
    page.keyboard.press(key)
    expect(pause).to_be_focused()
    check = cell(page, "card").get_by_role("button", name="Check", exact=True)
    check.focus()
    page.keyboard.press(key)
    expect(cell(page, "card").get_by_role("status")).to_contain_text("2.1 Count the crates")
    assert page.evaluate(_NOTEBOOK)[:2] == before[:2]


def test_a_log_keeps_focus_and_place_while_it_is_written(outputs: JupyterPage) -> None:
    """Its box is scrolled by arrows; lines come in meanwhile, and no other cell becomes the active one."""
    page = outputs.page
    log = cell(page, "logs").locator("[tabindex='0']:has([role=log])")
    said = cell(page, "logs").get_by_text("lines of stdout")
    log.focus()
    active = page.evaluate(_NOTEBOOK)
    page.keyboard.press("Home")
    page.wait_for_function("() => document.activeElement.scrollTop < -50")  # 0 is the end, where it was
    before = said.inner_text()
    expect(said).not_to_have_text(before)
    for _press in range(3):
        page.keyboard.press("ArrowDown")
    expect(log).to_be_focused()
    assert page.evaluate(_NOTEBOOK) == active
    page.keyboard.press("End")
    page.wait_for_function("() => document.activeElement.scrollTop > -5")


LOOP = """
import labkit
lab = labkit.start("02")
loop = {"Image": "busybox", "Labels": {**lab.labels, "price": "$1 or $2"},
    "Cmd": ["sh", "-c", "i=0; while [ $i -lt 2 ]; do sleep 99999 & i=$((i+1)); done; wait"]}
lab.post("/containers/create", name="loop", json=loop).raise_for_status()
lab.post("/containers/loop/start")
"""
DOLLARS = {
    "begin": LOOP,
    "list": 'r = lab.get("/containers/json", all=True)\nr',
    "inspect": 'lab.get("/containers/loop/json")',
    "table": "r.table",
    "refused": 'lab.get("/containers/$i$j/json")',
    "followed": 'with lab.follow("/containers/loop/logs", stdout=True, stderr=True):\n    pass',
    "map": 'lab.map("containers")',
    "explorer": 'lab.explore("/containers/json")',
    "maths": 'from IPython.display import HTML\nHTML("$i$")',
}
"""Outputs of a container with two dollar signs in its command; and one that is meant to be maths."""


def test_dollar_signs_are_no_maths(paths: Paths, shown: JupyterPage, tmp_path: Path) -> None:
    """MathJax draws what lies between two of them in no output of ours, also not in what the explorer was answered."""
    page = shown.page
    shown.open(write(paths, "dollars.ipynb", DOLLARS))
    assert {cell.id: cell.errors for cell in shown.run_all() if cell.errors} == {}
    page.evaluate(_UNFOLD)
    cells = page.locator(f"{PANEL} .jp-Cell")
    explorer = cells.nth(list(DOLLARS).index("explorer"))
    explorer.get_by_role("button", name="Send", exact=True).click()
    expect(explorer.locator(".jp-RenderedHTML table")).to_contain_text(
        "while [ $i -lt 2 ]; do sleep 99999 & i=$((i+1));"
    )
    expect(cells.last.locator("mjx-container")).to_have_count(1)
    page.wait_for_timeout(1000)  # what is drawn as maths is drawn a moment later
    shown.picture(tmp_path / "dollars.png")
    expect(page.locator(f"{PANEL} mjx-container")).to_have_count(1)
    shown.close()


HELD = """
lab.get("/_ping")  # one connection is kept for the next call, always
threads = [t.name for t in threading.enumerate() if t.name.startswith("labkit")]
sockets = psutil.Process().net_connections("unix")
print([widgets.opened(), len(threads), len(sockets)])
"""


def test_a_cleared_cell_and_a_closed_page_leave_nothing(paths: Paths, shown: JupyterPage) -> None:
    """Of two views, one ends when its output is cleared, the other when the page is closed; threads and sockets too."""
    soon = "from labkit.widgets import page\npage.BEAT, page.PATIENCE, page.HIDDEN = 0.5, 4, 4"
    page = shown.page.context.new_page()
    lab = JupyterPage(page)
    lab.load(shown.page.url.partition("/lab")[0] + "/lab/workspaces/other")
    lab.open(write(paths, "gone.ipynb", {"begin": BEGIN + soon, "held": HELD, "one": LOG, "two": LOG + "  # two"}))
    cells = lab.run_all()
    assert {one.id: one.errors for one in cells if one.errors} == {}
    page.wait_for_function("() => document.querySelectorAll('[role=log]').length === 2")
    kernel = page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id")
    client = BlockingKernelClient()
    client.load_connection_file(str(Jupyter(paths).runtime / f"kernel-{kernel}.json"))
    client.start_channels()

    def held() -> list[int]:
        printed = []
        client.execute_interactive(HELD, timeout=30, output_hook=lambda m: printed.append(m["content"].get("text", "")))
        return list(json.loads("".join(printed)))

    try:
        page.wait_for_timeout(1000 * 5)  # longer than the patience: what is shown stays
        begun = json.loads(cells[1].outputs[0]["text"])
        now = held()
        assert now[0] == 2
        assert now[2] >= begun[2] + 2
        page.evaluate(
            """() => {
              const notebook = window.jupyterapp.shell.currentWidget.content;
              notebook.activeCellIndex = 2;
              return window.jupyterapp.commands.execute('notebook:clear-cell-output');
            }"""
        )
        eventually(lambda: held()[0] == 1, 40)
        page.close()
        eventually(lambda: held()[0] == 0, 40)
        # By then JupyterLab has a thread of its own in the kernel, with sockets of its own.
        eventually(lambda: held() == [*begun[:2], now[2] - 2])
    finally:
        client.shutdown()
        client.stop_channels()
