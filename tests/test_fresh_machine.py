"""The story that the README tells, on a machine that has nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(1800)
def test_fresh_machine() -> None:
    """In a fresh Debian root the notebooks run and a stop leaves nothing; and again without a network."""
    subprocess.run([sys.executable, str(ROOT / "tests" / "tools" / "fresh_machine.py")], check=True)
