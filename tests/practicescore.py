"""How often the practice engine answers as a real one: measured, kept as data, and shown in docs/practice.md.

    python tests/practicescore.py --save     measure against the Docker of DOCKER_HOST, or of a private engine
    python tests/practicescore.py            write the table in docs/practice.md anew from the data

What is asked: every solution, other way and wrong attempt of all exercises, every request
of the solved notebooks, and random sequences. The engine of DOCKER_HOST needs busybox,
nginx and redis, and a practice profile of its version.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pickle
import sys
import tempfile
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import nbformat
from bench import Bench
from enginehelp import make_root, started
from nbclient import NotebookClient
from practicediff import Score, compare, endpoint, random_requests

from labkit.engines.base import EngineRecord, Paths
from labkit.exercises.record import everything
from labkit.session import Session

CHECKOUT = Path(__file__).resolve().parents[1]
DATA = CHECKOUT / "tests" / "data" / "practice-scores.json"
DOCS = CHECKOUT / "docs" / "practice.md"
BEGIN, END = "<!-- scores: python tests/practicescore.py -->", "<!-- end of the scores -->"
SEQUENCES, LENGTH = 30, 60
_ANSWERS = "LABKIT_TEST_ANSWERS"

Answers = list[tuple[str, str, int, bytes]]
"""Method, target, status and body of each request, in order."""


@contextlib.contextmanager
def engines() -> Iterator[tuple[EngineRecord, EngineRecord, dict[str, Paths]]]:
    """A real engine and a practice engine, each in a root of its own."""
    kind = f"host={os.environ['DOCKER_HOST']}" if "DOCKER_HOST" in os.environ else "private"
    with tempfile.TemporaryDirectory(prefix="lab-score-") as folder:
        images = CHECKOUT / ".lab" / "images"
        places = {name: make_root(Path(folder) / name, images) for name in ("real", "practice")}
        with started(places["real"], kind) as real, started(places["practice"], "practice") as practice:
            yield real, practice, places


def exercises(record: EngineRecord, paths: Paths) -> dict[str, Answers]:
    """Return what every attempt at every exercise was answered, by exercise and attempt."""
    found: dict[str, Answers] = {}
    os.environ["LABKIT_ROOT"] = str(paths.root)
    with tempfile.TemporaryDirectory() as state:
        bench = Bench(record, paths, Path(state))
        for exercise in everything():
            attempts = [("solution", exercise.solution.calls), *((a.title, a.calls) for a in exercise.also)]
            for title, calls in [*attempts, *((w.title, w.calls) for w in exercise.wrong)]:
                if set(exercise.needs) - {c.value for c in record.capabilities}:
                    continue
                bench.stage(exercise)
                calls = calls(bench.fill(exercise).draw) if callable(calls) else calls
                bench._sending(calls)
                answers = bench.send(exercise, calls)
                found[f"{exercise.id} {title}"] = [
                    (a.request.method, a.request.target, a.status, a.response.body) for a in answers if a.request.target
                ]
        bench.unstage()
    return found


def install() -> None:
    """In a kernel: keep what each request is answered."""
    from labkit.session import Session

    request = Session.request

    def noted(self: Session, *words: Any, **more: Any) -> Any:
        answer = request(self, *words, **more)
        with open(os.environ[_ANSWERS], "ab") as notes:
            asked = answer.request
            pickle.dump((asked.method, asked.target, answer.status, answer.response.body), notes)
        return answer

    Session.request = noted  # type: ignore[method-assign]


def notebooks(paths: Paths) -> dict[str, Answers]:
    """Return what every request of the solved notebooks was answered, by notebook."""
    found: dict[str, Answers] = {}
    for source in sorted((CHECKOUT / "notebooks" / "solved").glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            startup = Path(folder) / "profile_default" / "startup"
            startup.mkdir(parents=True)
            here = str(Path(__file__).parent)
            (startup / "10-record.py").write_text(
                f"import sys\nsys.path.append({here!r})\nimport practicescore\npracticescore.install()\n"
            )
            notes = Path(folder) / "answers"
            notes.touch()
            environment = {
                "LABKIT_ROOT": str(paths.root),
                "LABKIT_LIVE": "0",
                "LABKIT_SEED": "example",
                "IPYTHONDIR": folder,
                _ANSWERS: str(notes),
            }
            notebook = nbformat.read(source, as_version=4)
            client = NotebookClient(
                notebook,
                timeout=120,
                startup_timeout=300,
                allow_errors=True,
                resources={"metadata": {"path": str(paths.work)}},
            )
            client.execute(env={**os.environ, **environment})
            answers: Answers = []
            with notes.open("rb") as file, contextlib.suppress(EOFError):
                while True:
                    answers.append(pickle.load(file))
            found[source.stem] = answers
    return found


def held(score: Score, real: dict[str, Answers], ours: dict[str, Answers]) -> None:
    """Count what differs between two records of the same; what one has asked and the other has not is left out."""
    for name, answers in real.items():
        others = ours.get(name, [])
        sequences = [endpoint(*one[:2]) for one in answers], [endpoint(*other[:2]) for other in others]
        blocks = SequenceMatcher(None, *sequences, autojunk=False).get_matching_blocks()
        pairs = [(answers[b.a + n], others[b.b + n]) for b in blocks for n in range(b.size)]
        for one, other in pairs:
            asked = endpoint(*one[:2])
            if "{" in asked or asked.count("/") < 3:
                score.note(asked, compare(asked, one[2:], other[2:]))


def measure() -> dict[str, Any]:
    """Return how often each endpoint was answered alike, by what was asked."""
    parts: dict[str, Score] = {}
    with engines() as (real, ours, places):
        parts["exercises"] = Score()
        held(parts["exercises"], exercises(real, places["real"]), exercises(ours, places["practice"]))
        parts["notebooks"] = Score()
        held(parts["notebooks"], notebooks(places["real"]), notebooks(places["practice"]))
        parts["random"] = Score()
        session = Session(real.endpoint)
        random_requests(session, parts["random"], SEQUENCES, LENGTH)
        session.close()
    names = sorted({name for part in parts.values() for name in part.asked})
    rows = {}
    for name in names:
        fields = sum(
            (part.fields.get(name, type(part.asked)()) for part in parts.values()), type(parts["random"].asked)()
        )
        rows[name] = {
            "asked": {kind: part.asked[name] for kind, part in parts.items()},
            "same": {kind: part.same[name] for kind, part in parts.items()},
            "differs in": [field for field, _count in fields.most_common(5)],
        }
    return {"version": real.version, "api": real.api_version, "endpoints": rows}


def table(data: dict[str, Any]) -> str:
    """Return the scores as Markdown."""
    kinds = ("exercises", "notebooks", "random")
    lines = [
        f"Against Docker {data['version']} (API {data['api']}). Each cell: answered alike / asked.",
        "",
        "| endpoint | " + " | ".join(kinds) + " | alike | differs in |",
        "|---|---|---|---|---|---|",
    ]
    whole = {"asked": dict.fromkeys(kinds, 0), "same": dict.fromkeys(kinds, 0)}
    for name, row in data["endpoints"].items():
        for part in ("asked", "same"):
            whole[part] = {kind: whole[part][kind] + row[part][kind] for kind in kinds}
        lines.append(_line(f"`{name}`", row, kinds))
    lines.append(_line("all", {**whole, "differs in": []}, kinds))
    return "\n".join(lines)


def _line(name: str, row: dict[str, Any], kinds: tuple[str, ...]) -> str:
    cells = [f"{row['same'][k]} / {row['asked'][k]}" if row["asked"][k] else "–" for k in kinds]
    share = 100 * sum(row["same"].values()) / sum(row["asked"].values())
    fields = ", ".join(f"`{field}`" for field in row["differs in"])
    return f"| {name} | {' | '.join(cells)} | {share:.1f} % | {fields} |"


def shown(text: str, data: dict[str, Any]) -> str:
    """Return the page with the table of some data in the place of its former one."""
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(data)}\n{END}{after}"


def main() -> int:
    """Measure where asked to, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--save", action="store_true", help="measure anew")
    if parser.parse_args().save:
        DATA.write_text(json.dumps(measure(), indent=1) + "\n")
    DOCS.write_text(shown(DOCS.read_text(), json.loads(DATA.read_text())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
