"""What checks of a whole class found: the same finding of many students, counted as one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

Finding = tuple[str, str, str]
"""What was expected, what was found, and where to look."""

_DRAWN = re.compile(r"-[0-9a-f]{4}\b|\b[0-9a-f]{12,64}\b|\b2\d{4}\b")
"""What differs from learner to learner in a finding: ends of names, ids, ports."""


def alike(finding: Finding) -> Finding:
    """Return a finding without what is drawn for one learner."""
    expected, found, where = (_DRAWN.sub("…", part) for part in finding)
    return expected, found, where


def commonest(findings: Iterable[Finding]) -> tuple[Finding, int] | None:
    """Return what was found most often, and how often; None when nothing was.

    Of two that are as common, it is the first in the alphabet, whatever order they came in.
    """
    counted = Counter(map(alike, findings))
    return min(counted.items(), key=lambda item: (-item[1], item[0])) if counted else None
