"""A class of five on a real JupyterHub, graded both ways: by nbgrader's exchange and by reports, to the point.

One is perfect, one did half, one nothing, one is hostile, and one hands in twice, renamed.  All log in
in Chromium, and fetch and submit from their own servers; those who did something ran it there.
With ``-s``, the time of each part is printed: five servers and five kernels that grade take two minutes of
processor time in all.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hubhelp import EXPOSED, NAME, ROOT, Hub, Student, chromium, solutions, teachers_python, with_proxy
from playwright.sync_api import Browser
from test_classroom_hub import on_the_page
from test_classroom_nbgrader import hostile

from labkit import cli
from labkit.classroom import sandbox

ROSTER = """id,name
perfect,Ada Lovelace
half,Grace Hopper
nothing,Alan Turing
hostile,Mal Ory
twice,Linus Torvalds
"""
NAMES = {row["id"]: row["name"] for row in csv.DictReader(ROSTER.splitlines())}
POINTS = {"2.1": 1, "2.2": 2, "2.3": 3}
DONE = {"perfect": ["2.1", "2.2", "2.3"], "half": ["2.1", "2.2"], "twice": ["2.1"]}
AGAIN = ["2.1", "2.3"]
GRADES = {"perfect": 6, "half": 3, "nothing": 0, "hostile": 0, "twice": 4}
WORK = f"assignment-02/{NAME}"

# nbgrader's own commands, one a line, in one process: each would spend three seconds on being imported.
COMMANDS = """
import contextlib, shlex, sys
from jupyter_core.application import NoStart
from nbgrader.apps.nbgraderapp import NbGraderApp

for line in sys.stdin.read().splitlines():
    app = NbGraderApp()
    app.initialize(shlex.split(line))
    with contextlib.suppress(NoStart):  # what the command raises around that which it has started
        app.start()
    while app is not None:  # each command is a singleton
        type(app).clear_instance()
        app = app.subapp
"""

_TERMINAL = """async () => {
  const {content, title} = await window.jupyterapp.commands.execute('terminal:create-new');
  while (content.session.connectionStatus !== 'connected' || !title.label.startsWith('Terminal'))
    await new Promise(done => setTimeout(done, 50));
}"""
_READ = """async path => {
  const {content} = await window.jupyterapp.serviceManager.contents.get(path, {type: 'notebook', content: true});
  return JSON.stringify(content);
}"""
_WRITE = """([path, text]) => window.jupyterapp.serviceManager.contents.save(
  path, {type: 'notebook', format: 'json', content: JSON.parse(text)})"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A class with a released assignment: three exercises of lab 2, of different points."""
    python = teachers_python()
    with_proxy(python)
    hub = Hub(python, tmp_path / "class")
    (tmp_path / "roster.csv").write_text(ROSTER)
    points = "".join(f'"{id}" = {worth}\n' for id, worth in POINTS.items())
    (tmp_path / "rubric.toml").write_text(f"[points]\ndefault = 0\n{points}")
    words = ["init", str(hub.folder), "--lab", "2", "--roster", str(tmp_path / "roster.csv")]
    hub.labkit(*words, "--rubric", str(tmp_path / "rubric.toml"))
    source = hub.folder / "source" / "assignment-02" / NAME
    notebook = nbformat.read(source, as_version=4)
    wanted = {"class-seed", "start", "clean-first", "tools"}
    wanted |= {f"{what}-{id.replace('.', '-')}" for what in ("setup", "do", "check") for id in POINTS}
    notebook.cells = [cell for cell in notebook.cells if cell.id in wanted]
    notebook.cells.append(nbformat.v4.new_markdown_cell("The end."))  # "Run All Above" is what a student uses
    nbformat.write(notebook, source)
    hub.labkit("serve", str(hub.folder), "--port", str(hub.port), "--check")
    with (hub.folder / "jupyterhub_config.py").open("a") as config:
        config.write(EXPOSED)
    nbgrader(hub, "db student import students.csv", "generate_assignment assignment-02",
             "release_assignment assignment-02")  # fmt: skip
    yield hub
    hub.stop()


def nbgrader(hub: Hub, *lines: str) -> str:
    """Run commands of nbgrader in the folder of the class; return what they said."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LABKIT_ROOT": str(ROOT), "HOME": str(hub.folder.parent),
                   "PATH": f"{hub.python.parent}:{os.environ['PATH']}"}  # fmt: skip
    done = subprocess.run([hub.python, "-c", COMMANDS], input="\n".join(lines), cwd=hub.folder, env=environment,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Seat(Student):
    """A student who works in an empty JupyterLab: the first layout would start a kernel that nobody needs here."""

    def __init__(self, browser: Browser, hub: Hub, name: str) -> None:
        self._hub, self._context = hub, browser.new_context(viewport={"width": 1400, "height": 900})
        self._context.set_default_timeout(120_000)
        page = self._context.new_page()
        super().__init__(page, 120.0)
        self.name = name
        page.goto(f"{hub.url}/hub/login?next=/hub/user-redirect/lab/workspaces/five")
        page.fill("input[name=username]", name)
        page.fill("input[name=password]", f"password of {name}")
        page.click("#login_submit", no_wait_after=True)  # so that all servers start at the same time

    def wait(self) -> None:
        """Wait until JupyterLab is there."""
        self.page.wait_for_url(re.compile(rf"/user/{self.name}/lab"))
        self.page.wait_for_function("window.jupyterapp !== undefined")
        self.page.evaluate("window.jupyterapp.restored")

    def do(self, exercises: list[str]) -> None:
        """Solve exercises in the assignment, by a kernel of the student's own."""
        self.open(WORK)
        self.run_to("check-2-3", solutions(*exercises))
        self.close()

    def change(self, how: Any, to: str = WORK) -> None:
        """Write the assignment without running it."""
        notebook = nbformat.reads(self.page.evaluate(_READ, WORK), as_version=4)
        how(notebook)
        self.page.evaluate(_WRITE, [to, nbformat.writes(notebook)])

    def submit(self) -> None:
        """Hand the assignment in, on the page of nbgrader."""
        before = self.handed_in()
        on_the_page(self, "Submit", then="Submit")
        while self.handed_in() == before:
            self.page.wait_for_timeout(50)

    def handed_in(self) -> int:
        """How often the page says that something was handed in."""
        return self.page.locator("#submitted_assignments_list .list_item").count()

    def leave(self) -> None:
        """Close the page; the server goes on."""
        self.page.close()

    def come_back(self) -> None:
        """Open the page again, still logged in."""
        self.page = self._context.new_page()
        self.page.goto(f"{self._hub.url}/user/{self.name}/lab/workspaces/five")
        self.wait()


def feedback_on_screen(student: Seat) -> str:
    """Fetch the feedback on the page of nbgrader, open the file as JupyterLab shows it, and return what it says."""
    on_the_page(student, "Fetch Feedback", then="Fetch Feedback")
    student.page.get_by_text("(view feedback)").first.click()
    student.page.locator(".jp-DirListing-item", has_text=".html").first.dblclick()
    shown = student.page.frame_locator(".jp-HTMLViewer iframe")
    shown.get_by_text("Score:").first.wait_for()
    return shown.locator("body").inner_text()


@pytest.mark.skipif(bool(sandbox.unavailable()), reason="needs Linux and root")
@pytest.mark.browser
@pytest.mark.timeout(1200)
def test_a_class_of_five_is_graded_both_ways(hub: Hub, tmp_path: Path) -> None:
    """Grades are right to the point by both ways, and each student reads on screen what was found."""
    watch = Stopwatch()
    hub.start()
    watch("hub")
    with chromium() as browser:
        seats = {name: Seat(browser, hub, name) for name in NAMES}
        for seat in seats.values():
            seat.wait()
        watch("five logins")
        for name, seat in seats.items():
            on_the_page(seat, "Fetch", then="Submit")
            if name == "hostile":
                seat.change(hostile)
            elif exercises := DONE.get(name):
                seat.do(exercises)
            seat.submit()
            seat.page.evaluate(_TERMINAL)
            if name != "nothing":
                assert "lab-report.json" in seat.type(f"lab report --name '{NAMES[name]}' 2>&1")
            if name == "hostile":
                seat.type("sed -i 's/not attempted/passed/' lab-report.json")
            if name == "twice":
                seat.type("mv lab-report.json 'lab-report (1).json'")
                seat.do(AGAIN)
                seat.change(lambda _notebook: None, to="assignment-02/final version (2).ipynb")
                seat.submit()
                seat.type(f"lab report --name '{NAMES[name]}' 2>&1")
            seat.leave()
            watch(name)

        nbgrader(hub, "collect assignment-02", "autograde assignment-02", "generate_feedback assignment-02",
                 "release_feedback assignment-02", "export")  # fmt: skip
        watch("nbgrader")
        with (hub.folder / "grades.csv").open() as file:
            scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
        assert scores == GRADES

        files = [f"--{name}={tmp_path / file}" for name, file in (("roster", "roster.csv"), ("rubric", "rubric.toml"))]
        assert cli.main(["grade", str(hub.folder / "students"), *files, "--to", str(tmp_path / "grades")]) == 0
        with (tmp_path / "grades" / "grades.csv").open() as file:
            graded = {row["student"]: (row["status"], row["points"], row["flags"]) for row in csv.DictReader(file)}
        assert graded == {
            # The class has one seed, which is not that of a student's own folder.
            "Ada Lovelace": ("graded", "6", "other seed"), "Grace Hopper": ("graded", "3", "other seed"),
            "Alan Turing": ("missing", "", ""), "Mal Ory": ("held", "", "edited"),
            "Linus Torvalds": ("graded", "4", "other seed"),
        }  # fmt: skip

        seats["half"].come_back()
        said = feedback_on_screen(seats["half"])
        assert "Score: 3.0 / 6.0" in said
        assert "not attempted" in said
        page = seats["half"].page
        page.goto((tmp_path / "grades" / "feedback" / "half.html").as_uri())
        assert re.search(r"\b3\b.*\b6\b", page.inner_text("body"), re.S)
        assert "Ada" not in page.inner_text("body")
        watch("feedback")
    hub.stop()
    watch("stop")


class Stopwatch:
    """Says with ``-s`` what each part of the test takes."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, part: str) -> None:
        now = time.monotonic()
        print(f"{part}: {now - self._last:.1f} s, load {os.getloadavg()[0]:.1f}", flush=True)
        self._last = now
