"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from labkit.files import cannot_write, write, write_once


def test_text_and_bytes_are_written(tmp_path: Path) -> None:
    """Text is UTF-8 whatever the locale is, and nothing but the file stays."""
    file = tmp_path / "file"
    write(file, b"\0\xff")
    assert file.read_bytes() == b"\0\xff"
    write(file, "größer")
    assert file.read_bytes() == "größer".encode()
    assert os.listdir(tmp_path) == ["file"]


def test_a_private_file_stays_private(tmp_path: Path) -> None:
    """A file is made with its mode, and one that was open to others before is closed."""
    file = tmp_path / "key"
    file.write_text("old")
    file.chmod(0o666)
    write(file, "new", mode=0o600)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the new content cannot take its place, the old one stays, and nothing lies beside it."""
    file = tmp_path / "file"
    write(file, "old")

    def full(*_paths: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write(file, "new")
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_first_of_several_writers_wins(tmp_path: Path) -> None:
    """All of them find the same content afterwards, and a later one changes nothing."""
    file, gate = tmp_path / "seed", threading.Barrier(8)
    seen = []

    def writer(name: str) -> None:
        gate.wait()
        write_once(file, name)
        seen.append(file.read_text())

    threads = [threading.Thread(target=writer, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1
    write_once(file, "late")
    assert file.read_text() == seen[0]
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["seed"]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EDQUOT, "The disk is full"),
        (errno.EROFS, "may not write"),
        (errno.EACCES, "may not write"),
        (errno.EIO, "could not be written"),
    ],
)
def test_why_a_file_cannot_be_written(number: int, said: str) -> None:
    """The sentence names the file, and the hint says what to do."""
    error = cannot_write(OSError(number, os.strerror(number), "/folder/file"))
    assert said in error.message
    assert "/folder/file" in error.message
    assert error.hint
