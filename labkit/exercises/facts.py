"""What a check can find: plain facts, put into words by one renderer.

A check never writes a sentence about a failure.  It states what must be true, and
what was found instead is one of these facts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..errors import LabError
from ..messages import _
from ..safe import harmless

LONGEST = 120
"""No value is shown with more characters than this."""


@dataclass(frozen=True)
class Finding:
    """One fact in words: a line each.

    Parameters
    ----------
    expected, found: what should be there, and what is.
    where: where to look.
    about: which hints help; empty for those of the exercise as a whole.
    counts: whether it counts as an attempt; an answer of the wrong kind does not.
    """

    expected: str
    found: str
    where: str
    about: str = ""
    counts: bool = True


@dataclass(frozen=True)
class Fact:
    """Root of the facts: where to look, and which hints help."""

    where: str
    about: str = ""

    def finding(self) -> Finding:
        """Return the fact in words."""
        raise NotImplementedError


@dataclass(frozen=True)
class Mismatch(Fact):
    """Something is there, and has another value than it should."""

    expected: object = None
    actual: object = None

    def finding(self) -> Finding:
        return Finding(show(self.expected), show(self.actual), self.where, self.about)


@dataclass(frozen=True)
class Missing(Fact):
    """Something is not there; `among` holds what is there instead."""

    item: object = None
    among: tuple[object, ...] = ()

    def finding(self) -> Finding:
        found = ", ".join(map(show, self.among)) if self.among else show(None)
        return Finding(show(self.item), shorten(found), self.where, self.about)


@dataclass(frozen=True)
class Unexpected(Fact):
    """Something is there that should not be."""

    item: object = None

    def finding(self) -> Finding:
        return Finding(_("no {item}", item=show(self.item)), show(self.item), self.where, self.about)


@dataclass(frozen=True)
class WrongKind(Fact):
    """The answer is not of the kind that was asked for: said, and not counted."""

    expected: str = ""
    actual: object = None

    def finding(self) -> Finding:
        return Finding(self.expected, kind_of(self.actual), self.where, self.about, counts=False)


class NotAttempted(Exception):
    """Nothing was done yet; `how` says how to begin, and may be empty."""

    def __init__(self, how: str = "") -> None:
        super().__init__(how)
        self.how = how


class Fault(LabError):
    """A check could not be made, and the learner is not to blame: an engine gone, a bug."""


def show(value: object) -> str:
    """Return a value as it stands in a message: harmless, in one line, never long."""
    if value is None or value == "":
        return _("nothing")
    if isinstance(value, str):
        return shorten(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 400:  # Python refuses to write out very long numbers
        return _("a number of more than 120 digits")
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    if isinstance(value, (list, tuple)) and len(value) > 40:
        value = [*value[:40], "…"]
    try:
        return shorten(json.dumps(value, ensure_ascii=False, default=kind_of))
    except (TypeError, ValueError, RecursionError):
        return kind_of(value)


def shorten(text: str) -> str:
    """Return a text in one harmless line of at most `LONGEST` characters."""
    text = harmless(text[: 2 * LONGEST]).replace("\n", "␊").replace("\t", "␉")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def kind_of(value: object) -> str:
    """Return what sort of thing an answer is, as a learner would say it."""
    kind = type(value)
    if kind in (list, tuple):  # no subclass: its length may be anything
        return _("a list of {count}", count=len(cast("list[object]", value)))
    if kind is float:
        return _("the number {value}", value=value)
    names: Mapping[type, str] = {
        bool: _("true or false"), int: _("a number"), str: _("a text"), dict: _("a dict"), bytes: _("bytes"),
        type(None): _("nothing (None)"),
    }  # fmt: skip
    if kind.__name__ in ("Exchange", "ExchangeData", "Stream"):
        return _("a response")
    return names.get(kind) or _("a {kind}", kind=shorten(kind.__name__))


def dig(value: Any, *keys: str | int) -> Any:
    """Return what stands at the end of `keys`, or None as soon as one of them is missing."""
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, (list, tuple)) and isinstance(key, int) and -len(value) <= key < len(value):
            value = value[key]
        else:
            return None
    return value


def steps(keys: Iterable[str | int]) -> str:
    """Return a path of keys as people write it: ``Mounts[0].Source``."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f"[{key!r}]" if "/" in key or "." in key else f".{key}"
    return text.lstrip(".")
