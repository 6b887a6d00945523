"""What whoever runs a class has to tell each learner before they begin."""

from __future__ import annotations

import os
import textwrap

from .safe import harmless

VARIABLE = "LABKIT_NOTICE"
"""The variable of the environment that holds the sentences; without it, nothing is said."""
_WIDTH = 72
"""Characters of a line; JupyterLab breaks a longer one in the middle of a word."""


def show() -> None:
    """Print what is to be said, if anything."""
    if said := os.environ.get(VARIABLE):
        print(textwrap.fill(harmless(said), _WIDTH))
