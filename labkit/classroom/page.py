"""What the pages of a class have in common: one file each, without scripts, nothing loaded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..safe import escape

MADE_BY = '<meta name="generator" content="labkit grade">'
"""By it, a later run knows a page as its own and may replace or remove it."""

_STYLE = """
:root { color-scheme: light dark; --line: #c5ccd3; --soft: #f3f5f7; --good: #1b6e25; --open: #8a5000; --bad: #a3162a;
  --calm: #59626b; }
@media (prefers-color-scheme: dark) {
  :root { --line: #4a525a; --soft: #23282d; --good: #7fd68a; --open: #f0b65c; --bad: #ff9aa5;
    --calm: #a3acb5; }
}
html { background: Canvas; color: CanvasText; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
thead th { background: var(--soft); } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; } tbody th { min-width: 10rem; }
.wide { overflow-x: auto; } code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere; }
.good { color: var(--good); } .open { color: var(--open); } .bad { color: var(--bad); }
.calm { color: var(--calm); }
.note { background: var(--soft); border-left: 4px solid var(--open); padding: .6rem 1rem; margin: 1rem 0; }
.sum { font-size: 1.3rem; font-weight: 600; margin: .3rem 0; } dl { margin: .3rem 0; } dt { font-weight: 600; }
dd { margin: 0 0 .3rem 1rem; } small { opacity: .8; }
@media (max-width: 40rem) {
  .stack thead { display: none; } .stack tr { display: block; border-bottom: 1px solid var(--line); }
  .stack th, .stack td { display: block; text-align: left; border: 0; padding: .15rem 0; }
}
@media print { body { margin: 0; max-width: none; } details { display: block; } tr { break-inside: avoid; } }
"""


def document(title: str, body: str, *, style: str = "", made_by: str = MADE_BY) -> str:
    """Return a page of its own.

    Parameters
    ----------
    body: HTML.
    style: CSS beside that of all pages.
    made_by: an element of the head that says what made the page; empty for a page that is not kept.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{made_by}'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], numbers: frozenset[int], *, stack: bool = False
) -> str:
    """Return a table; its cells are HTML already, its first column heads the rows.

    Parameters
    ----------
    numbers: the columns whose cells stand at the right.
    stack: on a narrow screen, the cells of a row stand one below the other.
    """
    side = [' class="n"' if n in numbers else "" for n in range(len(head))]
    heads = "".join(f'<th scope="col"{s}>{escape(label)}</th>' for s, label in zip(side, head))
    lines = []
    for row in rows:
        first, *rest = (f"{s}>{cell}" for s, cell in zip(side, row))
        lines.append(f'<tr><th scope="row"{first}</th>' + "".join(f"<td{cell}</td>" for cell in rest) + "</tr>")
    return (
        f'<div class="{"wide stack" if stack else "wide"}"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>\n{chr(10).join(lines)}\n</tbody></table></div>"
    )
