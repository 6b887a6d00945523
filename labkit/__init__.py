"""labkit: call the Docker Engine API, and see the call.

    import labkit
    lab = labkit.start("02")
    lab.get("/containers/json", all=True)

Names are loaded when they are first used, so that ``import labkit`` costs little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "1.0.0"

if TYPE_CHECKING:
    from .errors import (
        APIError,
        ConnectionFailed,
        EngineError,
        LabError,
        StreamError,
        UnknownExercise,
        UsageError,
    )
    from .exchange import Exchange
    from .lab import Lab, start
    from .live import Stream
    from .model import TLS, Endpoint
    from .streams import Frame

_HOME = {
    "APIError": "errors",
    "ConnectionFailed": "errors",
    "Endpoint": "model",
    "EngineError": "errors",
    "Exchange": "exchange",
    "Frame": "streams",
    "Lab": "lab",
    "LabError": "errors",
    "Stream": "live",
    "StreamError": "errors",
    "TLS": "model",
    "UnknownExercise": "errors",
    "UsageError": "errors",
    "start": "lab",
}

__all__ = [
    "TLS",
    "APIError",
    "ConnectionFailed",
    "Endpoint",
    "EngineError",
    "Exchange",
    "Frame",
    "Lab",
    "LabError",
    "Stream",
    "StreamError",
    "UnknownExercise",
    "UsageError",
    "start",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
