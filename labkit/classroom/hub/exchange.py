"""nbgrader's collect for a class on one machine.

nbgrader takes the name of a submission from the name of its folder, and only warns when the
folder is somebody else's; and it follows links.  Collecting is done by root, who can read
everything.  So here a submission is that of the user who owns it, and is copied file by file,
no link followed.

Source: https://nbgrader.readthedocs.io/en/stable/exchange/exchange_api.html
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nbgrader.exchange.default.collect import ExchangeCollect

from ...messages import _
from .folder import ClassFolder
from .plain import copy_plain


def _left_out(folder: str, owner: str) -> str:
    """Say that a submission is not that of the student whose name it has, and what to do.

    Parameters
    ----------
    owner: the id of the student whose user it belongs to; empty for nobody of the class.
    """
    said = _("{folder} is not that student's own, and is left out.", folder=folder)
    if not owner:
        return said + " " + _("It belongs to nobody of this class: look at it in the folder inbound of the exchange.")
    return (
        said
        + " "
        + _("It belongs to {owner}: ask them to hand in again from their own server, then collect again.", owner=owner)
    )


class Collect(ExchangeCollect):  # type: ignore[misc]
    """Collect what each student has handed in themselves."""

    def _path_to_record(self, path: str) -> dict[str, Any]:
        record: dict[str, Any] = super()._path_to_record(path)
        places = ClassFolder.of(Path(self.root).parent).places()
        place, user = places.get(record["username"].lower()), os.lstat(path).st_uid
        if place is None or place.user != user:
            owner = next((one.id for one in places.values() if one.user == user), "")
            self.log.warning("%s", _left_out(record["filename"], owner))
            return {**record, "username": ""}
        return {**record, "username": place.id}

    def init_src(self) -> None:
        """Find the submissions, those left out that claim to be somebody else's."""
        super().init_src()
        self.src_records: list[dict[str, Any]] = [record for record in self.src_records if record["username"]]
        self.check_owner = False  # done above, by the number: students have no accounts that nbgrader could look up

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy the plain files of a submission; links, folders and devices are left out."""
        copy_plain(Path(src), Path(dest))
        self.set_perms(dest, fileperms=0o600, dirperms=0o700)
