"""Make text from an Engine harmless: for a terminal, and for HTML.

Names, labels and logs are chosen by whoever made the container.  An escape
sequence in them could recolour, move or rewrite what a terminal shows.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

# C0 (but for tab and newline), DEL and C1; then the marks that reorder text
# (Unicode bidirectional controls), which can make a line read as another one.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)  # the control pictures block: ESC becomes ␛
    return "␡" if code == 0x7F else "\ufffd"


def harmless(text: str) -> str:
    """Return `text` with every control character but tab and newline made visible."""
    return _CONTROL.sub(_picture, text.replace("\r\n", "\n"))


def decode(data: bytes) -> str:
    """Return `data` as harmless text; bytes that are not UTF-8 become U+FFFD."""
    return harmless(data.decode("utf-8", "replace"))


def escape(text: object) -> str:
    """Return `text`, harmless and escaped, for HTML content or a quoted attribute."""
    return html.escape(harmless(str(text)), quote=True)


_TOKENS = frozenset(("identitytoken", "token", "access_token", "refresh_token"))


def without_secrets(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer with the tokens hidden that a login hands out (``POST /auth``, a token service)."""
    return {k: "***" if k.lower() in _TOKENS and isinstance(v, str) and v else v for k, v in answer.items()}
