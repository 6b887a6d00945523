"""The explorer in JupyterLab, in a real Chromium, by the keyboard alone, against a practice engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from browser import JupyterPage, jupyterlab
from enginehelp import make_root, started
from playwright.sync_api import Locator, Page, expect

CELL = 'import labkit\nlab = labkit.start("02")\nlab.explore("containers/create")'

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterPage]:
    """A notebook with the explorer, on an engine of its own."""
    paths = make_root(tmp_path_factory.mktemp("explorer"))
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL, id="explore")], metadata=metadata)
    with started(paths, "practice"), jupyterlab(paths, "--engine", "practice") as shown:
        nbformat.write(notebook, paths.work / "explore.ipynb")
        shown.page.context.set_default_timeout(30_000)
        shown.open("explore.ipynb")
        assert [cell.errors for cell in shown.run_all()] == [[]]
        yield shown


def tab_to(page: Page, target: Locator, most: int = 40) -> None:
    """Press Tab until something has the focus."""
    for _step in range(most):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"Tab doesn't lead to {target}")


def test_a_call_by_the_keyboard_alone(page: JupyterPage, tmp_path: Path) -> None:
    """Search, choose, fill in, send; what deletes asks, with the focus on No; and no other cell is touched."""
    view, keys = page.page.locator(".labkit-explorer"), page.page.keyboard
    search = view.get_by_role("textbox", name="Search", exact=True)
    search.focus()
    name = view.get_by_role("textbox", name="name", exact=True)
    tab_to(page.page, name)
    keys.type("by-keyboard")
    expect(view.get_by_label("In a cell")).to_contain_text('name="by-keyboard"')
    expect(view.get_by_label("In a terminal")).to_contain_text("create?name=by-keyboard")
    tab_to(page.page, view.get_by_role("button", name="Send", exact=True))
    keys.press("Enter")
    expect(view.get_by_role("status")).to_have_text("POST /containers/create: 201")
    expect(view).to_contain_text("201 Created")
    page.picture(tmp_path / "sent.png")

    search.focus()
    keys.press("Control+a")
    keys.type("containers/{id} remove")
    operations = view.get_by_role("listbox", name="Operation")
    expect(operations.get_by_role("option")).to_have_count(1)
    tab_to(page.page, view.get_by_role("textbox", name="id", exact=True))
    keys.type("by-keyboard")
    tab_to(page.page, view.get_by_role("button", name="Send", exact=True))
    keys.press("Enter")
    expect(view.get_by_role("alert")).to_have_text("DELETE /containers/by-keyboard deletes for good. Send it?")
    expect(view.get_by_role("button", name="No", exact=True)).to_be_focused()
    tab_to(page.page, view.get_by_role("button", name="Yes, send it"))
    page.picture(tmp_path / "asked.png")
    keys.press("Enter")
    expect(view.get_by_role("status")).to_have_text("DELETE /containers/by-keyboard: 204")

    search.focus()
    keys.press("Control+a")
    keys.type("volumes")
    expect(operations.get_by_role("option").first).to_have_text("GET /volumes — Lists volumes.")
    tab_to(page.page, operations)
    keys.press("ArrowDown")
    expect(view.locator("code").first).to_have_text("POST /volumes/create")
    expect(operations).to_be_focused()
    expect(page.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")).to_have_count(1)
