"""A report as people read it: a page of its own without scripts, and a table for a terminal."""

from __future__ import annotations

import hashlib
from typing import Any

from .messages import _
from .safe import escape

_STYLE = (
    "body{font:16px sans-serif;max-width:60em;margin:2em auto}"
    "td,th{text-align:left;padding:.2em .8em .2em 0;vertical-align:top}small{color:#555}"
)


def name_of(public: bytes) -> str:
    """Return what people compare: a short name of a public key."""
    digest = hashlib.sha256(public).hexdigest()[:12]
    return "-".join(digest[i : i + 4] for i in (0, 4, 8))


def page(report: dict[str, Any]) -> str:
    """Return the report as a page of its own, without scripts."""
    rows = "".join(_row(row) for row in report["exercises"])
    heads = "".join(
        f"<th>{escape(label)}</th>"
        for label in ("", _("exercise"), _("state"), _("attempts"), _("hints"), _("first tried"), _("passed"))
    )
    engine = report["engine"]
    facts = (
        (_("name, as typed"), report["who"] or "-"),
        (_("made"), report["made"]),
        (_("course"), report["course"]),
        (_("engine"), f"{engine['kind']} {engine['version']}, API {engine['api']}" if engine else "-"),
        (_("passed"), _("{passed} of {count}", passed=_passed(report), count=len(report["exercises"]))),
        (_("key"), name_of(bytes.fromhex(report["key"]))),
    )
    lines = "".join(f"<tr><th>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in facts)
    said = "".join(f"<p>{escape(text)}</p>" for text in (*report["notes"], *report["proves"]))
    check = _("This page is for reading. What can be verified is the file lab-report.json: ./lab report --verify FILE")
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(_('Docker API Lab: report'))}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(_('Docker API Lab: report'))}</h1><table>{lines}</table>{said}<p>{escape(check)}</p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></body></html>\n"
    )


def table(report: dict[str, Any]) -> str:
    """Return the report as a table for a terminal, with the count of what is passed below it."""
    lines = []
    for row in report["exercises"]:
        extra = _(" (solution shown)") if row["solution_shown"] else ""
        counts = _("attempts {attempts}, hints {hints}", attempts=row["attempts"], hints=row["hints"])
        lines.append(
            f"{row['id']:<5} {row['title'][:36]:<36}  {row['state']:<13}  {counts}{extra}  {row['passed']}".rstrip()
        )
    lines.append(_("{passed} of {count} exercises passed.", passed=_passed(report), count=len(report["exercises"])))
    return "\n".join(lines)


def _passed(report: dict[str, Any]) -> int:
    return sum(row["state"] == "passed" for row in report["exercises"])


def _row(row: dict[str, Any]) -> str:
    evidence = "".join(f"<li>{escape(where)}: <code>{escape(value)}</code></li>" for where, value in row["evidence"])
    shown = f"<br><small>{escape(_('solution shown'))}</small>" if row["solution_shown"] else ""
    folded = f"<details><summary>{escape(_('evidence'))}</summary><ul>{evidence}</ul></details>" if evidence else ""
    cells = (row["id"], row["title"], row["state"], row["attempts"], row["hints"], row["first"], row["passed"])
    inner = [escape(cell) for cell in cells]
    inner[1] += folded
    inner[2] += shown
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in inner) + "</tr>"
