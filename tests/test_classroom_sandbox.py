"""What students wrote is run where it can do no harm, and gets the grade of what it did."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import nbformat
import pytest

from labkit.classroom import inside, jail, outstream, remotedesk, sandbox, supervise
from labkit.classroom.examiner import MOST, Examiner, revived
from labkit.engines.base import EngineRecord
from labkit.errors import LabError
from labkit.exchange import Exchange
from labkit.model import Endpoint, Request, Response

ROOT = Path(__file__).resolve().parent.parent
RECORD = EngineRecord("practice", Endpoint(socket="/run/none"), "28", "1.51", (20000, 20099))
here = pytest.mark.skipif(bool(sandbox.unavailable()), reason="needs Linux and root")

BEGIN = 'import labkit\nlab = labkit.start("02")'
COUNT = 'len(lab.get("/containers/json", all=True, filters={"label": ["crate=" + lab.name("crate")]}).json())'
HONEST = ['lab.setup("2.1")', f"answer = {COUNT}\nanswer", 'lab.check("2.1", answer)']
LATER = [
    'lab.setup("2.9")',
    'lab.delete("/containers/" + lab.name("hog"), force=True, v=True).status',
    'lab.check("2.9")',
]

KILL_ALL = """
for pid in range(1, 400):
    try:
        pid != os.getpid() and pid != os.getppid() and os.kill(pid, 9)
    except OSError:
        pass
"""
FORGE = """
import json
door = socket.socket(socket.AF_UNIX)
door.connect(os.environ["LABKIT_EXAMINER"])
door.sendall(json.dumps({"do": "check", "id": "2.2", "state": "passed"}).encode() + b"\\n")
door.recv(10000)
"""
FILL = """
n = 0
try:
    while True:
        n += 1
        open(f"f{n}", "wb").write(bytes(50_000_000))
except OSError:
    print("full")
for k in range(n + 1):
    os.path.exists(f"f{k}") and os.unlink(f"f{k}")
"""
DELETE = """
import shutil
for top in ("/tmp", "/etc", "/dev", os.environ["LABKIT_ROOT"], os.environ["XDG_RUNTIME_DIR"]):
    shutil.rmtree(top, ignore_errors=True)
sorted({"bin", "dev", "etc"} & set(os.listdir("/")))
"""
FORK = """
while True:
    try:
        os.fork() or time.sleep(1000)
    except OSError:
        break
"""
STOP = """
from labkit.engines import setup
from labkit.engines.base import Paths
setup.stop(Paths.find())
"""
DEAF = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    time.sleep(1)
"""
MARK = """
open("/tmp/mark", "w").write("x")
open("mark", "w").write("x")
lab.post("/volumes/create", json={"Name": "m"})
"""


def run(*cells: str, **how: Any) -> tuple[sandbox.Outcome, dict[str, str]]:
    """Run cells; return what came of it, and the text of each cell's output by its source."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (BEGIN, *cells)])
    outcome = sandbox.run(nbformat.writes(notebook), "02", **how)
    said = {}
    if outcome.executed:
        for cell in nbformat.reads(outcome.executed, as_version=4).cells:
            said[cell.source] = "".join(
                str(o.get("text") or o.get("data", {}).get("text/plain") or o.get("ename", "")) for o in cell.outputs
            )
    return outcome, said


def passed(outcome: sandbox.Outcome) -> set[str]:
    return {id for id, standing in outcome.standings.items() if standing.passed}


# The answers that travel


@pytest.mark.parametrize(
    "value", [None, True, 3, 2.5, "x", [1, [2]], (201, 409), {"a": 1}, frozenset((1, 2)), {1, 2}, ...], ids=repr
)
def test_plain_answers_arrive(value: object) -> None:
    """What an exercise may ask for comes out of the data as it went in."""
    assert revived(remotedesk.plain(value), RECORD) == value


def test_of_a_response_the_request_alone_arrives() -> None:
    """Evidence is asked for anew: nothing else of a response is taken."""
    request = Request("GET", "/v1.51/containers/json", RECORD.endpoint)
    given = Exchange(request, Response(200, "", (), b'"forged"'), 0.0)
    got = revived(remotedesk.plain(given), RECORD)
    assert isinstance(got, Exchange)
    assert (got.request.method, got.request.target, got.response.body) == ("GET", "/v1.51/containers/json", b"")


class _Desk:
    """A desk that counts, and stumbles over one id."""

    def __init__(self) -> None:
        self.asked = 0

    def setup(self, id: str) -> Any:
        self.asked += 1
        if id == "boom":
            raise ZeroDivisionError
        raise LabError("no such thing")


@pytest.mark.parametrize("question", [None, 7, {}, {"do": "check"}, {"do": "setup", "id": "boom"}, {"do": 1, "id": []}])
def test_the_examiner_survives_every_question(question: object) -> None:
    """Whatever is asked gets a sentence."""
    assert Examiner(_Desk(), RECORD).answer(question)["text"]  # type: ignore[arg-type]


def test_the_examiner_does_not_let_itself_be_asked_for_ever() -> None:
    """Guessing ends after so many questions about one exercise."""
    desk = _Desk()
    examiner = Examiner(desk, RECORD)  # type: ignore[arg-type]
    said = [examiner.answer({"do": "setup", "id": "2.1"})["text"] for _n in range(MOST["setup"] + 5)]
    assert desk.asked == MOST["setup"]
    assert "too often" in said[-1]


def test_without_rights_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rights cannot be taken away, code of others is not run, and it is said why."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match="needs Linux and root"):
        sandbox.run("{}", "02")


def test_a_kernel_that_does_not_start_is_nobodys_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the notebook was run then: the run ends with an error, and not with no points."""
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), tmp_path / "in.ipynb")
    monkeypatch.setattr(sys, "argv", ["inside", str(tmp_path / "in.ipynb"), str(tmp_path / "out.ipynb"), "8"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("begin\n"))
    monkeypatch.setattr(inside.Client, "execute", Mock(side_effect=RuntimeError("Kernel died before replying")))
    with pytest.raises(SystemExit) as ended:
        inside.main()
    assert ended.value.code == jail.NOT_STARTED
    order = {"base": str(tmp_path), "users": 1, "seconds": 60}
    with subprocess.Popen([sys.executable, "-c", f"raise SystemExit({jail.NOT_STARTED})"]) as notebook:
        with pytest.raises(RuntimeError, match="kernel did not start"):
            supervise.Submission(order)._wait(notebook)


def test_what_a_cell_prints_is_bounded_where_it_is_printed() -> None:
    """The kernel keeps no more than that of a cell; the next cell has as much again."""
    kept: list[str] = []
    stream = outstream.Bounded.__new__(outstream.Bounded)
    with patch.object(outstream.OutStream, "write", lambda _self, text: kept.append(text)):
        for cell in ("a", "b"):
            with patch.object(outstream.Bounded, "parent_header", {"msg_id": cell}):
                assert [stream.write(cell * 150_000) for _n in range(3)] == [150_000] * 3
    assert "".join(kept) == "a" * outstream.MOST_OF_A_CELL + "b" * outstream.MOST_OF_A_CELL


# Notebooks


@here
def test_a_hostile_notebook_gets_its_fair_grade_and_touches_nothing(tmp_path: Path) -> None:
    """It reads, deletes, connects, patches and forges; it has what it did before and after, and nothing it forged."""
    other = tmp_path / "other.ipynb"
    other.write_text("somebody else's work")
    tmp_path.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        cells = [
            f"open({str(other)!r}).read()",
            f"open({str(ROOT / 'notebooks' / 'solved' / '02-containers.ipynb')!r}).read()",
            f"len(open({str(ROOT / 'labkit' / 'exercises' / 'lab02.py')!r}).read())",
            'lab.solution("2.2", force=True)',
            f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)",
            "socket.create_connection(('192.0.2.1', 80), 2)",
            "import os\nos.setuid(0)",
            "open('/usr/bin/x', 'w')",
            DELETE,
            FORGE,
            "os.listdir(os.path.dirname(os.environ['LABKIT_EXAMINER']) + '/state')",
            "for n in range(100): lab.check('2.8', str(n))",
            "real = type(lab).check\ntype(lab).check = lambda *_: 'passed'\nlab.check('2.2')",
        ]
        outcome, said = run(*HONEST, *cells, "type(lab).check = real", *LATER)
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
    assert passed(outcome) == {"2.1", "2.9"}
    assert other.read_text() == "somebody else's work"
    assert [said[cell] for cell in cells[:9]] == [
        "FileNotFoundError",
        "FileNotFoundError",
        "0",
        "There are no hints and solutions while a notebook is graded.",
        "ConnectionRefusedError",
        "OSError",
        "PermissionError",
        "OSError",
        "['bin', 'dev', 'etc']",
    ]
    assert said[cells[10]] == "PermissionError"
    assert outcome.standings["2.8"].attempts <= MOST["check"]
    assert not outcome.stopped
    assert not list(Path("/tmp").glob("lab-grade-*/*"))


@here
@pytest.mark.slow
@pytest.mark.parametrize(
    ("attack", "grade"),
    [
        (FORK, {"2.1"}),
        ("while True: pass", {"2.1", "2.9"}),
        ("for n in range(1000): print('x' * 1_000_000)", {"2.1", "2.9"}),
        ("print('x' * 1_000_000_000)", {"2.1", "2.9"}),
        ("bytearray(20_000_000_000)", {"2.1", "2.9"}),
        (FILL, {"2.1", "2.9"}),
        ("os.kill(os.getpid(), 9)", {"2.1"}),
        (KILL_ALL, {"2.1"}),  # the ids of its own threads among them
        (STOP, {"2.1"}),
        (DEAF, {"2.1"}),
    ],
    ids=["forks", "loops", "prints 1 GB", "prints 1 GB at once", "takes memory", "fills the disk", "kills itself",
         "kills all it sees", "stops its engine", "cannot be interrupted"],
)  # fmt: skip
def test_attacks_on_the_machine(attack: str, grade: set[str]) -> None:
    """Each costs the notebook at most what it had not done yet, and the machine nothing; `grade` is sure."""
    before = {thread.name for thread in threading.enumerate()}
    outcome, _said = run(*HONEST, f"import os, time\n{attack}", *LATER, seconds=60, cell_seconds=8)
    assert grade <= passed(outcome) <= {"2.1", "2.9"}
    assert len(outcome.executed) < 8_000_000
    assert {thread.name for thread in threading.enumerate()} == before
    assert not list(Path("/tmp").glob("lab-grade-*/*"))


@here
@pytest.mark.slow
def test_each_run_begins_afresh() -> None:
    """What one submission left is not there for the next one."""
    run(MARK)
    look = "import os\nos.path.exists('/tmp/mark'), os.path.exists('mark'), lab.get('/volumes/m').status"
    _outcome, said = run(look)
    assert said[look] == "(False, False, 404)"
