"""What moves while it is looked at: the one package that imports ipywidgets.

A widget is a layer on top.  What stays in the notebook, what an untrusted one
shows, and what is compared by nbval is the final state as text and an HTML table.
"""

from __future__ import annotations

from . import subshells
from .following import Follow, close_all, control, follow, opened
from .painter import PERIOD
from .screen import Screen, close, live
from .watching import KEPT, Watched, keeps, watch

subshells.keep()

__all__ = [
    "KEPT",
    "PERIOD",
    "Follow",
    "Screen",
    "Watched",
    "close",
    "close_all",
    "control",
    "follow",
    "keeps",
    "live",
    "opened",
    "watch",
]
