"""The exchange as a learner holds it: the plain data, with every view of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import curl as _curl
from . import streams
from .errors import APIError
from .messages import _
from .model import ExchangeData, phrase

if TYPE_CHECKING:
    import pandas


class Exchange(ExchangeData):
    """A request and its response; each view is a pure function of the two.

    Leave it as the last line of a cell to see it.
    """

    @property
    def headers(self) -> Mapping[str, str]:
        """The response's headers, names in lower case."""
        return {name.lower(): value for name, value in self.response.headers}

    @property
    def text(self) -> str:
        """The body as text: frames taken apart, bad UTF-8 replaced, escapes harmless."""
        return streams.body_text(self)

    @property
    def frames(self) -> list[streams.Frame]:
        """The frames of a log, attach or exec answer: stdout and stderr apart."""
        return streams.body_frames(self)

    @property
    def lines(self) -> list[Any]:
        """The objects of an answer made of JSON lines (a pull, a build, events)."""
        return streams.body_lines(self)

    @property
    def table(self) -> pandas.DataFrame:
        """The response as a DataFrame that a person would want."""
        from .tables import table  # pandas takes half a second to import

        return table(self)

    @property
    def curl(self) -> str:
        """The very same request as one line for a shell."""
        return _curl.curl(self.request)

    @property
    def python(self) -> str:
        """The same call with plain requests, to paste into Python: ``print(r.python)``."""
        from .pythoncall import python

        return python(self.request)

    @property
    def docker(self) -> str:
        """The docker command that comes to the same, for a shell: ``print(r.docker)``."""
        from .dockercommand import docker

        return docker(self.request)

    @property
    def error(self) -> str:
        """What the Engine said went wrong; empty when all is well.

        An ``errorDetail`` inside a 200 stream counts as an error too.
        """
        return streams.error_text(self)

    def raise_for_status(self) -> Exchange:
        """Return the exchange itself, or raise `APIError` for an error.

        Unlike requests, this also raises for an error inside a 200 stream.
        """
        said = self.error
        if self.ok and not said:
            return self
        raise APIError(
            self,
            _(
                "{method} {path} was answered {status}: {said}",
                method=self.request.method,
                path=self.request.path,
                status=self.status,
                said=said or phrase(self.status),
            ),
            _("The whole exchange is in error.exchange."),
        )

    def _repr_mimebundle_(self, **_options: object) -> dict[str, Any]:
        from .render import bundle

        return bundle(self)

    def __repr__(self) -> str:
        return f"<Exchange {self.request.method} {self.request.target} {self.status} {phrase(self.status)}>"
