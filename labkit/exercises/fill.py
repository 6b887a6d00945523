"""Placeholders in the texts and calls of an exercise, and what stands in for them.

{name:web}          a drawn name            {secret:key}     drawn characters
{port:web}          a drawn host port       {kept:exec}      an Id that a call was answered
{subnet:front}      a drawn subnet          {address:front.10}  an address in it
{work}              the learner's folder    {lab} {exercise}  their numbers
{registry} {mirror} {user}                  the lab registry's addresses and user
{auth}              the value of X-Registry-Auth; never shown
{password_file}     where the registry's password is
{now}               the time, in seconds since 1970
{word}              a value of the exercise itself
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, TypeVar

from .draw import Draw, address

_PLACE = re.compile(r"\{([a-z_]+)(?::([A-Za-z0-9_.-]+))?\}")
_DRAWN = {"name": Draw.name, "port": Draw.port, "subnet": Draw.subnet, "secret": Draw.secret}
Value = TypeVar("Value")


class Fill:
    """Fills placeholders for one learner.

    Parameters
    ----------
    values: what ``{word}`` stands for.
    kept: what ``{kept:word}`` stands for; a dict that calls add to.
    """

    def __init__(self, draw: Draw, values: Mapping[str, Any], kept: MutableMapping[str, str] | None = None) -> None:
        self.draw = draw
        self.values = values
        self.kept: MutableMapping[str, str] = {} if kept is None else kept

    def __call__(self, value: Value) -> Value:
        """Return `value` with the placeholders in all its texts filled.

        Raises `ValueError` for a placeholder that there is not: a mistake in the exercise.
        """
        return self._fill(value)  # type: ignore[no-any-return]

    def _fill(self, value: Any) -> Any:
        if isinstance(value, str):
            return _PLACE.sub(self._one, value)
        if isinstance(value, Mapping):
            return {self._fill(key): self._fill(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._fill(item) for item in value]
        return value

    def _one(self, match: re.Match[str]) -> str:
        kind, word = match.groups()
        if word is None and kind in self.values:
            return str(self.values[kind])
        if word and kind in _DRAWN:
            return str(_DRAWN[kind](self.draw, word))
        if word and kind == "address":
            subnet, _dot, number = word.rpartition(".")
            return address(self.draw.subnet(subnet), int(number))
        if word and kind == "kept" and word in self.kept:
            return self.kept[word]
        raise ValueError(f"unknown placeholder {match.group()}")
