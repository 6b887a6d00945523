"""Take the README's picture of JupyterLab again.

    ./lab -- --LabApp.expose_app_in_browser=True
    .venv/bin/python tests/tools/screenshot.py URL [FILE]

A copy of lab 2 is opened and its first two parts are run; the copy is closed and removed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from browser import JupyterPage, chromium  # noqa: E402

NAME = "02-containers.ipynb"
END, SHOWN = "part-3", "filters-label"
SIZE = {"width": 1500, "height": 860}

# The file browser gives its place to the notebook, and the prompt, which names the machine, gives it to a short one.
_ARRANGE = """async ({number}) => {
  const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
  app.shell.collapseLeft();
  for (const other of [...app.shell.widgets('main')])
    if (other.title.label.endsWith('.ipynb') && other !== app.shell.currentWidget) other.dispose();
  const terminal = [...app.shell.widgets('main')].find(widget => widget.title.label.startsWith('Terminal'));
  const send = line => terminal.content.session.send({type: 'stdin', content: [line + '\\r']});
  send("PS1='$ '; clear");
  await new Promise(done => setTimeout(done, 1000));
  send("docker ps --format '{{.Names}}: {{.Status}}'");
  await new Promise(done => setTimeout(done, 1500));
  send("curl -s $L/_ping -i");
  notebook.activeCellIndex = Number(number);
  await notebook.scrollToItem(Number(number), 'start');
  await new Promise(done => setTimeout(done, 3000));
}"""


def take(url: str, file: Path) -> None:
    """Write the picture.

    Parameters
    ----------
    url: of JupyterLab, with its token.
    file: where the PNG goes.
    """
    notebook = nbformat.read(ROOT / "notebooks" / NAME, as_version=4)
    names = [cell.id for cell in notebook.cells]
    notebook.cells = notebook.cells[: names.index(END)]
    copy = ROOT / "work" / "02-containers-picture.ipynb"
    nbformat.write(notebook, copy)
    try:
        with chromium() as context:
            page = JupyterPage(context.pages[0], seconds=240)
            page.page.set_viewport_size(SIZE)  # type: ignore[arg-type]
            page.load(url)
            page.open(copy.name)
            page.run_all()
            page._do(_ARRANGE, number=str(names.index(SHOWN) - 1))
            page.page.screenshot(path=file)
            page.close()
    finally:
        copy.unlink(missing_ok=True)


if __name__ == "__main__":
    take(sys.argv[1], Path(sys.argv[2]) if sys.argv[2:] else ROOT / "docs" / "pictures" / "jupyterlab.png")
