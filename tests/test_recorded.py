"""Every request of every notebook, as nbval ran them: its curl line, Python text and docker command send the same.

Runs after the notebooks (see conftest.py), on what their kernels have sent.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import recorder
from dockerstub import Stub
from test_curl import SHELLS, paste, words
from test_dockercommand import assert_all_same, docker_stub  # noqa: F401  # a fixture
from test_pythoncall import effective, run
from wire import Seen, Server

from labkit import api, curl, dockercommand, pythoncall
from labkit.model import Request
from labkit.shell import word
from labkit.transport import Adapter, send
from labkit.upgrade import Upgraded

LABS = 6


@pytest.fixture(scope="module")
def recorded() -> list[Request]:
    """What the notebooks have sent; nothing when they were not run."""
    found = recorder.requests()
    if not found:
        pytest.skip("no notebook was run in this session: ./lab test runs them")
    return found


def elsewhere(request: Request, server: Server, folder: Path, number: int) -> Request:
    """Return the same request to another server; a body in a file is written anew, as the first may be gone."""
    file = None
    if request.body_file is not None:
        file = str(folder / f"body {number}")
        Path(file).write_bytes(request.body or b"")
    return replace(request, endpoint=server.endpoint, body_file=file)


def lines(request: Request, *, wrap: bool) -> list[str]:
    """Return what is typed: the variables of secrets, then the line."""
    secrets = {curl.SECRET_HEADERS.get(name.lower()): value for name, value in request.headers}
    if curl.has_secret(request):
        secrets["AUTH_BODY"] = (request.body or b"").decode()
    typed = [f"{name}={word(value)}" for name, value in secrets.items() if name]
    return [*typed, curl.curl(request, wrap=wrap)]


def test_every_request_of_every_notebook(recorded: list[Request], tmp_path: Path) -> None:
    """Method, target, headers and body are the same, by curl as by labkit, for each call in the six notebooks."""
    assert len(recorded) > 20 * LABS
    sent: list[Seen] = []
    with Server(tmp_path / "docker.sock") as server:
        requests = [elsewhere(request, server, tmp_path, n) for n, request in enumerate(recorded)]
        adapter = Adapter(server.endpoint)
        for request in requests:
            upgrade = any(name.lower() == "upgrade" for name, _value in request.headers)
            (Upgraded(request, 10) if upgrade else send(adapter, request, 10)).close()
            sent += server.take()
        ran = paste("sh", [line for request in requests for line in lines(request, wrap=False)], tmp_path)
        assert not server.problems, ran.stderr
        for request, ours, theirs in zip(requests, sent, server.take(), strict=True):
            assert theirs == ours, curl.curl(request)


def test_every_request_by_plain_requests(recorded: list[Request], tmp_path: Path) -> None:
    """The Python text of each call runs, and sends the same; an upgrade alone is said to be impossible."""
    with Server(tmp_path / "docker.sock") as server:
        requests = [elsewhere(request, server, tmp_path, n) for n, request in enumerate(recorded)]
        upgrades = [r for r in requests if any(name.lower() == "upgrade" for name, _value in r.headers)]
        assert all("requests has no way" in pythoncall.python(request) for request in upgrades)
        adapter, sent = Adapter(server.endpoint), list[Seen]()
        requests = [request for request in requests if request not in upgrades]
        for request in requests:
            send(adapter, request, 10).close()
            sent += server.take()
        ran = run(requests, tmp_path)
        assert ran.returncode == 0, ran.stderr
        for request, ours, theirs in zip(requests, sent, server.take(), strict=True):
            assert effective(theirs) == effective(ours), pythoncall.python(request)


def alike(requests: list[Request]) -> list[Request]:
    """Return one request of each kind: the same command with the same options and as many words."""
    kinds: dict[tuple[object, ...], Request] = {}
    for request in requests:
        if found := dockercommand.command(request):
            options = tuple(sorted({option[0] for option in found.options}))
            kinds.setdefault((found.words, options, len(found.operands), len(found.remarks)), request)
    return list(kinds.values())


def test_every_kind_of_request_by_docker(recorded: list[Request], stub: Stub, tmp_path: Path) -> None:
    """The real docker client takes the command of each kind of call, and asks the same of an Engine."""
    assert assert_all_same(stub, alike(recorded), tmp_path) > 50


@pytest.mark.slow
def test_every_request_by_docker(recorded: list[Request], stub: Stub, tmp_path: Path) -> None:
    """So it is for each call in the six notebooks that has a command."""
    assert assert_all_same(stub, recorded, tmp_path) > 300


def test_what_has_no_docker_command(recorded: list[Request]) -> None:
    """Only what the command line has no word for goes without one: pings, registries, wrong paths, exec's parts."""
    without = {(r.method, api.template(r.method, r.path)) for r in recorded if dockercommand.command(r) is None}
    assert {template for _method, template in without} <= {
        None, "/_ping", "/exec/{id}/start", "/exec/{id}/json", "/containers/{id}/archive"
    }  # fmt: skip


@pytest.mark.parametrize("wrap", [False, True])
def test_each_shell_reads_the_same(recorded: list[Request], wrap: bool, tmp_path: Path) -> None:
    """sh, bash and zsh give curl the same arguments, whether the line is wrapped or not."""
    plain = [line for request in recorded for line in lines(request, wrap=False)]
    typed = [line for request in recorded for line in lines(request, wrap=wrap)]
    wanted = words("sh", plain, tmp_path)
    assert len(wanted) == len(recorded)
    for shell in SHELLS:
        assert words(shell, typed, tmp_path) == wanted, shell
