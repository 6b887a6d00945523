"""Numbers in texts that anyone may have written."""

from __future__ import annotations

_MOST = 20
"""More digits than any number has that something here counts."""


def whole(text: str) -> int | None:
    """Return the number that a text of plain digits is, None for any other text.

    ``str.isdigit`` also takes such as "²", which ``int`` refuses, and thousands of digits, which it refuses, too.
    """
    return int(text) if len(text) <= _MOST and text.isascii() and text.isdigit() else None
