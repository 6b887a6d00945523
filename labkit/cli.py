"""The command line, ``./lab``: arguments in, sentences and an exit code out.

Standard output holds results alone (for a start: one line, the URL), so that a script can
use them; everything else is said on standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import __version__
from .errors import LabError, nearest
from .messages import _
from .safe import harmless

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it: 128 + SIGINT."""
UNREAD = 141
"""The exit code when nobody reads the output any more: 128 + SIGPIPE."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; what stands after ``--`` is not for it."""

    def option(*names: str, **how: Any) -> argparse.ArgumentParser:
        # SUPPRESS: a command's own default must not undo what was said before the command.
        holder = argparse.ArgumentParser(add_help=False)
        holder.add_argument(*names, default=argparse.SUPPRESS, **how)
        return holder

    debug = option("--debug", action="store_true", help=_("show the traceback of an error"))
    engine = option("--engine", metavar="NAME", help=_("kind of engine; ./lab engine list shows them"))
    quiet = option("--no-browser", action="store_true", help=_("print the URL, and open no browser"))
    yes = option("--yes", "-y", action="store_true", help=_("do not ask before something is removed"))

    root = argparse.ArgumentParser(
        prog="lab",
        description=_("Labs on the Docker Engine API. Without a command: start."),
        parents=[debug, engine, quiet],
    )
    root.add_argument("--version", action="version", version=__version__)
    commands = root.add_subparsers(dest="command", metavar="COMMAND")

    def add(name: str, help: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=help, description=help, parents=[debug, *parents])

    add("start", _("start the engine and JupyterLab, print the URL; after --: options for jupyter lab"), engine, quiet)
    add("status", _("say what runs, and where"))
    add("doctor", _("say for each thing needed whether it is there, and what to type where it is not"), engine)
    add("stop", _("stop JupyterLab, its kernels, the engine and the registry"))
    reset = add("reset", _("take a lab, or all of them, back to its start; your notebooks are kept"), yes)
    reset.add_argument("lab", nargs="?", help=_("the lab's number, such as 02; without one: all labs"))
    only = add("engine", _("start, stop or show the engine alone, or list the kinds of it"), engine)
    only.add_argument("action", choices=("start", "stop", "status", "list"))
    report = add("report", _("write what you have done as a file that can be verified, and as a page"))
    report.add_argument("--name", default="", help=_("who you are, as the report is to say it"))
    report.add_argument("--verify", metavar="FILE", help=_("say whether a report is as it was written"))
    grade = add("grade", _("for teachers: read a folder of reports, write grades and feedback"))
    grade.add_argument("folder", metavar="FOLDER", help=_("the reports, loose or in folders, as a download holds them"))
    grade.add_argument("--lab", metavar="LAB", action="append", default=[],
                       help=_("count this lab alone, such as 02; without it, all labs count"))  # fmt: skip
    grade.add_argument("--rubric", metavar="FILE", help=_("what counts and how much, as TOML or CSV"))
    grade.add_argument("--roster", metavar="FILE", help=_("who is in the class, as CSV"))
    grade.add_argument("--to", metavar="FOLDER", help=_("where to write; without it, beside the reports"))
    grade.add_argument("--accept", metavar="FLAG", action="append", default=[],
                       help=_("let hand-ins with this flag count; FLAG:ID for one student alone"))  # fmt: skip
    classroom = add("classroom", _("for teachers: make an nbgrader course of the labs; serve a class on this machine"))
    classroom.add_argument("action", choices=("init", "serve", "stop"))
    classroom.add_argument("folder", metavar="FOLDER", help=_("of the course; made when it is not there"))
    classroom.add_argument("--lab", metavar="LAB", action="append", default=[], help=_("such as 02; without it, all"))
    classroom.add_argument("--rubric", metavar="FILE", help=_("the points of the exercises, as TOML or CSV"))
    classroom.add_argument("--roster", metavar="FILE", help=_("who is in the class, as CSV"))
    classroom.add_argument("--port", type=int, help=_("serve: listen on this port of 127.0.0.1; without it, 8000"))
    classroom.add_argument("--teacher", metavar="NAME", default="", help=_("serve: who sees the hub's admin page"))
    classroom.add_argument("--watch", action=argparse.BooleanOptionalAction,
                           help=_("serve: a page on who is stuck, and where; students are told of it"))  # fmt: skip
    classroom.add_argument("--check", action="store_true", help=_("serve: get all ready, and start nothing"))
    test = add("test", _("run everything that CI checks; after --: arguments for pytest"))
    test.add_argument("--all", action="store_true", help=_("soaks, fuzzing and repeats as well"))
    return root


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the options, those that were not given included."""
    return parser().parse_args(words, argparse.Namespace(debug=False, engine=None, no_browser=False, yes=False))


COMMANDS = ("start", "status", "doctor", "stop", "reset", "engine", "report", "grade", "classroom", "test")


def misspelt(words: Sequence[str]) -> str:
    """Return a sentence about a command that there is none of, with the nearest one; empty when all is well."""
    rest = iter(words)
    command = ""
    for command in rest:
        if command == "--engine":
            next(rest, None)
        elif command not in ("--debug", "--no-browser") and not command.startswith("--engine="):
            break
    else:
        return ""
    if command.startswith("-") or command in COMMANDS:
        return ""
    said = _("There is no command {word!r}.", word=harmless(command))
    close = nearest(command, COMMANDS)
    return f"{said} " + (_("Did you mean ./lab {word}?", word=close) if close else _("./lab --help shows them all."))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0, 1 for an error that was said, 2 for bad usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    split = words.index("--") if "--" in words else len(words)
    if said := misspelt(words[:split]):
        say(said)
        return 2
    options = parse(words[:split])
    options.rest = words[split + 1 :]
    try:
        code = _run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _interrupted(options)
    except BrokenPipeError:
        # Whoever read the output has left, as head does: what was still to be written goes nowhere, at exit too.
        # Source: https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except LabError as error:
        return _failed(error, options)
    except OSError as error:
        from .files import cannot_write

        return _failed(cannot_write(error), options)


def _run(options: argparse.Namespace) -> int:
    # Each command is imported when it is asked for: doctor must run where nothing is installed yet.
    if options.command == "doctor":
        from .doctor import doctor

        return doctor(options.engine)
    if options.command == "test":
        from .selftest import selftest

        return selftest(options.rest, everything=options.all)
    if options.command == "grade":
        from .classroom import grade

        rubric, roster, to = (Path(name) if name else None for name in (options.rubric, options.roster, options.to))
        return grade.command(Path(options.folder), rubric, roster, to, options.accept, options.lab)
    if options.command == "classroom":
        from .classroom import course

        rubric, roster = (Path(name) if name else None for name in (options.rubric, options.roster))
        if options.action != "init":
            from .classroom.hub import serve

            if options.action == "stop":
                return serve.stop(Path(options.folder))
            return serve.serve(Path(options.folder), roster, options.port, options.teacher, watch=options.watch,
                               check=options.check)  # fmt: skip
        return course.init(Path(options.folder), options.lab, rubric, roster)
    from . import commands

    if options.command == "engine":
        return commands.engine(options.action, options.engine)
    if options.command == "status":
        return commands.status()
    if options.command == "stop":
        return commands.stop()
    if options.command == "reset":
        from .reset import reset

        return reset(options.lab, yes=options.yes)
    if options.command == "report":
        from . import report

        return report.command(options.name, options.verify)
    return commands.start(options.engine, browser=not options.no_browser, jupyter=options.rest)


def _failed(error: LabError, options: argparse.Namespace) -> int:
    if options.debug:
        traceback.print_exception(error)
    else:
        say(str(error))
    return 1


def _interrupted(options: argparse.Namespace) -> int:
    """Say once what goes on running; a second Ctrl-C meanwhile ends this at once."""
    if options.debug:
        traceback.print_exc()
    if options.command in (None, "start", "engine"):
        from . import commands

        say("\n" + commands.what_goes_on())
    return INTERRUPTED


def say(text: str) -> None:
    """Tell the learner something that is not a result."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
