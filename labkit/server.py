"""JupyterLab's process: ``python -m labkit.server`` is ``jupyter lab``, started in half the time."""

from __future__ import annotations

import sys


def skip_iri_grammar() -> None:
    """Keep jsonschema from building a parser for IRIs when it is imported.

    That takes 1.8 of the 3.6 seconds of processor time that ``import jupyterlab`` takes, for
    formats that no schema of Jupyter uses.  jsonschema does without where the module is
    missing, and ``None`` makes Python take it for missing.

    Source: https://docs.python.org/3/reference/import.html#the-module-cache
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


if __name__ == "__main__":
    skip_iri_grammar()
    from jupyterlab.labapp import main

    main()
