"""The learner's copy: kept up to date, and nothing that a learner changed is ever lost."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path

import pytest

from labkit import files, workcopy
from labkit.engines.base import Paths
from labkit.errors import LabError
from labkit.workcopy import lay_out, notebooks, put_back


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A checkout with two notebooks, a glossary, and what a learner must not see."""
    course = tmp_path / "notebooks"
    (course / "src").mkdir(parents=True)
    (course / "solved").mkdir()
    (course / "01-one.ipynb").write_text("one, first edition")
    (course / "02-two.ipynb").write_text("two, first edition")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "glossary.md").write_text("words")
    (tmp_path / "docs" / "exercises.md").write_text("")
    (course / "build.py").write_text("")
    (course / "src" / "01-one.py").write_text("")
    (course / "solved" / "01-one.ipynb").write_text("")
    return Paths.of(tmp_path)


def seen(paths: Paths) -> set[str]:
    """What JupyterLab's file browser shows."""
    files = (file.relative_to(paths.work) for file in paths.work.rglob("*") if file.is_file())
    return {str(file) for file in files if not file.name.startswith(".")}


def test_first_layout(paths: Paths) -> None:
    """The copy holds the notebooks and the glossary: no sources, no solutions, no tools."""
    layout = lay_out(paths)
    assert seen(paths) == {"01-one.ipynb", "02-two.ipynb", "docs/glossary.md"}
    assert {str(file.relative_to(paths.work)) for file in layout.fresh} == seen(paths)


def test_second_layout_writes_nothing(paths: Paths) -> None:
    """Laying out again leaves every file as it is, to its time of change."""
    lay_out(paths)
    before = {file: file.stat().st_mtime_ns for file in paths.work.iterdir()}
    assert lay_out(paths) == workcopy.Layout()
    assert {file: file.stat().st_mtime_ns for file in paths.work.iterdir()} == before


def test_untouched_copy_gets_the_new_edition(paths: Paths) -> None:
    """A copy that nobody changed is replaced by the new edition."""
    lay_out(paths)
    (paths.root / "notebooks" / "01-one.ipynb").write_text("one, second edition")
    layout = lay_out(paths)
    assert (paths.work / "01-one.ipynb").read_text() == "one, second edition"
    assert [file.name for file in layout.fresh] == ["01-one.ipynb"]
    assert layout.beside == {}


def test_touched_copy_is_kept_and_the_new_edition_stands_beside(paths: Paths) -> None:
    """A copy that a learner changed stays; the new edition gets a dated name, once."""
    lay_out(paths)
    (paths.work / "01-one.ipynb").write_text("mine")
    (paths.root / "notebooks" / "01-one.ipynb").write_text("one, second edition")
    beside = lay_out(paths).beside["01-one.ipynb"]
    assert re.fullmatch(r"01-one-new-\d{4}-\d\d-\d\d\.ipynb", beside)
    assert (paths.work / "01-one.ipynb").read_text() == "mine"
    assert (paths.work / beside).read_text() == "one, second edition"
    assert lay_out(paths) == workcopy.Layout()


def test_two_new_editions_on_one_day(paths: Paths) -> None:
    """A second new edition does not write over the first one, which may be touched as well."""
    lay_out(paths)
    (paths.work / "01-one.ipynb").write_text("mine")
    texts = {"mine"}
    for edition in ("second", "third"):
        (paths.root / "notebooks" / "01-one.ipynb").write_text(edition)
        lay_out(paths)
        texts.add(edition)
    assert {file.read_text() for file in paths.work.glob("01-one*.ipynb")} == texts


def test_touched_copy_without_a_new_edition_stays_alone(paths: Paths) -> None:
    """A changed copy of the edition in force is no reason to lay anything beside it."""
    lay_out(paths)
    (paths.work / "02-two.ipynb").write_text("mine")
    assert lay_out(paths) == workcopy.Layout()
    assert seen(paths) == {"01-one.ipynb", "02-two.ipynb", "docs/glossary.md"}


def test_deleted_copy_comes_back(paths: Paths) -> None:
    """A copy that a learner deleted is there again at the next start."""
    lay_out(paths)
    (paths.work / "01-one.ipynb").unlink()
    lay_out(paths)
    assert (paths.work / "01-one.ipynb").read_text() == "one, first edition"


@pytest.mark.parametrize("damaged", ["", "{", "[1]", '{"01-one.ipynb": 3}'])
def test_damaged_note_loses_nothing(paths: Paths, damaged: str) -> None:
    """With a damaged note of editions, changed copies stay and nothing is raised."""
    lay_out(paths)
    (paths.work / "01-one.ipynb").write_text("mine")
    (paths.work / ".editions.json").write_text(damaged)
    lay_out(paths)
    assert (paths.work / "01-one.ipynb").read_text() == "mine"
    assert set(json.loads((paths.work / ".editions.json").read_text())) == seen(paths)


def test_link_of_the_learners_is_not_written_through(paths: Paths, tmp_path: Path) -> None:
    """A copy that was made a link keeps pointing where it did, and its target is not changed."""
    lay_out(paths)
    elsewhere = tmp_path / "elsewhere.ipynb"
    elsewhere.write_text("mine, elsewhere")
    (paths.work / "01-one.ipynb").unlink()
    (paths.work / "01-one.ipynb").symlink_to(elsewhere)
    (paths.root / "notebooks" / "01-one.ipynb").write_text("one, second edition")
    lay_out(paths)
    assert elsewhere.read_text() == "mine, elsewhere"
    assert (paths.work / "01-one.ipynb").is_symlink()


def test_reset_keeps_the_old_copy(paths: Paths) -> None:
    """A notebook that is put back gets its first state, and the learner's is kept under a dated name."""
    lay_out(paths)
    (paths.work / "02-two.ipynb").write_text("mine")
    old = put_back(paths, notebooks(paths)["02"])
    assert old
    assert re.fullmatch(r"02-two-\d{4}-\d\d-\d\d-\d{4}\.ipynb", old)
    assert (paths.work / old).read_text() == "mine"
    assert (paths.work / "02-two.ipynb").read_text() == "two, first edition"


def test_reset_of_an_untouched_notebook_keeps_no_copy(paths: Paths) -> None:
    """Putting back what nobody changed leaves one file."""
    lay_out(paths)
    assert put_back(paths, notebooks(paths)["02"]) is None
    assert seen(paths) == {"01-one.ipynb", "02-two.ipynb", "docs/glossary.md"}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "may not write"),
        (errno.EACCES, "may not write"),
        (errno.EIO, "Input/output"),
    ],
)
def test_a_write_that_fails_is_said_and_loses_nothing(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, code: int, said: str
) -> None:
    """A full disk or a read-only folder is one sentence, and the old copy is whole."""
    lay_out(paths)
    (paths.root / "notebooks" / "01-one.ipynb").write_text("one, second edition")

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(code, os.strerror(code), str(target))

    monkeypatch.setattr(files.Path, "replace", refuse)
    with pytest.raises(LabError, match=said) as caught:
        lay_out(paths)
    assert caught.value.hint
    assert "\n" not in caught.value.message
    assert (paths.work / "01-one.ipynb").read_text() == "one, first edition"
    assert not [file for file in paths.work.iterdir() if file.name.endswith(".tmp")]
