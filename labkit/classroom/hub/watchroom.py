"""A root of its own for the page on a class at work, and one right more than nobody has.

The page's process has a user of its own.  It may read files whoever they belong to
(CAP_DAC_READ_SEARCH), and may do nothing else that a user may not.  In its root there are, of
the students, the folders with their progress, read-only: no notebook, and no home.

Started by the hub, as root, with ``unshare --mount``; becomes `watchservice`.

Sources: capabilities(7), setpriv(1).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from .. import jail
from ..reading import content
from ..roster import LARGEST, parse
from .folder import ClassFolder

FOLDERS, TOLD, ORDER = Path("/students"), Path("/told"), Path("/order.json")
PAGE = "labkit.classroom.hub.watchservice"
"""The module that the process becomes."""
_TMP = "size=16m,mode=0755,nosuid,nodev"
_RIGHT = "-all,+dac_read_search"


def words(place: ClassFolder) -> list[str]:
    """Return the command that starts the page of a class."""
    own = ["unshare", "--mount", "--ipc", "--uts", "--"]
    return [*own, sys.executable, "-m", "labkit.classroom.hub.watchroom", str(place.root)]


def order(place: ClassFolder) -> dict[str, Any]:
    """Return what the page is told: who is in the class, in the order of the roster, and where things are."""
    places, names = place.places(), _names(place)
    students = [
        {"login": login, "id": places[login].id, "name": names.get(login, places[login].id), "user": places[login].user}
        for login in place.enrolled()
        if login in places  # the teacher may log in, and is no student
    ]
    return {"students": students, "folders": str(FOLDERS), "told": str(TOLD), "hub": place.url("hub/hub.sock")}


def _names(place: ClassFolder) -> dict[str, str]:
    if (file := place.roster()) is None:
        return {}
    students, _said = parse(content(file, LARGEST), file.name)
    return {student.id.lower(): student.name for student in students}


def build(base: Path, place: ClassFolder, said: dict[str, Any], user: int) -> Path:
    """Build what the page sees; return its root.

    Parameters
    ----------
    base: an empty folder, which a file system in memory is laid over.
    said: as `order` returns it.
    user: the page's own.
    """
    jail.mount("-t", "tmpfs", "-o", _TMP, "tmpfs", base)
    root = base / "root"
    jail.build(root, [])
    for student in said["students"]:
        own = place.own(student["login"], student["user"])
        jail.bind(own / "lab", root, at=FOLDERS / student["login"] / "lab")
    jail.bind(place.told, root, at=TOLD)
    jail.bind(place.run / "hub", root)
    file = root / ORDER.relative_to("/")
    file.touch(mode=0o600)
    file.write_text(json.dumps(said))
    os.chown(file, user, user)
    return root


def main() -> None:
    """Build the root of a class's page, give up all rights but one, and become the page."""
    place = ClassFolder.of(sys.argv[1])
    said, user = order(place), place.watcher
    os.chroot(build(place.run / "watch", place, said, user))
    os.chdir("/")
    drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs",
            *(f"--{kind}={_RIGHT}" for kind in ("inh-caps", "ambient-caps", "bounding-set"))]  # fmt: skip
    # The path of the class's sockets is how `serve.stop` knows the page among others.
    page = [sys.executable, "-m", PAGE, str(ORDER), str(place.run)]
    os.execvp(drop[0], [*drop, "--", *page])


if __name__ == "__main__":
    main()
