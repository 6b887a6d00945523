"""Text as HTML that stays legible where a notebook is only read: untrusted, printed, in another editor."""

from __future__ import annotations

import re

from .safe import escape


def prose(paragraph: str) -> str:
    """Return a paragraph, escaped, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(paragraph))


def verbatim(html: str) -> str:
    """Return an output's HTML, marked for MathJax (2 and 3) to leave it alone: a ``$`` in a command is no maths."""
    return f'<div class="tex2jax_ignore mathjax_ignore">{html}</div>'


def lines(text: str, *, style: str = "") -> str:
    """Return lines as they stand, escaped.

    Parameters
    ----------
    style: CSS of the block.
    """
    # A page of nbconvert gives <pre> the font of its prose, and <code> the one that a line of a shell needs.
    block = f' style="{style}"' if style else ""
    return f"<pre{block}><code>{escape(text)}</code></pre>"
