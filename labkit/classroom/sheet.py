"""Tables as an Excel workbook; the same tables give the same bytes.

Source: https://xlsxwriter.readthedocs.io
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from .text import NUMBER

_EPOCH = datetime(2020, 1, 1, tzinfo=timezone.utc)
_NARROW, _WIDE = 8, 50


def workbook(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes | None:
    """Return a workbook with one sheet a table, the first row of each as its head; None without XlsxWriter."""
    try:
        import xlsxwriter
    except ImportError:
        return None
    out = io.BytesIO()
    # Text stays text: nothing that somebody wrote becomes a formula or a link.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"created": _EPOCH.replace(tzinfo=None), "author": "labkit"})
    bold = book.add_format({"bold": True, "bottom": 1})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        widths: dict[int, int] = {}
        for y, row in enumerate(rows):
            for x, cell in enumerate(row):
                text = str(cell)
                widths[x] = max(widths.get(x, _NARROW), min(len(text) + 2, _WIDE))
                if y == 0:
                    sheet.write_string(y, x, text, bold)
                elif text and x > 1 and NUMBER.fullmatch(text):
                    sheet.write_number(y, x, float(text))
                elif text:
                    sheet.write_string(y, x, text)
        for x, width in widths.items():
            sheet.set_column(x, x, width)
        sheet.freeze_panes(1, 2)
        if rows:
            sheet.autofilter(0, 0, len(rows) - 1, len(rows[0]) - 1)
    book.close()
    return out.getvalue()
