"""Text as HTML."""

from __future__ import annotations

from labkit import markup


def test_backticks_are_code_and_what_they_hold_stays_text() -> None:
    assert markup.prose("`<b>` had no effect & `x`") == "<code>&lt;b&gt;</code> had no effect &amp; <code>x</code>"
    assert markup.prose("one ` alone") == "one ` alone"


def test_lines_stay_as_they_stand() -> None:
    assert markup.lines("a <\n  b") == "<pre><code>a &lt;\n  b</code></pre>"
    assert markup.lines("a", style="margin: 0;") == '<pre style="margin: 0;"><code>a</code></pre>'
