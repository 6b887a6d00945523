"""What a check is given: conditions to state, and the learner's answer."""

from __future__ import annotations

import operator
import re
from collections.abc import KeysView, Mapping, ValuesView
from itertools import islice
from types import GeneratorType
from typing import Any

from .. import api
from ..live import Stream
from ..messages import _
from ..model import ExchangeData, Request
from .conditions import NOTHING, Conditions, Done
from .facts import Mismatch, NotAttempted, WrongKind, show

_LONGEST = 10_000
"""No answer is read that has more characters."""

_MOST = 1000
"""No answer is read that has more items."""

_PASSING = (GeneratorType, KeysView, ValuesView, map, filter, range)
"""What is made a list of: it holds items, and is no list."""


class Case(Conditions):
    """One check in the making: `Conditions`, and the answer that ``lab.check`` was given."""

    def number(self) -> int:
        """Return the answer as a whole number, written as a number or as text."""
        value = self._given(_("a whole number, such as 3"))
        try:
            return _integer(value)
        except (TypeError, ValueError):
            raise self._wrong(_("a whole number, such as 3"), value) from None

    def text(self) -> str:
        """Return the answer as text, without space around it."""
        value = self._given(_("a text, in quotes"))
        if not isinstance(value, str) or len(value) > _LONGEST:
            raise self._wrong(_("a text, in quotes"), value)
        return _plain(value).strip()

    def truth(self) -> bool:
        """Return the answer as True or False."""
        value = self._given(_("True or False"))
        if type(value).__name__ in ("bool", "bool_"):
            return bool(value)
        raise self._wrong(_("True or False"), value)

    def several(self) -> list[str]:
        """Return the answer as a list of texts; a text is taken apart at commas and spaces."""
        value = self._given(_("a list of texts"))
        if isinstance(value, str) and len(value) <= _LONGEST:
            return [part for part in re.split(r"[,\s]+", value) if part]
        items: list[Any] = (
            list(value) if isinstance(value, (list, tuple, set, frozenset)) and len(value) <= _MOST else [None]
        )
        if all(isinstance(item, (str, int)) and not isinstance(item, bool) for item in items):
            return [_plain(item).strip() if isinstance(item, str) else str(operator.index(item)) for item in items]
        raise self._wrong(_("a list of texts"), value)

    def statuses(self, count: int) -> list[int]:
        """Return the answer as `count` status codes, in the order asked for."""
        form = (
            _("{count} status codes in a list, such as [200, 404]", count=count)
            if count > 1
            else _("a status code, such as 200")
        )
        value = self._given(form)
        items = (
            value
            if isinstance(value, (list, tuple))
            else re.split(r"[,\s]+", value.strip(" \n()[]"))
            if isinstance(value, str)
            else [value]
        )
        try:
            codes = [_integer(item) for item in items[: count + 1]]
        except (TypeError, ValueError):
            raise self._wrong(form, value) from None
        if len(codes) != count or any(not 100 <= code <= 599 for code in codes):
            raise self._wrong(form, value)
        return codes

    def right(
        self,
        truth: object,
        given: object,
        what: str,
        where: str,
        others: Mapping[Any, str] | None = None,
        about: str = "",
    ) -> None:
        """State that an answer is right, without giving it away.

        Parameters
        ----------
        what: what the right answer is, in words; it stands in for its value.
        where: which answer of the engine tells.
        others: what some wrong answers are, in words: they say to the learner what went wrong.

        Of several answers in a row, it is said how many are right, and not which.
        """
        self._note(where, given)
        meaning = (others or {}).get(given) if given != truth else None
        if meaning is None and isinstance(truth, tuple) and isinstance(given, tuple) and len(given) == len(truth):
            meaning = _("{n} of {count} are right", n=sum(map(operator.eq, truth, given)), count=len(truth))
        found = f"{show(given)} ({meaning})" if meaning else given
        self.expect(given == truth, Mismatch(where, about, what, found))

    def right_id(
        self, truth: str, what: str, where: str, others: Mapping[str, str] | None = None, about: str = ""
    ) -> None:
        """State that the answer is an id: the whole, or its first characters, twelve at least."""
        given = self.text()
        short = given.lower().removeprefix("sha256:")

        def means(full: str) -> bool:
            return len(short) >= 12 and full.removeprefix("sha256:").startswith(short)

        meant = next((meaning for full, meaning in (others or {}).items() if means(full)), "")
        self._note(where, short[:12])
        found = f"{show(given)} ({meant})" if meant else given
        self.expect(means(truth), Mismatch(where, about, what, found))

    def evidence(self, what: str, *endpoints: str) -> Any:
        """Return the response that a learner gives as evidence, asked for anew.

        What the response object holds is not believed: its request is sent again, and the
        conditions look at that answer.  So only a GET can be evidence.

        Parameters
        ----------
        what: what the evidence has to show, in words.
        endpoints: those that can show it, such as ``/containers/{id}/json``.
        """
        value = self._given(_("a response, such as r after r = lab.get(...)"))
        value = value.exchange if isinstance(value, Stream) else value
        given = value.request if isinstance(value, ExchangeData) else None
        if not (isinstance(given, Request) and isinstance(given.method, str) and isinstance(given.target, str)):
            raise self._wrong(_("a response, such as r after r = lab.get(...)"), value)
        request = Request(_plain(given.method), _plain(given.target), self._session.endpoint)
        asked = f"{request.method} {request.path}"
        where = _("the request that you gave")
        fitting = request.method == "GET" and api.template("GET", request.path) in endpoints
        self.need(fitting, Mismatch(where, "", what, asked))
        answer = self.again(request)
        self.need(
            answer is not None,
            Mismatch(where, "", _("an answer that has an end"), f"{request.method} {request.target}"),
        )
        self._note(where, f"{request.method} {request.target}")
        if answer is None:
            raise Done
        return answer

    def _given(self, form: str) -> Any:
        if self.answer is NOTHING or self.answer is ... or type(self.answer).__name__ == "Unsent":
            raise NotAttempted(_('Give the answer as well, {form}: lab.check("…", answer).', form=form))
        value = self.answer
        if type(value).__module__.partition(".")[0] in ("numpy", "pandas") and hasattr(value, "tolist"):
            value = value.tolist()  # what a DataFrame's cells and columns are made of
        if isinstance(value, _PASSING):
            try:
                value = list(islice(value, _MOST))
            except Exception:  # a generator is the learner's own program
                raise self._wrong(form, value) from None
        return _plain(value) if isinstance(value, str) else value

    def _wrong(self, form: str, value: object) -> Done:
        self.findings.append(WrongKind(_("what lab.check was given"), "", form, value))
        return Done()


def _plain(text: str) -> str:
    """Return a text that is nothing but a text: a class of the learner's own may call itself equal to anything."""
    return str.__str__(text)


def _integer(value: Any) -> int:
    """Return a whole number that is given as a number or as text.  Raises `TypeError` or `ValueError`."""
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str):
        return int(value.strip())
    if isinstance(value, float) and value.is_integer():  # as NumPy keeps whole numbers between others
        return int(value)
    return operator.index(value)
