"""The journal: signed, chained, kept twice, and never lost."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import resource
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.exercises import journal as module
from labkit.exercises.journal import Entry, Journal, decode, encode, key


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / ".lab"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def journal(state: Path, work: Path) -> Journal:
    journal = Journal(state, work)
    for n in range(5):
        assert journal.add({"do": "check", "id": f"2.{n + 1}", "state": "passed"}) == ""
    return journal


def _ids(journal: Journal) -> list[str]:
    return [str(entry["id"]) for entry in journal.read()[0]]


FIVE = ["2.1", "2.2", "2.3", "2.4", "2.5"]


def test_entries_outlive_the_one_who_wrote_them(journal: Journal, state: Path, work: Path) -> None:
    """Another kernel reads what the first one wrote."""
    assert _ids(Journal(state, work)) == FIVE
    assert journal.read()[1] == ""


def test_key_and_journal_are_private(journal: Journal, state: Path, work: Path) -> None:
    """The key and both copies are readable by their owner alone."""
    for file in (state / "key", state / "progress", work / ".progress"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def _edited(lines: list[str]) -> list[str]:
    return [line.replace('"2.3"', '"2.9"') for line in lines]


def _without_one(lines: list[str]) -> list[str]:
    return [*lines[:3], *lines[4:]]


def _swapped(lines: list[str]) -> list[str]:
    return [*lines[:2], lines[3], lines[2], *lines[4:]]


def _twice(lines: list[str]) -> list[str]:
    return [*lines[:5], lines[4], *lines[5:]]


def _half_a_line(lines: list[str]) -> list[str]:
    return [*lines[:-2], lines[-2][:20]]


def _nothing(_lines: list[str]) -> list[str]:
    return [""]


def _noise(_lines: list[str]) -> list[str]:
    return ["\0\xff{", "}"]


def _no_header(lines: list[str]) -> list[str]:
    return lines[1:]


def _another_key(lines: list[str]) -> list[str]:
    return [json.dumps({"format": 1, "key": "0" * 12}), *lines[1:]]


DAMAGES = [_edited, _without_one, _swapped, _twice, _half_a_line, _nothing, _noise, _no_header, _another_key]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("which", ["work", "state"])
def test_damage_costs_one_sentence_and_no_progress(
    journal: Journal, state: Path, work: Path, damage: Callable[[list[str]], list[str]], which: str
) -> None:
    """One copy damaged: it is set aside under a name that is told, and all entries are still there."""
    file = work / ".progress" if which == "work" else state / "progress"
    damaged = "\n".join(damage(file.read_text().split("\n")))
    file.write_text(damaged)
    said = journal.add({"do": "check", "id": "2.6", "state": "passed"})
    assert _ids(journal) == [*FIVE, "2.6"]
    assert said.count(". ") <= 1
    assert said.endswith(".")
    kept = list(file.parent.glob(f"{file.name}.damaged-*"))
    assert [k.read_text() for k in kept] == [damaged]
    assert journal.add({"do": "check", "id": "2.7", "state": "passed"}) == ""


def test_a_pass_cannot_be_written_in(journal: Journal, state: Path, work: Path) -> None:
    """An entry that somebody adds by hand to both copies is not believed; those before it are."""
    for file in (state / "progress", work / ".progress"):
        with file.open("a") as handle:
            handle.write('{"do": "check", "id": "2.9", "state": "passed", "mac": "0"}\n')
    assert _ids(journal) == FIVE


@pytest.mark.parametrize("cut", range(0, 700, 13))
def test_a_file_cut_anywhere_gives_whole_entries(journal: Journal, state: Path, cut: int) -> None:
    """Of a file that ends anywhere, what is read is a beginning of what was written."""
    data = (state / "progress").read_bytes()
    read = decode(data[:cut], key(state))
    assert [e["id"] for e in read.entries] == FIVE[: len(read.entries)]
    assert len(read.entries) == max(data[:cut].count(b"\n") - 1, 0)


def test_a_missing_copy_is_made_again(journal: Journal, work: Path) -> None:
    """A copy that was deleted comes back with the next entry."""
    (work / ".progress").unlink()
    journal.add({"do": "hint", "id": "2.1"})
    assert (work / ".progress").read_text().count("\n") == 7


def test_progress_comes_back_from_the_learners_folder(journal: Journal, state: Path) -> None:
    """The private copy deleted, the one in the learner's folder is believed."""
    (state / "progress").unlink()
    assert _ids(journal) == FIVE


def test_a_newer_file_is_left_as_it_is(journal: Journal, state: Path, work: Path) -> None:
    """What a newer version of the course wrote is not touched, and what happens now is added later."""
    newer = json.dumps({"format": 99, "key": "x"}) + "\nwhatever\n"
    whole = (work / ".progress").read_text()
    (work / ".progress").write_text(newer)
    (state / "progress").write_text(newer)
    assert "newer version" in journal.add({"do": "check", "id": "2.6", "state": "passed"})
    assert (work / ".progress").read_text() == newer
    assert (state / "progress").read_text() == newer
    (work / ".progress").write_text(whole)
    (state / "progress").write_text(whole)
    journal.add({"do": "check", "id": "2.7", "state": "passed"})
    assert _ids(journal) == [*FIVE, "2.6", "2.7"]


def test_a_read_only_file_is_respected(journal: Journal, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that cannot be written is said to be so, and the entry is kept in the other place."""
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != ".progress" and real(path, mode))
    before = (work / ".progress").read_bytes()
    assert "cannot be written" in journal.add({"do": "check", "id": "2.6", "state": "passed"})
    assert (work / ".progress").read_bytes() == before
    assert _ids(journal) == [*FIVE, "2.6"]


def test_nothing_can_be_kept_and_nothing_is_raised(tmp_path: Path) -> None:
    """Where no folder can be made, a check goes on with one sentence."""
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / ".lab", tmp_path)
    assert "cannot be kept" in journal.add({"do": "check", "id": "2.1"})
    assert journal.read()[0] == ()
    assert "cannot be kept" in journal.read()[1]


def test_an_entry_waits_while_another_kernel_holds_the_journal(
    journal: Journal, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A held lock costs one sentence, and the entry is taken in the next time."""
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0.1)
    with (state / "progress.lock").open("r+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert "another kernel" in journal.add({"do": "check", "id": "2.6", "state": "passed"})
    assert journal.add({"do": "check", "id": "2.7", "state": "passed"}) == ""
    assert _ids(journal) == [*FIVE, "2.6", "2.7"]
    assert not list((state / "progress.waiting").iterdir())


@pytest.mark.parametrize(
    "text",
    ['{"do": "check", "id": "2.9", "state": "passed"}', '{"id": "2.9", "mac": "0"}', '{"id": "2.9", "mac"', "[]", "7"],
)
def test_an_entry_that_the_course_did_not_write_is_not_taken_in(journal: Journal, state: Path, text: str) -> None:
    """What lies among the waiting entries without their HMAC is left out, and keeps nothing from being written."""
    (state / "progress.waiting").mkdir()
    (state / "progress.waiting" / "1.json").write_text(text)
    assert journal.add({"do": "check", "id": "2.8"}) == ""
    assert _ids(journal) == [*FIVE, "2.8"]


def _write(state: Path, work: Path, name: str) -> None:
    journal = Journal(state, work)
    for n in range(20):
        journal.add({"do": "check", "id": f"{name}.{n}", "state": "not yet"})


def test_two_kernels_write_at_once(state: Path, work: Path) -> None:
    """Nothing is lost when two kernels write into one journal, each with its own first use of the key."""
    context = multiprocessing.get_context("fork")
    kernels = [context.Process(target=_write, args=(state, work, name)) for name in "ab"]
    for kernel in kernels:
        kernel.start()
    for kernel in kernels:
        kernel.join()
    entries = Journal(state, work).read()[0]
    assert sorted(str(e["id"]) for e in entries) == sorted(f"{name}.{n}" for name in "ab" for n in range(20))


def test_a_write_that_fails_half_way_leaves_the_old_file(journal: Journal, work: Path) -> None:
    """A file that can take a few bytes only, as on a disk that is full, leaves both copies as they were."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, hard))
    try:
        said = journal.add({"do": "check", "id": "2.6"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "File too large" in said
    assert _ids(journal) == FIVE
    assert sorted(p.name for p in work.iterdir()) == [".progress"]


def test_what_is_encoded_is_decoded() -> None:
    """Any entry comes back as it was, whatever characters are in it."""
    entries: tuple[Entry, ...] = ({"id": "ü\n\x1b\u2028"}, {"finding": ["</script>", None, 1.5, True]})
    read = decode(encode(entries, b"k" * 32), b"k" * 32)
    assert (read.entries, read.problem) == (entries, "")
