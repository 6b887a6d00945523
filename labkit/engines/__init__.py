"""Where a Docker Engine comes from: one module a kind, and one interface for all in `base`."""
