"""Where a Docker Engine comes from: one module a kind, one interface for all."""

from .base import Capability, DaemonConfig, Engine, EngineRecord, Paths, Progress, RegistryRecord

__all__ = ["Capability", "DaemonConfig", "Engine", "EngineRecord", "Paths", "Progress", "RegistryRecord"]
