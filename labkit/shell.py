"""Words of a shell: what is printed to be pasted means the same in sh, bash and zsh."""

from __future__ import annotations

import shlex


def word(text: str) -> str:
    """Return text as one word of a shell, in quotes where it needs them."""
    quoted = shlex.quote(text)
    # zsh takes =ls for the path of ls, which is all that shlex does not know of.
    return f"'{text}'" if text.startswith("=") and quoted == text else quoted
