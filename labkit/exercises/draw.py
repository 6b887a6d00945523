"""What is drawn for one learner: names, ports, subnets, secrets.

Everything is a pure function of the learner's seed, the lab and a word, so that it
stays the same over restarts, and differs between two learners.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_address, ip_network
from typing import TypeVar

from ..errors import UsageError
from ..messages import _

Item = TypeVar("Item")

SLOTS: dict[str, tuple[str, ...]] = {
    "01": ("web", "api", "tls"),
    "02": ("web", "page", "trap", "shop", "blog", "site", "till", "spare"),
    "03": ("web", "app", "built", "pushed", "loaded", "spare"),
    "04": ("web", "writer", "reader", "backup", "spare"),
    "05": ("web", "front", "back", "inner", "outer", "lan", "shop", "spare"),
    "06": ("web", "front", "back", "shop", "spare"),
}
"""The words that ports and subnets are drawn for in each lab.  A word that stands here
has a place of its own, so that two of them never meet; any other word is hashed, and
may meet another one."""

_PER_LAB = 8
_NETWORKS = 2048
# The upper half of 172.16.0.0/12 (RFC 1918): an Engine gives its own networks the lower
# half first, so that a drawn subnet is free until seven of those are in use.
_FIRST_NETWORK = int(ip_address("172.24.0.0"))
_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]*")


@dataclass(frozen=True)
class Draw:
    """What one learner draws in one lab.

    Parameters
    ----------
    seed: the learner's own; any text.
    lab: two digits, such as ``02``.
    ports: the first and the last host port that may be drawn.
    """

    seed: str
    lab: str
    ports: tuple[int, int] = (20000, 20099)

    @property
    def fingerprint(self) -> str:
        """Sixteen characters that tell seeds apart and give none away."""
        return hashlib.sha256(b"seed" + self.seed.encode()).hexdigest()[:16]

    @property
    def suffix(self) -> str:
        """The end of every name drawn in this lab, such as ``-3f9c``."""
        return f"-{self._hash('name') % 0x10000:04x}"

    def name(self, word: str) -> str:
        """Return a name made of `word`, such as ``web-3f9c``.  Raises `UsageError` for a word no name begins with."""
        if not isinstance(word, str) or not _WORD.fullmatch(word):
            raise UsageError(
                _("A name cannot begin with {word!r}.", word=word),
                _("Use small letters, digits, dots, dashes and underscores; the first one a letter or digit."),
            )
        return word + self.suffix

    def drew(self, name: str) -> bool:
        """Whether `name` was drawn in this lab, whatever its word.  A slash before it is ignored."""
        return name.lstrip("/").endswith(self.suffix)

    def port(self, word: str) -> int:
        """Return a host port."""
        first, last = self.ports
        size = last - first + 1
        slot = self._slot(word)
        if slot is None:  # beyond the places of the known words, where there is room
            taken = len(SLOTS) * _PER_LAB
            slot = taken + self._hash("port", word) % max(size - taken, 1)
        return first + (self._hash_of_learner("port") + slot) % size

    def subnet(self, word: str) -> str:
        """Return a private subnet of 256 addresses, such as ``172.28.64.0/24``."""
        slot = self._slot(word)
        # An odd step visits every network once, and spreads those of one learner.
        place = self._hash("subnet", word) if slot is None else self._hash_of_learner("subnet") + slot * 37
        return f"{ip_address(_FIRST_NETWORK + place % _NETWORKS * 256)}/24"

    def secret(self, word: str) -> str:
        """Return twelve characters that nobody guesses, such as ``k3v9x2m4q7ab``."""
        digest = hashlib.sha256(f"{self.seed}/{self.lab}/secret/{word}".encode()).digest()
        return "".join("abcdefghijkmnpqrstuvwxyz23456789"[byte % 32] for byte in digest[:12])

    def number(self, word: str, low: int, high: int) -> int:
        """Return a number from `low` to `high`, both included."""
        return low + self._hash("number", word) % (high - low + 1)

    def choice(self, word: str, items: Sequence[Item]) -> Item:
        """Return one of `items`."""
        return items[self._hash("choice", word) % len(items)]

    def _slot(self, word: str) -> int | None:
        if word not in SLOTS.get(self.lab, ()):
            return None
        return list(SLOTS).index(self.lab) * _PER_LAB + SLOTS[self.lab].index(word)

    def _hash(self, *words: str) -> int:
        return _number(self.seed, self.lab, *words)

    def _hash_of_learner(self, what: str) -> int:
        # Without the lab, so that the slots of different labs stay apart.
        return _number(self.seed, what)


def address(subnet: str, n: int) -> str:
    """Return address number `n` of a subnet, such as ``172.28.64.10`` for 10.

    Raises `UsageError` when `subnet` is not one, or has no such address.
    """
    try:
        network = ip_network(subnet)
        if not (isinstance(network, IPv4Network) and 0 <= n < network.num_addresses):
            raise ValueError(n)
        return str(network[n])
    except ValueError as error:
        raise UsageError(
            _("There is no address number {n} in {subnet}.", n=n, subnet=subnet),
            _("A subnet is written as 172.28.64.0/24; its addresses are numbered from 0 to 255."),
        ) from error


def _number(*words: str) -> int:
    return int.from_bytes(hashlib.sha256("/".join(words).encode()).digest()[:8], "big")
