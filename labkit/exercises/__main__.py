"""``python -m labkit.exercises new 2.14`` prints the skeleton of an exercise; ``list`` shows those there are."""

from __future__ import annotations

import argparse
import sys

from .record import everything, is_id

_SKELETON = '''
@exercise(
    "{id}",
    _("A few words"),
    Kind.MAKE,
    owns=("container:thing",),
    setup=container("{{name:thing}}", *WAITING, keep="thing"),
    hints={{
        "": (
            _("What to think of."),
            _("POST /containers/{{name:thing}}/pause: which endpoint."),
            _("Which field, and where in the answer it is seen."),
            _('lab.post("/containers/{{name:thing}}/…"): almost the whole call.'),
        )
    }},
    solution=Solution([post("/containers/{{name:thing}}/pause")], _("Why it is this way.")),
    docker=[["docker", "pause", "{{name:thing}}"]],
    wrong=[
        Wrong("stopped instead", [post("/containers/{{name:thing}}/kill")], expected="paused", found="exited"),
        Wrong("restarted", [post("/containers/{{name:thing}}/restart", t=0)], expected="paused", found="running"),
        Wrong("removed", [delete("/containers/{{name:thing}}", force=True)],
              expected="container {{name:thing}}", found="nothing"),
        Wrong("another one of that name", [
            delete("/containers/{{name:thing}}", force=True), *container("{{name:thing}}", *WAITING),
            post("/containers/{{name:thing}}/pause"),
        ], expected="the id that {{name:thing}} had"),
    ],
)  # fmt: skip
def {function}(x: Case) -> None:
    """`{{name:thing}}` runs. Pause it."""
    thing = x.container("thing")
    x.right(x.kept["thing"], thing.get("Id"), x.fill(_("the id that {{name:thing}} had")), x.at(thing, "Id"))
    x.field(thing, "State", "Status", equals="paused")
'''


def main(words: list[str] | None = None) -> int:
    """Run the command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m labkit.exercises", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the exercises that there are")
    new = commands.add_parser("new", help="print the skeleton of an exercise")
    new.add_argument("id", help="lab and number, such as 2.14")
    options = parser.parse_args(words)
    found = everything()
    if options.command == "list":
        for e in found:
            print(f"{e.id:<5} {e.kind.value:<20} {e.title}")
        return 0
    if not is_id(options.id):
        parser.error(f"{options.id!r} is not an id: write lab and number, such as 2.14")
    if options.id in {e.id for e in found}:
        parser.error(f"there is an exercise {options.id} already")
    print(_SKELETON.format(id=options.id, function="exercise_" + options.id.replace(".", "_")).strip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
