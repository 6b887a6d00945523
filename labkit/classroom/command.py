"""The command ``lab`` of a seat: what ``./lab`` is where somebody else started JupyterLab.

`labkit.classroom.seat` puts it on the search path of terminals, whatever folder they stand in.
"""

from __future__ import annotations

NAME = "lab"
SCRIPT = """\
#!/bin/sh
# ./lab as a seat has it: JupyterLab is somebody else's, so a start is that of the engine.
case "${1:-start}" in
  start) [ $# -eq 0 ] || shift; exec "$LABKIT_PYTHON" -m labkit.cli engine start --engine practice "$@" ;;
  stop) exec "$LABKIT_PYTHON" -m labkit.cli engine stop ;;
  *) exec "$LABKIT_PYTHON" -m labkit.cli "$@" ;;
esac
"""
