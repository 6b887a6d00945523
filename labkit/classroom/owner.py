"""Whose a file is, as its name and folder say it.

Moodle's and Canvas's bulk downloads put the student's name and number there:

    Ada Lovelace_123456_assignsubmission_file_/lab-report.json
    lovelaceada_LATE_12345_67890_lab-report.json

Source: ``get_filename`` of Canvas's content zipper; ``download_submissions`` of Moodle's mod_assign.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

_MOODLE = re.compile(r"(?P<name>[^_].*?)_(?P<number>\d+)_assignsubmission_[a-z]+_?.*", re.DOTALL)
_CANVAS = re.compile(r"(?P<name>[^_\W]\w*?)_(?P<late>LATE_)?(?P<number>\d+)_\d+_.+", re.DOTALL)
_CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<name>anon_[A-Za-z0-9]{5})_\d+_.+", re.DOTALL)
_FORMS = (_CANVAS, _CANVAS_ANONYMOUS, _MOODLE)


@dataclass(frozen=True)
class Owner:
    """Who handed a file in, as far as its place says it.

    Parameters
    ----------
    key: the same for all files of one student; empty when the place says nothing.
    name: as the place has it; Canvas writes it in one word.
    system: ``moodle``, ``canvas``, ``folder`` or ``file``.
    number: that the system gave the student.
    folder: the first folder, as it is called.
    late: the system says that it came too late.
    """

    key: str = ""
    name: str = ""
    system: str = "file"
    number: str = ""
    folder: str = ""
    late: bool = False


def owner(path: tuple[str, ...], students: Collection[str] = ()) -> Owner:
    """Return whose a file is.

    What lies in a student's own folder is theirs, whatever it is called.

    Parameters
    ----------
    path: its folders and its name, below the folder that is graded.
    students: what a student's own folder may be called: ids and names of the roster, in small letters.
    """
    *folders, file = path
    if not folders:
        return _said(file, _FORMS) or Owner()
    outermost = folders[0]
    own = outermost.casefold() in students
    found = [_said(folder, (_MOODLE,)) for folder in (folders[:1] if own else folders)]
    found += [] if own else [_said(file, _FORMS)]
    said = next((one for one in found if one), Owner(f"folder {outermost}", outermost, "folder"))
    return replace(said, folder=outermost)


def _said(name: str, forms: Iterable[re.Pattern[str]]) -> Owner | None:
    """Return whose a file or folder is by its name alone."""
    found = [match for form in forms if (match := form.fullmatch(name))]
    if not found:
        return None
    # The system's part comes first.  What follows is the student's, who may have made it look like another's.
    first = min(found, key=lambda match: match.end("name"))
    said = first.groupdict("")
    system = "moodle" if first.re is _MOODLE else "canvas"
    number = said.get("number", "")
    return Owner(f"{system} {number or said['name']}", said["name"], system, number, late=bool(said.get("late")))


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in small letters without accents, sorted, so that their order plays no part."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return tuple(sorted(letters.split()))


def alike(one: str, other: str) -> bool:
    """Whether two ways to write a name may mean the same person.

    ``Lovelace, Ada``, ``ada lovelace`` and ``lovelaceada`` do.
    """
    a, b = words(one), words(other)
    if not a or not b or set(a) <= set(b) or set(b) <= set(a):
        return True
    return _joins(a, b) or _joins(b, a)


def _joins(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether the only word of one is made of all words of the other."""
    whole = "".join(one)
    return len(one) == 1 and len(whole) == len("".join(other)) and all(word in whole for word in other)
