"""The teacher's page on a class at work, as a service of JupyterHub.

Started by `watchroom`, in a root that holds the students' progress and nothing else of theirs.
Who may see it is the hub's to say: the scope ``access:services``, which the teacher has as an
admin, and no student.

Sources: https://jupyterhub.readthedocs.io/en/stable/reference/services.html,
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Refresh
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler, HubOAuthenticated
from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler, authenticated

from ...exercises.record import LABS, everything
from ...messages import _
from ...safe import escape
from ..grade import titles
from ..page import document
from ..watch import Class, look
from ..watchpage import REFRESH, page, sheet
from .watchfiles import Watched, Watchroom

_LABS = tuple(str(int(lab)) for lab in LABS)


class _Handler(HubOAuthenticated, RequestHandler):  # type: ignore[misc]
    """What both forms of the page have in common."""

    room: ClassVar[Watchroom]
    titles: ClassVar[dict[str, str]]

    def set_default_headers(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", "frame-ancestors 'none'")  # the page itself allows no script
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")

    def write_error(self, status_code: int, **options: Any) -> None:
        if status_code == 403:
            said = _("Only the teacher of this class sees this page.")
        elif status_code == 404:
            said = _("There is no such page. Labs have the numbers 1 to {n}.", n=len(_LABS))
        else:
            said = _("The page could not be made. Load it again; the terminal of the hub says more.")
        self.finish(document(str(status_code), f"<h1>{status_code}</h1><p>{escape(said)}</p>", made_by=""))

    async def look(self) -> Class:
        """Return the class as it is now.  Raises `HTTPError` for a lab that there is not."""
        lab = self.get_query_argument("lab", "")
        if lab and lab not in _LABS:
            raise HTTPError(404)
        seats = await asyncio.to_thread(self.room.seats)
        return look(seats, tuple(self.titles), time.time(), lab)


class _Page(_Handler):
    @authenticated
    async def get(self) -> None:
        live = not self.get_query_argument("still", "")
        klass = await self.look()
        if live:
            self.set_header("Refresh", str(REFRESH))  # as a <meta> would; a script is not needed
        self.finish(page(klass, self.titles, _LABS, time.strftime("%H:%M:%S"), live=live))


class _Sheet(_Handler):
    @authenticated
    async def get(self) -> None:
        klass = await self.look()
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="students.csv"')
        self.finish(sheet(klass))


class _Nothing(_Handler):
    def prepare(self) -> None:
        raise HTTPError(404)


def application(room: Watchroom, prefix: str) -> Application:
    """Return the service.

    Parameters
    ----------
    prefix: the path that the hub has it at, with a slash at its end.
    """
    _Handler.room, _Handler.titles = room, titles(everything())
    return Application(
        [(prefix, _Page), (f"{prefix}students.csv", _Sheet), (f"{prefix}oauth_callback", HubOAuthCallbackHandler)],
        cookie_secret=os.urandom(32), default_handler_class=_Nothing, log_function=lambda _handler: None,
    )  # fmt: skip


async def _serve(order: dict[str, Any]) -> None:
    # Over the hub's socket: what the hub tells a service is a port, which it has not.
    HubOAuth.instance(api_url=f"{order['hub']}{os.environ['JUPYTERHUB_BASE_URL']}hub/api")
    students = [Watched(**student) for student in order["students"]]
    known = [exercise.id for exercise in everything()]
    room = Watchroom(students, Path(order["folders"]), Path(order["told"]), known)
    where = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    server = HTTPServer(application(room, os.environ["JUPYTERHUB_SERVICE_PREFIX"]))
    server.listen(where.port or 0, "127.0.0.1")
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    await end.wait()


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(Path(sys.argv[1]).read_text())))
