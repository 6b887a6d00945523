"""The scores of the practice engine in the documentation are those of their data."""

from __future__ import annotations

import json

import practicescore

LEAST = 0.9


def test_the_table_is_in_step() -> None:
    """docs/practice.md shows what tests/data/practice-scores.json says."""
    text = practicescore.DOCS.read_text()
    assert practicescore.shown(text, json.loads(practicescore.DATA.read_text())) == text


def test_the_scores_are_reached() -> None:
    """Nine of ten answers are alike."""
    rows = json.loads(practicescore.DATA.read_text())["endpoints"]
    asked, same = (sum(sum(row[part].values()) for row in rows.values()) for part in ("asked", "same"))
    assert same >= LEAST * asked
