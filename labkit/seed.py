"""The seed that a learner's names, ports, subnets and secrets are drawn from."""

from __future__ import annotations

import os
import secrets

from .engines.base import Paths
from .errors import EngineError
from .files import write_once
from .messages import _


def learner_seed(paths: Paths) -> str:
    """Return what all that is drawn for the learner comes from; made once, then kept.

    ``LABKIT_SEED`` in the environment stands in its place: the stored outputs of the
    course are those of the learner ``example``.

    Raises `EngineError` when it can be neither read nor written.
    """
    if given := os.environ.get("LABKIT_SEED"):
        return given
    file = paths.state / "seed"
    try:
        paths.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_once(file, secrets.token_hex(8))
        return file.read_text().strip()
    except OSError as error:
        raise EngineError(
            _("The learner's seed cannot be kept: {why}.", why=error.strerror),
            _("Is the disk full, or the folder read-only?"),
        ) from error
