"""A class on one machine: a real JupyterHub, students in Chromium, a fence around each."""

from __future__ import annotations

import csv
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from classroomhelp import Learner
from hubhelp import EXPOSED, NAME, ROOT, Hub, Student, chromium, log_in, solutions, teachers_python, with_proxy
from test_classroom_nbgrader import Nbgrader, seed

from labkit import cli
from labkit.classroom import command, course, sandbox
from labkit.classroom.hub import limits, serve
from labkit.classroom.hub.folder import PROXY, ClassFolder
from labkit.classroom.hub.limits import Limits
from labkit.classroom.hub.plain import copy_plain

here = pytest.mark.skipif(bool(sandbox.unavailable()), reason="needs Linux and root")

# What a student tries from their own notebook; each line must fail.
ATTEMPTS = """\
import ctypes, os, pathlib, socket, subprocess
def tried(what, *a):
    try:
        found = what(*a)
    except (OSError, subprocess.CalledProcessError) as error:
        return type(error).__name__
    return f"GOT IN: {found!r}"[:300]
def unix(path):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
def tcp(port):
    socket.create_connection(("127.0.0.1", port), timeout=2)
def quiet(words):
    return subprocess.run(words, check=True, capture_output=True).stdout
results = {
    "files": tried(os.listdir, FOLDER),
    "database": tried(open, FOLDER + "/hub/jupyterhub.sqlite"),
    "socket": tried(unix, SOCKET),
    "proxy": tried(unix, str(pathlib.Path(SOCKET).parents[2] / "proxy" / "api.sock")),
    "port": tried(tcp, PORT),
    "root": tried(os.setuid, 0),
    "sudo": tried(quiet, ["unshare", "-Ur", "true"]),
    "mount": tried(quiet, ["mount", "-t", "tmpfs", "x", "/tmp"]),
    "signal": tried(os.kill, 1, 9),
    "course": tried(open, "/course/notebooks/02-containers.ipynb", "a"),
    "labkit": tried(open, os.environ["PYTHONPATH"] + "/labkit/lab.py", "a"),
}
print({name: said for name, said in results.items() if said.startswith("GOT IN")})
print(sorted({pathlib.Path(f"/proc/{pid}").stat().st_uid for pid in os.listdir("/proc") if pid.isdigit()} - {0}))
"""


def made_ready(folder: Path, students: str, teacher: str) -> tuple[Hub, str]:
    """Get a class ready that can be started; return its hub, and what was said."""
    python = teachers_python()
    with_proxy(python)
    hub, file = Hub(python, folder / "class"), folder / "roster.csv"
    file.write_text(f"id,name\n{students}")
    words = ["--roster", str(file), "--port", str(hub.port), "--teacher", teacher, "--check"]
    return hub, hub.labkit("serve", str(hub.folder), *words)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A class of two that can be started."""
    hub, said = made_ready(tmp_path, "ada,Ada Lovelace\ngrace,Grace Hopper\n", "prof")
    assert "2 students" in said
    with (hub.folder / "jupyterhub_config.py").open("a") as config:
        config.write(EXPOSED)
    yield hub
    hub.stop()


def own_processes(hub: Hub) -> list[psutil.Process]:
    """The processes of a class's students."""
    users = {place.user for place in ClassFolder.of(hub.folder).places().values()}
    return [process for process in psutil.process_iter(["uids"]) if process.info["uids"].real in users]


@here
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_students_and_a_restart_of_the_hub(hub: Hub, tmp_path: Path) -> None:
    """Each runs lab 2 and passes an exercise on their own engine; none reaches the other; a restart loses nothing."""
    hub.start()
    place = ClassFolder.of(hub.folder)
    users = {name: one.user for name, one in place.places().items()}
    with chromium() as browser:
        ada, grace = log_in(browser, hub, "ada"), log_in(browser, hub, "grace")
        for student in (ada, grace):
            student.open(NAME)
            assert "passed" in student.run_to("check-2-1", solutions("2.1"))
        ada.run("kept = 42")
        door = place.run / "student" / str(users["ada"]) / "server.sock"
        assert door.is_socket()
        values = {"FOLDER": str(hub.folder), "PORT": hub.port, "SOCKET": str(door)}
        said = grace.run("".join(f"{name} = {value!r}\n" for name, value in values.items()) + ATTEMPTS).splitlines()
        assert said == ["{}", f"[{users['grace']}]"]
        crates = "print(sorted(n for c in lab.get('/containers/json', all=True).json() for n in c['Names']))"
        assert ada.run(crates) != grace.run(crates)
        answer = grace.page.context.new_page().goto(f"{hub.url}/user/ada/lab")
        assert answer
        assert answer.status == 403

        before = {process.pid for process in own_processes(hub)}
        hub.end()
        hub.start()
        assert {process.pid for process in own_processes(hub)} >= before
        ada.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.connectionStatus === 'connected'"
        )
        assert ada.run("print(kept)").strip() == "42"
        again = log_in(browser, hub, "ada")
        again.open(NAME)
        assert "2.1" in again.run("print(lab.progress)") or "passed" in again.run('print(lab.check("2.1", answer))')

        stranger = browser.new_context().new_page()
        stranger.goto(f"{hub.url}/hub/login")
        stranger.fill("input[name=username]", "ada")
        stranger.fill("input[name=password]", "another password")
        stranger.click("#login_submit")
        stranger.wait_for_selector(".login_error")
    hub.stop()
    assert own_processes(hub) == []
    assert not place.run.exists()
    assert not [left for user in users.values() for left in limits.CGROUPS.glob(f"*/lab-student-{user}")]


@here
@pytest.mark.browser
@pytest.mark.slow
def test_a_teacher_logs_in(tmp_path: Path) -> None:
    """The admin page comes, without a server; who asks for one all the same is told where the class is managed."""
    hub, said = made_ready(tmp_path, "ada,Ada Lovelace\n", "ada.teacher")
    (password,) = re.findall(r"shown this once: (\S+)", said)
    try:
        hub.start()
        with chromium() as browser:
            page = browser.new_page()
            page.set_default_timeout(60_000)
            page.goto(hub.url)
            assert "the id that your school has" in page.inner_text("body")
            page.fill("input[name=username]", "ada.teacher")
            page.fill("input[name=password]", password)
            page.click("#login_submit")
            page.wait_for_url("**/hub/admin")
            page.get_by_text("ada.teacher").first.wait_for()
            page.goto(f"{hub.url}/hub/spawn")
            page.get_by_text("not in the roster").wait_for()
            assert "managed at /hub/admin" in page.inner_text("body")
    finally:
        hub.stop()


@here
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_handing_in_through_the_hub(hub: Hub, tmp_path: Path) -> None:
    """Released, fetched and submitted inside the fences, collected and graded; a forged submission is left out."""
    words = ["init", str(hub.folder), "--lab", "2", "--roster", str(tmp_path / "roster.csv")]
    hub.labkit(*words)
    nbgrader = Nbgrader(hub.python, hub.folder)
    seed(hub.folder, "example")
    source = hub.folder / "source" / "assignment-02" / NAME
    notebook = nbformat.read(source, as_version=4)
    end = next(n for n, cell in enumerate(notebook.cells) if course.graded(cell.source) == "2.2")
    notebook.cells = notebook.cells[: end + 1]
    nbformat.write(notebook, source)
    hub.labkit("serve", str(hub.folder), "--check")
    nbgrader("db", "student", "import", "students.csv")
    nbgrader("generate_assignment", "assignment-02")
    nbgrader("release_assignment", "assignment-02")
    hub.start()
    ask = (
        "import subprocess\nprint(subprocess.run(['nbgrader', {words}], capture_output=True, text=True, cwd=lab.work))"
    )
    with chromium() as browser:
        ada, grace = log_in(browser, hub, "ada"), log_in(browser, hub, "grace")
        for student, done in ((ada, ["2.1"]), (grace, [])):
            student.open(NAME)
            student.run("import labkit; lab = labkit.start('02')")
            student.run("(lab.work / 'lab02').mkdir()")  # as exercises of lab 2 do
            if student is ada:
                on_the_page(student, "Fetch", then="Submit")
            else:
                assert "returncode=0" in student.run(ask.format(words="'fetch_assignment', 'assignment-02'"))
            student.open(f"assignment-02/{NAME}")
            student.run_to("check-2-2", solutions(*done) if done else {})
            if student is ada:
                on_the_page(student, "Submit", then="Submit")
                student.page.locator("#submitted_assignments_list").get_by_text("assignment-02").first.wait_for()
            else:
                assert "returncode=0" in student.run(ask.format(words="'submit', 'assignment-02'"))
        # With a name that is not theirs, and a link to what root can read.
        grace.run(FORGED)
    assert "It belongs to grace: ask them to hand in again" in nbgrader("collect", "assignment-02")
    assert not (hub.folder / "submitted" / "ada" / "assignment-02" / "of-grace").exists()
    assert not any(file.is_symlink() for file in (hub.folder / "submitted" / "grace" / "assignment-02").iterdir())
    nbgrader("autograde", "assignment-02")
    nbgrader("export")
    scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader((hub.folder / "grades.csv").open())}
    assert scores == {"ada": 1, "grace": 0}


def on_the_page(student: Student, button: str, then: str) -> None:
    """Click a button of nbgrader's list of assignments, as its menu opens it, and wait for another one."""
    student.page.evaluate("window.jupyterapp.commands.execute('nbgrader:open-assignment-list')")
    student.page.get_by_role("button", name=button, exact=True).click()
    student.page.get_by_role("button", name=then, exact=True).wait_for()


FORGED = """
import os, pathlib, shutil
inbound = pathlib.Path("/exchange/docker-api-lab/inbound")
forged = inbound / "ada+assignment-02+2099-01-01 00:00:00 UTC+x"
shutil.copytree(lab.work / "assignment-02", forged)
(forged / "timestamp.txt").write_text("2099-01-01 00:00:00 UTC")
(forged / "of-grace").write_text("")
"""


# Without a hub


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that can serve a class, its sockets somewhere else, and a roster."""
    monkeypatch.setattr(serve, "unavailable", lambda: "")
    monkeypatch.setattr(ClassFolder, "run", property(lambda self: tmp_path / "run" / "0a1b2c3d"))
    monkeypatch.setenv("LABKIT_ROOT", str(ROOT))
    (tmp_path / "roster.csv").write_bytes("\ufeffid,name\r\n\r\nAda,Ada Lovelace\r\n  \r\nzoë,Zoë\r\n".encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> int:
    """Run ``labkit classroom serve --check``."""
    return cli.main(["classroom", "serve", "class", "--check", *words])


def test_a_class_is_got_ready(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A roster with a mark, empty lines and capitals gives each student a place; who is in it is for root alone."""
    assert run("--roster", "roster.csv", "--port", "18321") == 0
    said = capsys.readouterr().out
    assert "2 students" in said
    assert "the id of the roster" in said
    assert "/hub/admin" not in said
    place = ClassFolder.of(machine / "class")
    before = place.places()
    assert [one.id for one in before.values()] == ["Ada", "zoë"]
    assert list(before) == ["ada", "zoë"]  # as the hub has what is typed
    assert len({one.user for one in before.values()}) == 2
    assert place.root.stat().st_mode & 0o777 == 0o700
    assert 'url = "http://127.0.0.1:18321"' in place.config.read_text()
    compile(place.config.read_text(), "jupyterhub_config.py", "exec")

    place.config.write_text(place.config.read_text() + "# mine\n")
    (machine / "roster.csv").write_text("id\nnew\nzoë\n")
    assert run("--roster", "roster.csv", "--port", "18322") == 0
    after = place.places()
    assert {name: after[name] for name in before} == before  # also who left keeps the folder
    assert len({one.user for one in after.values()}) == 3
    assert place.enrolled() == ["new", "zoë"]
    assert place.config.read_text().endswith("# mine\n")
    assert "http://127.0.0.1:18322" in place.config.read_text()
    assert run() == 0  # with the roster and the port that it has
    assert "the id that your school has" in place.config.read_text()


def test_who_has_no_place_manages_the_class(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A teacher's login leads to the admin page, whose address is printed; all others go where they always go."""
    assert run("--roster", "roster.csv", "--port", "18323") == 0
    place = ClassFolder.of(machine / "class")
    (place.hub / "teacher").write_text("ada.teacher")
    assert run() == 0
    assert "ada.teacher manages the class at http://127.0.0.1:18323/hub/admin" in capsys.readouterr().out

    def landing(user: SimpleNamespace | None) -> str:
        return place.landing(SimpleNamespace(current_user=user, hub=SimpleNamespace(base_url="/hub/")))

    assert landing(SimpleNamespace(name="ada.teacher", admin=True)) == "/hub/admin"
    assert landing(SimpleNamespace(name="ada", admin=False)) == ""
    assert landing(SimpleNamespace(name="ada", admin=True)) == ""
    assert landing(None) == ""


@pytest.mark.parametrize(
    ("roster", "words", "said"),
    [
        ("id,name\nada,A\nADA,B\n", [], "Line 3 of roster.csv has the same id as line 2"),
        ("", [], "roster.csv is empty"),
        ("id,name\n", [], "roster.csv names no student"),
        ("id,name\n../etc,A\n", [], "has no usable id"),
        ("id,name\nada,A\n", ["--teacher", "Ada"], "ada is a student in the roster"),
        ("id,name\nada,A\n", ["--teacher", "a b"], "'a b' is no name to log in with"),
        ("id,name\nada,A\n", ["--port", "99999"], "listens on port 99999"),
        (None, [], "roster.csv cannot be read"),
    ],
)
def test_a_class_that_cannot_be_served(
    machine: Path, roster: str | None, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence and what to do; no class is begun."""
    (machine / "roster.csv").unlink()
    if roster is not None:
        (machine / "roster.csv").write_text(roster)
    assert run("--roster", "roster.csv", *words) == 1
    out = capsys.readouterr().err
    assert said in out
    assert "Traceback" not in out
    assert not (machine / "class" / "hub").exists()


def test_what_is_in_the_way_is_said(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A port that is taken, a folder that is a file, a class without a roster."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert run("--roster", "roster.csv", "--port", port) == 1
    assert f"Something else listens on port {port}.\nGive another one" in capsys.readouterr().err
    assert run() == 1
    assert "has no roster.\nGive one: --roster FILE" in capsys.readouterr().err
    (machine / "class").write_text("")
    assert run("--roster", "roster.csv") == 1
    assert "class is a file" in capsys.readouterr().err


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """No root, no JupyterHub, no Node.js, no proxy: one sentence each, with what to type."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "type sudo before it" in serve.unavailable()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sandbox, "unavailable", lambda: "")
    monkeypatch.setattr(serve.importlib.util, "find_spec", lambda name: None)
    assert 'pip install ".[classroom]"' in serve.unavailable()
    monkeypatch.setattr(serve.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(serve.shutil, "which", lambda name: None)
    assert "apt-get install nodejs npm" in serve.unavailable()
    monkeypatch.setattr(serve.shutil, "which", lambda name: name if name == "node" else None)
    monkeypatch.setattr(serve, "proxy_program", lambda: "")
    assert f"npm install --prefix {sys.prefix} {PROXY}" in serve.unavailable()
    assert f"npm install --prefix grading {PROXY}\n" in (ROOT / "docs" / "instructors.md").read_text()


def test_limits_of_both_control_groups(tmp_path: Path) -> None:
    """The files of the first and the second version, and the words for systemd."""
    most = Limits(memory=1024**3, processors=1.5, tasks=200)
    for name in ("memory", "pids", "cpu"):
        (tmp_path / "one" / name).mkdir(parents=True)
    groups = limits.groups(most, "lab-student-7", tmp_path / "one")
    assert {group.parent.name for group in groups} == {"memory", "pids", "cpu"}
    assert (tmp_path / "one" / "memory" / "lab-student-7" / "memory.limit_in_bytes").read_text() == str(1024**3)
    assert (tmp_path / "one" / "cpu" / "lab-student-7" / "cpu.cfs_quota_us").read_text() == "150000"
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "cgroup.controllers").write_text("cpu memory pids")
    (group,) = limits.groups(most, "lab-student-7", tmp_path / "two")
    assert {file.name: file.read_text() for file in group.iterdir()} == {
        "memory.max": str(1024**3), "pids.max": "200", "cpu.max": "150000 100000",
    }  # fmt: skip
    assert limits.groups(most, "lab-student-7", tmp_path / "none") == []
    words = most.scope("lab-student-7-0a")
    assert words[0] == "systemd-run"
    assert {f"--property=MemoryMax={1024**3}", "--property=CPUQuota=150%", "--property=TasksMax=200"} <= set(words)


def test_a_served_class_is_graded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the reports in students' folders count; who has none is missing, and a link is not followed."""
    (tmp_path / "class" / "hub").mkdir(parents=True)
    (tmp_path / "class" / "hub" / "students.json").write_text("{}")
    (tmp_path / "roster.csv").write_text("id,name\nAda,Ada Lovelace\ngrace,Grace Hopper\nmal,Mal Ory\n")
    students = tmp_path / "class" / "students"
    for name in ("ada", "grace", "mal"):
        for file in ("work/02-containers.ipynb", "work/lab02/page/hello.json", "lab/engine.json", "home/x.json"):
            (students / name / file).parent.mkdir(parents=True, exist_ok=True)
            (students / name / file).write_text("{}")
    report = students / "ada" / "work" / "lab-report.json"
    report.write_bytes(Learner("Ada Lovelace").pass_("2.1").file())
    (students / "mal" / "work" / "lab-report.json").symlink_to(report)
    assert cli.main(["grade", str(students), "--roster", str(tmp_path / "roster.csv")]) == 0
    assert "Graded: 1. Held back: 1. Without a hand-in: 1." in capsys.readouterr().out
    rows = list(csv.DictReader((tmp_path / "class" / "students-grades" / "flags.csv").open(encoding="utf-8-sig")))
    assert len(rows) == 1
    assert "is a link" in str(rows)


@pytest.mark.parametrize(
    ("words", "becomes"),
    [
        ([], "engine start --engine practice"),
        (["start", "--mirror"], "engine start --engine practice --mirror"),
        (["stop"], "engine stop"),
        (["report", "--name", "Ada Lovelace"], "report --name Ada Lovelace"),
    ],
)
def test_lab_inside_the_fence(words: list[str], becomes: str) -> None:
    """The command of a student starts the engine alone, also without a word; all else is the course's."""
    done = subprocess.run(
        ["sh", "-s", *words], input=command.SCRIPT, capture_output=True, text=True, env={"LABKIT_PYTHON": "echo"}
    )
    assert (done.stdout.strip(), done.stderr) == (f"-m labkit.cli {becomes}", "")


_QUICK = """
import asyncio, sys
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_unix_socket
from tornado.web import Application
from labkit.classroom.hub.closing import leave_to_proxy

async def main():
    leave_to_proxy()
    HTTPServer(Application()).add_socket(bind_unix_socket(sys.argv[1]))
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_an_answer_on_a_socket_is_not_followed_by_a_close(tmp_path: Path) -> None:
    """The proxy's last write of no bytes finds the connection open; an old client, which waits for the end, gets it."""
    path = str(tmp_path / "s")
    with subprocess.Popen([sys.executable, "-c", _QUICK, path], cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            assert server.stdout.readline() == "ready\n"
            for version, end in (("1.1", TimeoutError), ("1.0", None)):
                with socket.socket(socket.AF_UNIX) as client:
                    client.settimeout(1)
                    client.connect(path)
                    head = f"PATCH / HTTP/{version}\r\nHost: x\r\nConnection: close\r\nContent-Length: 2"
                    client.sendall(f"{head}\r\n\r\n{{}}".encode())
                    answer = b""
                    while b"</html>" not in answer:
                        answer += client.recv(65536)
                    assert b" 404 " in answer.splitlines()[0]
                    with pytest.raises(end) if end else nullcontext():
                        assert client.recv(1) == b""
        finally:
            server.terminate()


def test_a_submission_is_copied_without_what_is_not_its_own(tmp_path: Path) -> None:
    """Links, second names, pipes and folders stay behind; a folder that is a link is not gone into."""
    secret = tmp_path / "secret"
    secret.write_text("of somebody else")
    source = tmp_path / "in"
    source.mkdir()
    (source / "lab.ipynb").write_text("{}")
    (source / "link.ipynb").symlink_to(secret)
    os.link(secret, source / "second.ipynb")
    os.mkfifo(source / "pipe")
    (source / "folder").mkdir()
    with (source / "huge").open("wb") as huge:
        huge.truncate(10**9)
    copy_plain(source, tmp_path / "out")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["lab.ipynb"]
    (tmp_path / "door").symlink_to(source)
    with pytest.raises(OSError, match="door"):
        copy_plain(tmp_path / "door", tmp_path / "other")
