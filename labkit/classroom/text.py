"""Text files as people's programs write them, and cells that no spreadsheet takes for a formula."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence

from ..errors import LabError
from ..messages import _

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

NUMBER = re.compile(r"[+-]?\d{1,15}([.,]\d{1,15})?")

# Unicode's other signs for these are taken for them in some spreadsheets' languages.
_SIGNS = tuple("=+-@＝＋－＠")
_NEXT_CELL = re.compile(rf'[;\t\r\n]"*(?=[{re.escape("".join(_SIGNS))}])')


def decoded(data: bytes, name: str) -> tuple[str, str]:
    """Return the text of a file, and the encoding that it was taken to have.

    A byte order mark decides; else it is UTF-8, and what is not UTF-8 is Windows-1252,
    which spreadsheets write in the west of Europe.

    Raises `LabError` for what is no text.
    """
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    for attempt in (encoding, "cp1252"):
        try:
            text = data.decode(attempt)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and not data.startswith(b"PK\x03\x04"):
            return text, attempt
    raise LabError(_("{name} is not a text file.", name=name), _("Save it as CSV (UTF-8), and give that file."))


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as CSV in UTF-8, as RFC 4180 has it; no cell of text begins a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([plain(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue().encode()


def plain(cell: str) -> str:
    """Return a text that a spreadsheet shows and does not calculate.

    A text that begins with one of ``= + - @``, a tab or a carriage return gets an
    apostrophe before it.  A number stays one, and so does a lone dash.  Within a text,
    the same holds behind what may separate cells: a spreadsheet guesses the separator.

    Source: https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = cell.replace("\0", "\N{REPLACEMENT CHARACTER}")
    text = _NEXT_CELL.sub(r"\g<0>'", text)
    if not text.startswith((*_SIGNS, "\t", "\r", "\n")) or text == "-":
        return text
    return text if NUMBER.fullmatch(text) else f"'{text}"
