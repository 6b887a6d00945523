"""The notebooks: in step with their sources, compared for real, and complete."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "notebooks" / "src").glob("*.py"))
NOTEBOOKS = sorted([*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "notebooks" / "solved").glob("*.ipynb")])
SWITCHES = {"nbval-ignore-output", "nbval-skip", "nbval-raises-exception"}

sys.path.insert(0, str(ROOT / "notebooks"))
import build  # noqa: E402

of_each = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: str(p.relative_to(ROOT / "notebooks")))
of_each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)


@of_each_source
@pytest.mark.parametrize("edition", build.EDITIONS)
def test_in_step(source: Path, edition: str) -> None:
    """Each notebook is what its source makes, but for its outputs."""
    assert build.out_of_step(source, edition) == ""


@of_each_source
def test_minutes(source: Path) -> None:
    """A lab's minutes are the same in its first cell, the README and the page for instructors, and its parts fit in."""
    text = source.read_text()
    span = re.search(r"How long\.?\*\* (\d+) to (\d+) minutes", text)
    assert span, "the first cell says no minutes"
    row = re.compile(rf"^\| {int(source.stem[:2])}\. [^|]*\| (\d+)–(\d+) \|", re.MULTILINE)
    for page in ("README.md", "docs/instructors.md"):
        assert row.findall((ROOT / page).read_text()) == [span.groups()], page
    parts = sum(map(int, re.findall(r"^# ## Part \d.*\((\d+) minutes\)$", text, re.MULTILINE)))
    assert int(span[1]) <= parts <= int(span[2])


def test_out_of_step_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook whose cell differs from its source is named, with the cell."""
    source = tmp_path / "01-x.py"
    source.write_text('# %% [markdown] id="one"\n# Text\n\n# %% id="two"\n1 + 1\n')
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    monkeypatch.setattr(build, "EDITIONS", {"learner": tmp_path, "solution": tmp_path / "solved"})
    nbformat.write(build.build(source, "learner"), tmp_path / "01-x.ipynb")
    assert build.out_of_step(source, "learner") == ""
    source.write_text(source.read_text().replace("1 + 1", "1 + 2"))
    assert "'two'" in build.out_of_step(source, "learner")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# %%\n1\n", "no id"),
        ('# %% id="Not Good"\n1\n', "no id"),
        ('# %% id="a"\n1\n\n# %% id="a"\n2\n', "stands twice"),
    ],
)
def test_bad_ids_are_refused(tmp_path: Path, text: str, said: str) -> None:
    """A source with a cell without an id, or with one that stands twice, is refused."""
    source = tmp_path / "01-x.py"
    source.write_text(text)
    with pytest.raises(build.SourceError, match=said):
        build.build(source, "learner")


@of_each
def test_every_cell_is_compared(notebook: Path) -> None:
    """Each code cell was run, and its comparison is on, or a reason for the opposite stands beside it."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        tags = set(cell.metadata.get("tags", []))
        assert cell.execution_count is not None, f"{cell.id}: stored without having been run"
        if tags & SWITCHES:
            assert cell.metadata.get("reason"), f"{cell.id}: switched off without a reason"
        elif not cell.outputs:
            assert tags & {"quiet", "task"}, f"{cell.id}: compared with nothing; tag it quiet when it shows nothing"


@of_each
def test_no_cell_ends_in_an_error(notebook: Path) -> None:
    """No stored output is an error: a notebook runs from top to bottom."""
    cells = nbformat.read(notebook, as_version=4).cells
    assert [c.id for c in cells if any(o.output_type == "error" for o in c.get("outputs", []))] == []


@of_each
def test_nothing_private_is_stored(notebook: Path) -> None:
    """No stored output holds a token, a private key, or a home folder's path."""
    text = notebook.read_text()
    assert not re.search(r"PRIVATE KEY-----\\n[A-Za-z0-9+/]{20}|token=[0-9a-f]{16}|/home/\w|/root/\w", text)


def _nbval(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-q", "-c"]
    return subprocess.run(
        [*command, "/dev/null", f"--rootdir={folder}", str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=120,
    )


def _stored(folder: Path, code: str, said: str) -> None:
    output = nbformat.v4.new_output("stream", name="stdout", text=said)
    cell = nbformat.v4.new_code_cell(code, id="cell", execution_count=1, outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=build._METADATA), folder / "x.ipynb")


@pytest.mark.parametrize(
    ("code", "said", "passes"),
    [("print(2)", "2\n", True), ("print(2)", "3\n", False), ("print(2) or 1/0", "2\n", False)],
    ids=["right", "wrong output", "broken cell"],
)
def test_nbval_tells_right_from_wrong(tmp_path: Path, code: str, said: str, passes: bool) -> None:
    """The runner passes a true notebook, and fails a wrong output and a broken cell."""
    _stored(tmp_path, code, said)
    done = _nbval(tmp_path)
    assert (done.returncode == 0) is passes, done.stdout


def test_outputs_are_built_where_paths_are_as_long_as_they_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A picture cuts a path to its width before the folder gets the name that is shown."""
    for name in ("labkit", "notebooks/src"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("LABKIT_ROOT", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["build.py", "02"])
    assert build.main() == 1
    assert "/tmp/docker-lab" in capsys.readouterr().err
