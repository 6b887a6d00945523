"""The teacher's page on a class at work, on a real JupyterHub: who sees it, what it may read, and that it goes."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest
from hubhelp import EXPOSED, NAME, Hub, chromium, log_in, teachers_python, with_proxy
from playwright.sync_api import Page

from labkit.classroom import sandbox, watch
from labkit.classroom.hub.folder import ClassFolder
from labkit.classroom.hub.watchroom import PAGE
from labkit.processes import find

pytestmark = [
    pytest.mark.skipif(bool(sandbox.unavailable()), reason="needs Linux and root"),
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
]

# A student's progress, replaced by a link to what root can read.
LINKED = """
import os, pathlib
place = pathlib.Path("/course/.lab/progress")
place.unlink(missing_ok=True)
place.symlink_to("/students/ada/lab/progress")
"""


def pages(place: ClassFolder) -> list[psutil.Process]:
    """The process of a class's page."""
    return find(lambda words: PAGE in words and words[-1] == str(place.run))


def rows(page: Page, address: str) -> dict[str, list[str]]:
    """The cells of each student's row, by name."""
    page.goto(address)
    cells = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
    found = page.locator("table").last.locator("tbody tr").evaluate_all(cells)
    return {name: rest for name, *rest in found}


def test_a_class_is_watched(tmp_path: Path) -> None:
    """The teacher sees who is stuck, and no student does; a link is not followed; switched off, all of it is gone."""
    python = teachers_python()
    with_proxy(python)
    hub, roster = Hub(python, tmp_path / "class"), tmp_path / "roster.csv"
    roster.write_text("id,name\nada,Ada Lovelace\ngrace,Grace Hopper\nzoe,Zoë\n")
    words = ["--roster", str(roster), "--port", str(hub.port), "--teacher", "prof", "--watch", "--check"]
    (password,) = re.findall(r"shown this once: (\S+)", hub.labkit("serve", str(hub.folder), *words))
    with (hub.folder / "jupyterhub_config.py").open("a") as config:
        config.write(EXPOSED)
    place, address = ClassFolder.of(hub.folder), f"{hub.url}/services/watch/"
    try:
        hub.start()
        (process,) = pages(place)
        _has_no_right_too_many(process, place)
        with chromium() as browser:
            prof = browser.new_page()
            prof.set_default_timeout(60_000)
            prof.goto(address)
            assert watch.notice() in prof.inner_text("body")  # before anybody logs in
            prof.fill("input[name=username]", "prof")
            prof.fill("input[name=password]", password)
            prof.click("#login_submit")
            prof.wait_for_url(address)
            assert {name: state for name, (state, *_rest) in rows(prof, address).items()} == {
                "Ada Lovelace": "not told yet", "Grace Hopper": "not told yet", "Zoë": "not told yet",
            }  # fmt: skip

            ada, grace = log_in(browser, hub, "ada"), log_in(browser, hub, "grace")
            for student in (ada, grace):
                student.open(NAME)
                told = student.run("import labkit; lab = labkit.start('02')")
                assert " ".join(told.split()) == watch.notice()
            ada.run("for answer in (1001, 1002, 1003): lab.check('2.1', answer)")
            grace.run(LINKED)
            prof.wait_for_timeout(4_000)  # what was read is good for so long
            found = rows(prof, address)
            assert found["Ada Lovelace"] == ["stuck", "2.1 Count the crates", "3", "", "0 of 13", "now"]
            assert found["Grace Hopper"][0].startswith("not readable")
            assert found["Zoë"][0] == "not told yet"
            assert "1003" in prof.inner_text("table >> nth=0")
            said = prof.request.get(f"{address}students.csv?lab=2").text()
            assert "ada,Ada Lovelace,stuck,2.1,3" in said

            # A page of a student's server has the same origin, and the teacher may come to see it.
            prof.goto(f"{hub.url}/hub/admin")
            assert prof.locator("a[href='/services/watch/']").count() == 1
            told = prof.evaluate("address => fetch(address).then(answer => answer.text(), String)", address)
            assert "Ada Lovelace" not in told
            for path in (address, f"{address}students.csv"):
                answer = grace.page.request.get(path)
                assert answer.status == 403
                assert "Ada" not in answer.text()
        direct = HTTPConnection("127.0.0.1", _port(process))
        direct.request("GET", "/services/watch/")
        refused = direct.getresponse()
        assert refused.status == 302
        assert refused.headers["Location"].startswith("/hub/api/oauth2/authorize?")
        assert b"Ada" not in refused.read()

        hub.end()
        assert pages(place) == []
        hub.labkit("serve", str(hub.folder), "--no-watch", "--check")
        hub.start()
        assert pages(place) == []
        with pytest.raises(HTTPError, match="404"):
            urlopen(address)
        with urlopen(f"{hub.url}/hub/login") as answer:
            assert "Your teacher has a page" not in answer.read().decode()
    finally:
        hub.stop()
    assert pages(place) == []


def _has_no_right_too_many(process: psutil.Process, place: ClassFolder) -> None:
    """A user of its own, the one right to read, and of the students their folder of progress alone, read-only."""
    assert process.uids().real == process.uids().effective == place.watcher
    status = dict(re.findall(r"^(\w+):\t(.*)$", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE))
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {f"{1 << 2:016x}"}
    assert status["NoNewPrivs"] == "1"
    root = Path(f"/proc/{process.pid}/root")
    assert [folder.name for folder in (root / "students" / "ada").iterdir()] == ["lab"]
    with pytest.raises(OSError, match="Read-only"):
        (root / "students" / "ada" / "lab" / "new").touch()
    assert not (root / str(place.hub).lstrip("/")).exists()


def _port(process: psutil.Process) -> int:
    (listening,) = [c for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert listening.laddr.ip == "127.0.0.1"
    return int(listening.laddr.port)
