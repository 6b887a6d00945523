"""The learner's journal: what was checked, and what came of it.

A file of JSON lines.  Each line carries an HMAC over itself and over that of the
line before, so that a line that was changed, taken out or put in is seen.  It is
kept twice: in the private folder, and as ``.progress`` in the learner's folder.
Whichever of the two is whole is believed, the longer one first; a damaged one is
set aside, never overwritten.

Source: https://docs.python.org/3/library/hmac.html
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import write, write_once
from ..messages import _

FORMAT = 1
Entry = dict[str, Any]

_LOCK_SECONDS = 2.0

_WAITING = "waiting"
"""What the HMAC of an entry that waits covers in the place of the entry before it, which is not known yet."""


@dataclass(frozen=True)
class Read:
    """What was found in one file.

    Parameters
    ----------
    entries: those before the first damage.
    problem: ``""``, ``missing``, ``cut``, ``edited``, ``foreign`` (another key), ``newer`` or ``unreadable``.
    """

    entries: tuple[Entry, ...]
    problem: str = ""


def key(state: Path) -> bytes:
    """Return the learner's signing key; made once, then kept (0600).  Raises `OSError`."""
    file = state / "key"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_once(file, secrets.token_hex(32))
    return bytes.fromhex(file.read_text().strip())


def fingerprint(secret: bytes) -> str:
    """Return twelve characters that tell keys apart and give none away."""
    return hashlib.sha256(b"fingerprint" + secret).hexdigest()[:12]


def encode(entries: tuple[Entry, ...], secret: bytes) -> bytes:
    """Return a journal as the bytes of its file."""
    lines = [json.dumps({"format": FORMAT, "key": fingerprint(secret)})]
    mac = ""
    for entry in entries:
        mac = _mac(secret, mac, entry)
        lines.append(json.dumps({**entry, "mac": mac}, ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode()


def decode(data: bytes, secret: bytes) -> Read:
    """Read the bytes of a journal."""
    lines = data.decode("utf-8", "replace").split("\n")
    try:
        header = json.loads(lines[0])
        if header["format"] > FORMAT:
            return Read((), "newer")
        if header["key"] != fingerprint(secret):
            return Read((), "foreign")
    except (ValueError, KeyError, TypeError):
        return Read((), "edited" if len(lines) > 1 else "cut")
    entries: list[Entry] = []
    mac = ""
    for line in lines[1:-1]:
        try:
            entry = json.loads(line)
            said = entry.pop("mac")
            mac = _mac(secret, mac, entry)
        except (ValueError, KeyError, TypeError, AttributeError):
            said = None
        if not isinstance(said, str) or not hmac.compare_digest(mac.encode(), said.encode()):
            return Read(tuple(entries), "edited")
        entries.append(entry)
    return Read(tuple(entries), "cut" if lines[-1] else "")


def _mac(secret: bytes, before: str, entry: Entry) -> str:
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(secret, (before + "\n" + text).encode(), "sha256").hexdigest()


def load(file: Path, secret: bytes) -> Read:
    """Read a journal's file."""
    try:
        return decode(file.read_bytes(), secret)
    except FileNotFoundError:
        return Read((), "missing")
    except OSError:
        return Read((), "unreadable")


class Journal:
    """The journal of one learner, kept twice.

    Parameters
    ----------
    state: the private folder, with the key.
    work: the learner's folder.
    """

    def __init__(self, state: Path, work: Path) -> None:
        self._state = state
        self._main = state / "progress"
        self._copy = work / ".progress"
        self._waiting = state / "progress.waiting"

    def read(self) -> tuple[tuple[Entry, ...], str]:
        """Return all entries, and one sentence when something is wrong with the files."""
        try:
            entries, said, _writable = self._merged(key(self._state))
        except (OSError, ValueError) as error:
            return (), _unkept(error)
        return entries, said

    def add(self, entry: Entry) -> str:
        """Add an entry; return one sentence when something is wrong with the files.

        Never raises.  While another kernel holds the journal, the entry waits in a file
        of its own and is taken in the next time.
        """
        try:
            secret = key(self._state)
            with self._locked() as locked:
                if not locked:
                    self._wait(entry, secret)
                    return _("The progress file is held by another kernel; this was kept aside and is added later.")
                entries, said, writable = self._merged(secret)
                if not writable:
                    self._wait(entry, secret)
                    return said
                waiting = sorted(self._waiting.glob("*.json"), key=lambda file: file.name)
                late = [found for found in (_waited(file, secret) for file in waiting) if found is not None]
                said = self._write(encode((*entries, *late, entry), secret)) or said
                for file in waiting:
                    file.unlink()
                return said
        except (OSError, ValueError) as error:
            return _unkept(error)

    def _merged(self, secret: bytes) -> tuple[tuple[Entry, ...], str, bool]:
        """Return the entries to believe, a sentence, and whether they may be written over."""
        main, copy = load(self._main, secret), load(self._copy, secret)
        if "newer" in (main.problem, copy.problem):
            best = main if main.problem != "newer" else copy
            return (
                best.entries,
                _("The progress was written by a newer version of the course: it is left as it is."),
                False,
            )
        best = max(main, copy, key=lambda read: len(read.entries))
        said = ""
        for file, read in ((self._main, main), (self._copy, copy)):
            if read.problem in ("cut", "edited", "foreign"):
                said = _set_aside(file, read.problem)
        if not said and copy.problem == "" and len(copy.entries) < len(main.entries):
            said = _("The progress file was shorter than what is known; nothing is lost.")
        return best.entries, said, True

    def _write(self, data: bytes) -> str:
        _replace(self._main, data)
        try:
            _replace(self._copy, data)
        except OSError as error:
            return _(
                "The file .progress cannot be written ({why}); the progress is kept in the folder .lab.",
                why=error.strerror,
            )
        return ""

    def _wait(self, entry: Entry, secret: bytes) -> None:
        self._waiting.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._waiting / f"{time.time_ns()}-{uuid.uuid4().hex[:8]}.json"
        write(file, json.dumps({**entry, "mac": _mac(secret, _WAITING, entry)}), mode=0o600)

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        handle = os.open(self._state / "progress.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            end = time.monotonic() + _LOCK_SECONDS
            locked = False
            while not locked and time.monotonic() < end:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    locked = True
                except BlockingIOError:
                    time.sleep(0.02)
            yield locked
        finally:
            os.close(handle)


def _waited(file: Path, secret: bytes) -> Entry | None:
    """Return an entry that waited; None for a file that this copy of the course did not write."""
    try:
        entry: Entry = json.loads(file.read_text())
        said = entry.pop("mac")
        return entry if hmac.compare_digest(_mac(secret, _WAITING, entry).encode(), str(said).encode()) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _replace(file: Path, data: bytes) -> None:
    """Put a journal in the place of the former one."""
    if file.exists() and not os.access(file, os.W_OK):  # a learner who made it read-only meant it
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    file.parent.mkdir(parents=True, exist_ok=True)
    write(file, data, mode=0o600)


def _set_aside(file: Path, problem: str) -> str:
    """Copy a damaged file to a name beside it, once, and say so."""
    data = file.read_bytes()
    kept = file.with_name(f"{file.name}.damaged-{hashlib.sha256(data).hexdigest()[:8]}")
    try:
        if not kept.exists():
            write(kept, data, mode=0o600)
    except OSError:
        pass  # nothing is lost by it: what is believed is written to the other place
    what = {
        "cut": _("The progress file {name} was cut off.", name=file.name),
        "edited": _("The progress file {name} was changed by hand.", name=file.name),
        "foreign": _("The progress file {name} comes from another copy of the course.", name=file.name),
    }[problem]
    return what + " " + _("It is kept as {name}; what is known to be true goes on.", name=kept.name)


def _unkept(error: Exception) -> str:
    why = getattr(error, "strerror", None) or str(error)
    return _("Progress cannot be kept: {why}. Checks go on without it.", why=why)
