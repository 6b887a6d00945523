"""Which Docker Engine the practice engine answers as.

Two are told apart, one on each side of the changes that Engine 29 brought.  What they
answer was read off the real ones.
"""

from __future__ import annotations

from typing import NamedTuple

from ...errors import UsageError
from ...messages import _


class Profile(NamedTuple):
    """An engine version.

    Parameters
    ----------
    api, minimum: newest and oldest API version that it answers.
    old: whether it answers in the manner of engines before 25.
    """

    version: str
    api: tuple[int, int]
    minimum: tuple[int, int]
    old: bool

    @property
    def api_text(self) -> str:
        """Such as ``1.41``."""
        return f"{self.api[0]}.{self.api[1]}"

    @property
    def minimum_text(self) -> str:
        """Such as ``1.12``."""
        return f"{self.minimum[0]}.{self.minimum[1]}"

    @property
    def server(self) -> str:
        """The ``Server`` header."""
        return f"Docker/{self.version} (linux)"

    @property
    def driver(self) -> str:
        """The storage driver that it names."""
        return "overlay2" if self.old else "overlayfs"


PROFILES = {
    "20.10": Profile("20.10.24+practice", (1, 41), (1, 12), True),
    "29": Profile("29.7.2+practice", (1, 55), (1, 40), False),
}
DEFAULT = "20.10"


def profile(name: str) -> Profile:
    """Return the profile of that name.  Raises `UsageError` for one that there is not."""
    if name not in PROFILES:
        raise UsageError(
            _("The practice engine cannot answer as Docker {name}.", name=name),
            _("It can as {known}.", known=", ".join(PROFILES)),
        )
    return PROFILES[name]
