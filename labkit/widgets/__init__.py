"""What moves while it is looked at: the one package that imports ipywidgets.

A widget is a layer on top.  What stays in the notebook, what an untrusted one
shows, and what is compared by nbval is the final state as text and an HTML table.
"""

from __future__ import annotations

from . import subshells
from .following import Follow, close_all, control, follow, opened
from .screen import PERIOD, Screen, close, live
from .streamviews import TAIL, BarsView, TailView, View
from .watching import KEPT, Watched, keeps, watch

subshells.keep()

__all__ = [
    "KEPT",
    "PERIOD",
    "TAIL",
    "BarsView",
    "Follow",
    "Screen",
    "TailView",
    "View",
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
