"""The calls that a learner types, on one endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .encode import Gap
from .markup import verbatim
from .messages import _
from .model import TLS, Endpoint
from .safe import escape
from .session import SILENCE, Session

if TYPE_CHECKING:
    from .exchange import Exchange
    from .live import Stream

Body = bytes | str | Path | None


class Unsent:
    """What a call with a gap in it gives instead of an exchange: nothing was sent."""

    def __init__(self, gap: Gap) -> None:
        self.message = gap.message
        self.hint = gap.hint

    def __repr__(self) -> str:
        return f"{self.message}\n{self.hint}"

    def __getattr__(self, name: str) -> Any:
        # A notebook is run to its end even while it has gaps, so this must stay a plain AttributeError.
        raise AttributeError(f"{self.message} {self.hint}")

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {
            "text/plain": repr(self),
            "text/html": verbatim(f"<p><strong>{escape(self.message)}</strong><br>{escape(self.hint)}</p>"),
        }


class Client:
    """Calls to one endpoint, in the API's own words.

    Paths and parameters are the API's: https://docs.docker.com/reference/api/engine/.
    A query parameter that has the name of an argument below is written in the path:
    ``lab.get("/containers/web/stats?stream=false")``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def endpoint(self) -> Endpoint:
        """Where the calls go."""
        return self._session.endpoint

    @property
    def version(self) -> str:
        """The API version that calls carry, such as ``1.41``; empty when they carry none."""
        return self._session.version

    def get(self, path: str, /, **options: Any) -> Any:
        """Send a GET: see `call`."""
        return self.call("GET", path, **options)

    def post(self, path: str, /, **options: Any) -> Any:
        """Send a POST: see `call`."""
        return self.call("POST", path, **options)

    def put(self, path: str, /, **options: Any) -> Any:
        """Send a PUT: see `call`."""
        return self.call("PUT", path, **options)

    def delete(self, path: str, /, **options: Any) -> Any:
        """Send a DELETE: see `call`."""
        return self.call("DELETE", path, **options)

    def head(self, path: str, /, **options: Any) -> Any:
        """Send a HEAD: see `call`."""
        return self.call("HEAD", path, **options)

    def call(
        self,
        method: str,
        path: str,
        /,
        *,
        json: Any = None,
        data: Body = None,
        headers: Mapping[str, str] | None = None,
        version: str | None = None,
        timeout: float = SILENCE,
        stream: bool = False,
        upgrade: bool = False,
        seconds: float | None = None,
        **params: Any,
    ) -> Exchange | Stream | Unsent:
        """Send a request; return the exchange, whatever its status.

        Parameters
        ----------
        path: the API's own path; it may bring a query.
        json: the body, sent as JSON with its Content-Type.
        data: the body as it is: text, bytes, or the path of a file.
        headers: further request headers.
        version: of the API, for this call alone; ``""`` for no prefix.
        timeout: how long the Engine may be silent, in seconds.
        stream: return a `Stream` of items as they arrive, instead of an exchange.
        upgrade: ask for the connection itself (101), for attach and exec; gives a `Stream`.
        seconds: how long a stream is read in all.
        params: the query; True and False become 1 and 0, a dict JSON, a list several pairs.

        A call that holds ``...`` is not sent: what comes back says so.  Raises
        `UsageError` for a call that cannot be sent, `ConnectionFailed` when no Engine
        answers, `StreamError` when it breaks off in mid-answer.
        """
        try:
            if stream or upgrade:
                return self._session.stream(
                    method, path, params, json=json, data=data, headers=headers,
                    version=version, seconds=seconds, upgrade=upgrade,
                )  # fmt: skip
            return self._session.request(
                method, path, params, json=json, data=data, headers=headers, version=version, timeout=timeout
            )
        except Gap as gap:
            return Unsent(gap)

    def at(self, url: str, *, tls: TLS | None = None, version: str | None = None) -> Client:
        """Return a client for another endpoint.

        Parameters
        ----------
        url: such as ``tcp://127.0.0.1:2375``, ``unix:///var/run/docker.sock`` or ``http://127.0.0.1:5000``.
        tls: the certificates to verify with and to show.
        version: of the API in each call; None negotiates it, ``""`` sends none (a registry has none).
        """
        return Client(Session(Endpoint.parse(url, tls), version, self._session.bodies))

    def close(self) -> None:
        """Close all connections that are kept open."""
        self._session.close()

    def __repr__(self) -> str:
        return _("<labkit client of {endpoint}>", endpoint=self.endpoint)
