"""The one place that every learner-facing sentence passes through.

Sentences are written in English where they are used, wrapped in :func:`_`, and
looked up in a gettext catalogue.  A translation is a file
``labkit/locale/<language>/LC_MESSAGES/labkit.mo``; no code changes.

Source: https://docs.python.org/3/library/gettext.html
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gettext

TYPED = "LABKIT_TYPED"
"""The environment variable that says what is typed in place of ``./lab``: where somebody else started JupyterLab."""

_LOCALE = Path(__file__).with_name("locale")
_COMMAND = r"(?<![\w./-])\./lab(?![\w/-])"


@lru_cache(maxsize=4)
def _catalogue(language: str) -> gettext.NullTranslations:
    import gettext  # at the first sentence: the practice engine starts without one

    return gettext.translation("labkit", _LOCALE, [language], fallback=True)


def _(sentence: str, /, **values: object) -> str:
    """Return the sentence in the learner's language, its placeholders filled.

    Parameters
    ----------
    sentence: English text; ``{name}`` marks a placeholder, as in `str.format`.
    values: what stands in the placeholders.

    The language is the environment variable ``LABKIT_LANG`` (``en`` when unset).  ``./lab`` becomes what is typed here.
    """
    text = _catalogue(os.environ.get("LABKIT_LANG", "en")).gettext(sentence)
    if there := os.environ.get(TYPED):
        text = re.sub(_COMMAND, there, text)
    return text.format(**values) if values else text
