"""Which command of a program is its last: a shell becomes that one instead of starting it.

Source: the ``EV_EXIT`` flag of the Almquist shell, which busybox has.
"""

from __future__ import annotations

from dataclasses import replace

from .syntax import Command, Group, If, Item, List, Pipeline, Simple


def ending(body: List) -> List:
    """Return the same program with the command marked after which there is nothing left to do."""
    if not body.items or body.items[-1].background:
        return body
    last = body.items[-1]
    *first, (operator, pipeline) = ("", last.first), *last.rest
    steps = [*first, (operator, _ending(pipeline))]
    return List((*body.items[:-1], Item(steps[0][1], tuple(steps[1:]), False)))


def _ending(pipeline: Pipeline) -> Pipeline:
    if len(pipeline.commands) > 1 or pipeline.negated:
        return pipeline
    return Pipeline((_last(pipeline.commands[0]),), False)


def _last(command: Command) -> Command:
    if isinstance(command, Simple):
        return replace(command, last=True)
    if isinstance(command, Group):
        return replace(command, body=ending(command.body), last=True)
    if isinstance(command, If):
        return If(tuple((condition, ending(body)) for condition, body in command.branches))
    return command
