"""docs/instructors.md says what is so: commands, labs, flags and settings are compared with the course."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from classroomhelp import IDS, Learner

from labkit import cli
from labkit.classroom import rubric
from labkit.classroom.flags import HELD, Kind
from labkit.lab import TITLES

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "instructors.md").read_text()


def table(after: str) -> list[list[str]]:
    """The cells of the first table behind a text, without its head."""
    rows = re.search(r"(?:^\|.*\n)+", PAGE[PAGE.index(after) :], re.M)
    assert rows
    lines = rows.group().splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_command_is_one() -> None:
    """Each ./lab command of the page is understood as it stands."""
    found = {words.rstrip(".") for words in re.findall(r"\./lab(?: [^`\n;|,()]+)?", PAGE)} - {"./lab"}
    assert len(found) > 8
    for words in found:
        cli.parse(shlex.split(words)[1:])
    served = re.findall(r"labkit (classroom [^`\n|]+)", PAGE)
    assert {words.split()[1] for words in served} >= {"serve", "stop", "init"}
    for words in served:
        if len(words.split()) > 2:
            cli.parse(shlex.split(words))


def test_the_environment_for_teachers_is_made_in_one_way() -> None:
    """One recipe makes the folder grading, git leaves it alone, and the server is started from it."""
    assert len(set(re.findall(r"grading/bin/pip install (.+)", PAGE))) == 1
    assert "/grading/" in (ROOT / ".gitignore").read_text().splitlines()
    for text in (PAGE, (ROOT / "README.md").read_text()):
        assert set(re.findall(r"([^\s`]*)labkit classroom (?:serve|stop) [A-Z/]", text)) == {"grading/bin/"}


def test_the_rubric_on_the_page_holds_every_setting() -> None:
    """The example is a rubric, and each setting that there is stands in it."""
    text = re.search(r"```toml\n(.*?)```", PAGE, re.S)
    assert text
    made = rubric.parse(text[1].encode(), "rubric.toml", IDS)
    assert (made.points["2.9"], made.points["2.1"]) == (4, 2)
    assert "2.13" not in made.points
    named = {key for key in rubric._from_toml(text[1], "") if not key.startswith("points.")}
    assert named == set(rubric._SETTINGS)


def test_every_flag_is_explained() -> None:
    """The table of flags has each one, and says which hold a grade back."""
    said = {cells[0].strip("`"): cells[2] == "yes" for cells in table("## Flags")}
    assert said == {kind.value: kind in HELD for kind in Kind}


def test_the_labs_are_those_of_the_course() -> None:
    """Titles, minutes and exercises are those of the README and of the course."""
    readme = (ROOT / "README.md").read_text()
    rows = table("## The labs")
    assert len(rows) == len(TITLES)
    for lab, minutes, exercises, *_rest in rows:
        number, title = lab.split(". ")
        assert TITLES[number.zfill(2)] == title
        assert f"| {lab} | {minutes} |" in readme
        of_lab = [id for id in IDS if id.startswith(f"{number}.")]
        assert exercises == f"{of_lab[0]}–{of_lab[-1]}"


def test_links_and_files_are_there() -> None:
    """Headings that are linked to, and files that are named, exist."""
    headings = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", PAGE, re.M)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= headings
    for name in re.findall(r"`((?:docs|notebooks|labkit)/[\w./-]*|[A-Z]+\.md)`", PAGE):
        assert (ROOT / name).exists(), name


def test_the_steps_of_the_page_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grading as the page says it, word by word, writes the files that it lists."""
    text = re.search(r"```toml\n(.*?)```", PAGE, re.S)
    assert text
    monkeypatch.chdir(tmp_path)
    Path("rubric.toml").write_text(text[1])
    Path("roster.csv").write_text("id,name,moodle,canvas\ns1,Ada Lovelace,12,\ns2,Grace Hopper,,34\n")
    place = Path("submissions/Ada Lovelace_12_assignsubmission_file_")
    place.mkdir(parents=True)
    (place / "lab-report.json").write_bytes(Learner("Ada Lovelace").pass_("2.1").file())
    Path("submissions/hoppergrace_34_56_lab-report.json").write_bytes(Learner("Grace Hopper").pass_("2.2").file())
    (command,) = re.findall(r"^ +\./lab (grade .*)$", PAGE, re.M)
    assert cli.main(shlex.split(command)) == 0
    listed = {name for cells in table("4. **Grade:**") for name in re.findall(r"`([\w.-]+/?)`", cells[0])}
    written = {entry.name + "/" * entry.is_dir() for entry in Path("submissions-grades").iterdir()}
    assert written == listed
