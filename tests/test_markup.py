"""Text as HTML."""

from __future__ import annotations

import pandas

from labkit import markup
from labkit.tables.frame import Table


def test_backticks_are_code_and_what_they_hold_stays_text() -> None:
    assert markup.prose("`<b>` had no effect & `x`") == "<code>&lt;b&gt;</code> had no effect &amp; <code>x</code>"
    assert markup.prose("one ` alone") == "one ` alone"


def test_lines_stay_as_they_stand() -> None:
    assert markup.lines("a <\n  b") == "<pre><code>a &lt;\n  b</code></pre>"
    assert markup.lines("a", style="margin: 0;") == '<pre style="margin: 0;"><code>a</code></pre>'


def test_mathjax_leaves_an_output_alone() -> None:
    """Ours, and a plain DataFrame that was taken from a table."""
    assert markup.verbatim("$i") == '<div class="tex2jax_ignore mathjax_ignore">$i</div>'
    made = Table({"command": ["$i $j"]})
    for shown in (made._repr_html_(), pandas.DataFrame(made)._repr_html_()):
        assert "tex2jax_ignore" in shown.partition("$")[0]
