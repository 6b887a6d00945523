"""Notes each request that a notebook sends while nbval runs it, for test_recorded.py.

Kernels of nbval take no fixtures, but they inherit the environment: IPYTHONDIR names
a profile whose startup file calls `install`.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from pathlib import Path
from typing import Any

from labkit.model import Request

_FOLDER = "LABKIT_TEST_REQUESTS"


def prepare() -> tempfile.TemporaryDirectory[str]:
    """Make the profile, and name it to all kernels that are started from now on; it goes with what is returned."""
    folder = tempfile.TemporaryDirectory(prefix="labkit-requests-")
    startup = Path(folder.name) / "profile_default" / "startup"
    startup.mkdir(parents=True)
    here = str(Path(__file__).parent)
    (startup / "10-record.py").write_text(
        f"import sys\nsys.path.append({here!r})\nimport recorder\nrecorder.install()\nsys.path.remove({here!r})\n"
    )
    os.environ["IPYTHONDIR"] = os.environ[_FOLDER] = folder.name
    return folder


def install() -> None:
    """In a kernel: note each request that a learner's call sends."""
    from labkit.client import Client

    call = Client.call
    file = Path(os.environ[_FOLDER]) / f"{os.getpid()}.requests"

    def noted(self: Client, *words: Any, **more: Any) -> Any:
        answer = call(self, *words, **more)
        request = getattr(getattr(answer, "exchange", answer), "request", None)
        if request is not None:
            with file.open("ab") as notes:
                pickle.dump(request, notes)
        return answer

    Client.call = noted  # type: ignore[method-assign]


def requests() -> list[Request]:
    """Return all requests that were noted, each once, in a fixed order."""
    folder = os.environ.get(_FOLDER)
    found: dict[Request, None] = {}
    for file in sorted(Path(folder).glob("*.requests")) if folder else []:
        with file.open("rb") as notes:
            while True:
                try:
                    found.setdefault(pickle.load(notes))
                except EOFError:
                    break
    return sorted(found, key=lambda r: (r.method, r.target, r.body or b"", r.headers))
