"""The report: what it holds, what it does not, and how a changed one is seen."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labkit import report, seal
from labkit.engines.base import Paths
from labkit.errors import LabError
from labkit.exercises.journal import Journal

TOKEN = "tok-0123456789abcdef"


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("SOME_TOKEN", TOKEN)
    monkeypatch.delenv("LABKIT_SEED", raising=False)
    monkeypatch.setattr(socket, "gethostname", lambda: "classroom-7")
    paths = Paths(tmp_path, tmp_path / "work", tmp_path / ".lab", tmp_path / "run")
    paths.work.mkdir()
    journal = Journal(paths.state, paths.work)
    base = {"time": "2026-01-02T03:04:05Z", "id": "2.2", "engine": "20.10.24"}
    found = ["/data", f"{paths.work}/other <b>", f"{socket.gethostname()} {TOKEN}"]
    journal.add({**base, "do": "check", "state": "not yet", "finding": found})
    journal.add({**base, "do": "hint", "about": "", "rung": 1})
    evidence = [
        ["Mounts", f"{paths.work}/lab02/page"],
        ["host", socket.gethostname()],
        ["token", TOKEN],
        ["<i>", "<script>"],
    ]
    journal.add({**base, "do": "check", "state": "passed", "evidence": evidence})
    return paths


def _saved(paths: Paths, change: Callable[[dict[str, Any]], None] = lambda _report: None) -> Path:
    made = report.make(paths, "A. Learner")
    change(made)
    file = paths.root / "lab-report.json"
    file.write_text(json.dumps(made))
    return file


def test_a_report_says_what_was_done(paths: Paths) -> None:
    """State, attempts, hints, times and evidence of an exercise are in the report."""
    row = next(row for row in report.make(paths)["exercises"] if row["id"] == "2.2")
    assert (row["state"], row["attempts"], row["hints"]) == ("passed", 2, 1)
    assert row["passed"] == "2026-01-02T03:04:05Z"
    assert row["evidence"][0][0] == "Mounts"


def test_a_report_tells_copies_of_the_course_apart(paths: Paths) -> None:
    """It names the seed that everything was drawn from, by a digest that gives the seed away to nobody."""
    made = report.make(paths)
    assert made["seed"] == report.make(paths)["seed"]
    assert len(made["seed"]) == 16
    (paths.state / "seed").unlink()
    assert report.make(paths)["seed"] != made["seed"]


def test_an_unchanged_report_holds(paths: Paths) -> None:
    """A report as it was written is verified, and it says what that proves and what not."""
    found = report.verify(_saved(paths), paths)
    assert found.good
    assert "this copy" in found.sentences[1]
    assert found.sentences[2:] == (report.PROVES, report.PROVES_NOT)


def _pass(made: dict[str, Any]) -> None:
    made["exercises"][0]["state"] = "passed"


def _cut(made: dict[str, Any]) -> None:
    del made["journal"][-1]


def _swap(made: dict[str, Any]) -> None:
    made["who"] = "Somebody Else"


def _hintless(made: dict[str, Any]) -> None:
    del made["journal"][1]
    next(row for row in made["exercises"] if row["id"] == "2.2")["hints"] = 0


def _unsigned(made: dict[str, Any]) -> None:
    del made["signature"]


def _nonsense(made: dict[str, Any]) -> None:
    made["journal"] = made["key"] = 7


@pytest.mark.parametrize("change", [_pass, _cut, _swap, _hintless, _unsigned, _nonsense])
def test_a_changed_report_is_seen(paths: Paths, change: Callable[[dict[str, Any]], None]) -> None:
    """An edit, a cut, another name and a missing signature are all seen."""
    assert not report.verify(_saved(paths, change), paths).good


def test_every_single_byte_counts(paths: Paths) -> None:
    """A letter changed anywhere in the text of a report is seen."""
    text = _saved(paths).read_text()
    file = paths.root / "one.json"
    for at in range(0, len(text), 37):
        if text[at].isalnum() and text[at] not in "0123456789truefalsn":
            file.write_text(text[:at] + ("b" if text[at] == "a" else "a") + text[at + 1 :])
            try:
                assert not report.verify(file, paths).good, text[at - 20 : at + 20]
            except LabError:
                pass  # no report any more


def test_a_report_made_anew_with_another_key_is_of_another_copy(paths: Paths, tmp_path: Path) -> None:
    """Whoever signs with a key of their own is not taken for this learner."""
    other = Paths(paths.root, tmp_path / "other", tmp_path / "otherstate", paths.run)
    found = report.verify(_saved(paths), other)
    assert found.good
    assert "another copy" in found.sentences[1]


def _signed_anew(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """A change by somebody who has a key, and signs again."""

    def changed(made: dict[str, Any]) -> None:
        change(made)
        made.update(seal.sealed({k: v for k, v in made.items() if k not in ("key", "signature")}, b"k" * 32))

    return changed


def _unshown(made: dict[str, Any]) -> None:
    made["journal"] = seal.chained([{"do": "solution", "id": "2.2"}, *map(seal.bare, made["journal"])])


def _two_rows(made: dict[str, Any]) -> None:
    made["exercises"].append(made["exercises"][0])


@pytest.mark.parametrize("change", [_pass, _unshown, _two_rows])
def test_a_table_that_its_journal_does_not_add_up_to_is_seen(
    paths: Paths, change: Callable[[dict[str, Any]], None]
) -> None:
    """Also where the signature fits: a pass too many, a solution that was not counted, a row too many."""
    found = report.verify(_saved(paths, _signed_anew(change)), paths)
    assert not found.good
    assert "does not agree" in found.sentences[0]


def _older(made: dict[str, Any]) -> None:
    made["course"] = "0.1"


def _foreign(made: dict[str, Any]) -> None:
    made["journal"][-1]["seed"] = "0123456789abcdef"
    made["journal"] = seal.chained(map(seal.bare, made["journal"]))


def _other_words(made: dict[str, Any]) -> None:
    made["proves"] = ["It proves everything."]


@pytest.mark.parametrize(
    ("change", "said"), [(_older, "version 0.1"), (_foreign, "another seed than this report's were passed: 2.2")]
)
def test_what_is_unusual_in_a_report_is_said(paths: Paths, change: Callable[[dict[str, Any]], None], said: str) -> None:
    """Another version of the course, and exercises that were passed with somebody else's draws."""
    found = report.verify(_saved(paths, _signed_anew(change)), paths)
    assert found.good
    assert said in found.sentences[2]


def test_what_a_report_proves_is_said_by_who_verifies_it(paths: Paths) -> None:
    """The report's own words about itself are not believed."""
    assert "It proves everything." not in report.verify(_saved(paths, _signed_anew(_other_words)), paths).sentences


def test_no_path_host_or_secret_gets_out(paths: Paths) -> None:
    """No path of the machine, no host name and no token of the environment is in a report or its page."""
    made, files = report.write(paths, "me", paths.work)
    for text in (json.dumps(made), *(file.read_text() for file in files)):
        for secret in (str(paths.root), str(Path.home()) + "/", socket.gethostname(), TOKEN):
            assert secret not in text


def test_the_page_has_no_script_and_escapes_what_it_shows(paths: Paths) -> None:
    """The page stands alone: no script, nothing loaded, nothing of an engine read as HTML."""
    text = report.page(report.make(paths, "<img src=x onerror=alert(1)>"))
    assert "<script" not in text
    assert "<img" not in text
    assert "src=" not in text.replace("&lt;img src=x", "")
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"{}", b"[" * 100_000, b'{"format": "1"}'])
def test_what_is_no_report_is_named_so(tmp_path: Path, content: bytes) -> None:
    """Anything else than a report gets one sentence."""
    file = tmp_path / "x.json"
    file.write_bytes(content)
    with pytest.raises(LabError, match="not a report"):
        report.verify(file)


def test_a_newer_report_and_a_missing_one(paths: Paths) -> None:
    """A report of a newer version is not judged, and a missing file is said to be missing."""
    newer = paths.root / "newer.json"
    newer.write_text('{"format": 99}')
    with pytest.raises(LabError, match="newer version"):
        report.verify(newer)
    with pytest.raises(LabError, match="cannot be read"):
        report.verify(paths.root / "none.json")


def test_the_command_prints_a_table_and_an_exit_code(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``./lab report`` writes two files and a table; with --verify its exit code says whether the report holds."""
    monkeypatch.setattr(Paths, "find", classmethod(lambda _cls: paths))
    monkeypatch.chdir(paths.work)
    assert report.command("me", None) == 0
    said = capsys.readouterr().out
    assert "2.2" in said
    assert re.search(r"^\d+ of 64 exercises passed\.$", said, re.M)
    # Where the command was typed is not always the folder of the course: the whole paths are said.
    written = [Path(name) for name in said.splitlines()[-1].removeprefix("Written: ").split(", ")]
    assert written == [paths.work / "lab-report.json", paths.work / "lab-report.html"]
    assert all(file.exists() for file in written)
    assert report.command("", "lab-report.json") == 0
    broken = json.loads(Path("lab-report.json").read_text())
    broken["who"] = "you"
    Path("lab-report.json").write_text(json.dumps(broken))
    assert report.command("", "lab-report.json") == 1
