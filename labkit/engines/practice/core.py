"""The practice engine without a socket: requests in, answers and streams out, time passed in.

core = Core(profile("20.10"))
call = core.handle(request, now)
core.tick(now)            # until call.answer is there
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

from . import networking, routes
from .machine.network import Socket
from .machine.process import Scheduler, Wait
from .profile import Profile
from .state import Container, Ids, State
from .wire import Answer, Fault, Reply, Request, Working, json_reply

_PREFIX = re.compile(r"/v(\d{1,3})\.(\d{1,3})(/.*)")


class Ports(Protocol):
    """The host's ports, as the core asks for them."""

    def open(self, container: Container, inner: int, address: str, port: int) -> int:
        """Listen on a port of the host (0 for any); return it.  Raises `OSError`."""

    def close(self, container: Container) -> None:
        """Stop listening on all ports of a container."""


class NoPorts:
    """Ports where there is no host: what is published is only written down."""

    def __init__(self) -> None:
        self._next = 32768

    def open(self, container: Container, inner: int, address: str, port: int) -> int:
        self._next += not port
        return port or self._next

    def close(self, container: Container) -> None:
        """Nothing is open."""


class Folders(Protocol):
    """The host's folders, as the core asks for them."""

    def tree(self, path: str) -> Any:
        """Return a folder or file of the host as a node, or None.  Raises `Fault` for one that is not allowed."""

    def make(self, path: str) -> Any:
        """Make a folder, and return it."""


class NoFolders:
    """Folders where there is no host: none can be mounted."""

    def tree(self, path: str) -> Any:
        raise Fault(400, "The practice engine mounts folders of the learner's copy only, and here there is none.")

    def make(self, path: str) -> Any:
        return self.tree(path)


class Call:
    """A request that is being answered; `answer` is None until it is."""

    def __init__(self) -> None:
        self.answer: Answer | None = None


@dataclass
class _Pending:
    call: Call
    work: Working
    wait: Wait | None


class Core:
    """The engine.

    Parameters
    ----------
    profile: the Docker that it answers as.
    seed: what ids are made from.
    registries: host and port, and the registry that answers there (see ``registry``).
    say: takes lines for the log.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        seed: str = "practice",
        now: float = 0.0,
        ports: Ports | None = None,
        folders: Folders | None = None,
        root_dir: str = "/var/lib/docker",
    ) -> None:
        self.profile = profile
        self.ids = Ids(seed)
        self.state = State()
        self.scheduler = Scheduler()
        self.ports: Ports = ports or NoPorts()
        self.folders: Folders = folders or NoFolders()
        self.root_dir = root_dir
        self.config: dict[str, Any] = {}
        self.registries: dict[str, Any] = {}
        self.say: Callable[[str], None] = lambda line: None
        self.now = self.scheduler.now = now
        self.started = now
        self._pending: list[_Pending] = []
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._event_nanos = 0
        networking.add_builtin(self)

    # Requests

    def request(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Request:
        """Return a request, its version prefix and query taken apart.  Raises `Fault` for a version that is not had."""
        path, _mark, query = target.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        many: dict[str, list[str]] = {}
        for name, value in pairs:
            many.setdefault(name, []).append(value)
        version = self.profile.api
        if found := _PREFIX.fullmatch(path):
            version, path = (int(found.group(1)), int(found.group(2))), found.group(3)
        given = {name.lower(): value for name, value in (headers or {}).items()}
        return Request(method, unquote(path), dict(pairs), many, given, body, version, self.profile.old)

    def handle(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"", *, now: float
    ) -> Call:
        """Begin to answer a request."""
        self.now = self.scheduler.now = now
        call = Call()
        try:
            request = self.request(method, target, headers, body)
            self._check_version(request)
            found = routes.find(method, request.path)
            if found is None:
                raise Fault(404, "page not found")
            work, arguments = found
            outcome = work(self, request, *arguments)
            if isinstance(outcome, Reply) or not hasattr(outcome, "send"):
                call.answer = outcome
            else:
                self._advance(_Pending(call, outcome, None))
        except Fault as fault:
            call.answer = self.fault(fault, target)
        except Exception as error:
            call.answer = self._unforeseen(error)
        return call

    def _check_version(self, request: Request) -> None:
        profile, version = self.profile, request.version
        text = f"{version[0]}.{version[1]}"
        if version > profile.api:
            raise Fault(400, f"client version {text} is too new. Maximum supported API version is {profile.api_text}")
        if version < profile.minimum:
            raise Fault(
                400,
                f"client version {text} is too old. Minimum supported API version is {profile.minimum_text}, "
                "please upgrade your client to a newer version",
            )

    def fault(self, fault: Fault, target: str) -> Reply:
        """Return the answer of an error: plain text under old version prefixes, else JSON."""
        found = _PREFIX.fullmatch(target.partition("?")[0])
        if found and (int(found.group(1)), int(found.group(2))) < (1, 24):
            return Reply(fault.status, fault.message.encode() + b"\n", {"Content-Type": "text/plain; charset=utf-8"})
        return json_reply({"message": fault.message}, fault.status)

    def _unforeseen(self, error: Exception) -> Reply:
        """Answer, and log in one line, what is a fault of this engine: it goes on for everyone else."""
        at = error.__traceback__
        while at and at.tb_next:
            at = at.tb_next
        where = f"{at.tb_frame.f_code.co_filename.rpartition('/')[2]}:{at.tb_lineno}" if at else "?"
        self.say(f"unforeseen {type(error).__name__} at {where}: {error}")
        return json_reply({"message": f"the practice engine failed at this request ({where}); its log says more"}, 500)

    def _advance(self, pending: _Pending) -> bool:
        """Go on with an answer that takes its time; return whether it is done."""
        try:
            while True:
                pending.wait = next(pending.work)
                if pending.wait is not None and not self._ready(pending.wait):
                    break
        except StopIteration as stop:
            pending.call.answer = stop.value
        except Fault as fault:
            pending.call.answer = self.fault(fault, "")
        except Exception as error:
            pending.call.answer = self._unforeseen(error)
        if pending.call.answer is None and pending not in self._pending:
            self._pending.append(pending)
        return pending.call.answer is not None

    def begin(self, work: Working) -> None:
        """Do some work beside the answers."""
        self._advance(_Pending(Call(), work, None))

    def _ready(self, wait: Wait) -> bool:
        if wait.until is not None and wait.until <= self.now:
            return True
        return wait.ready is not None and wait.ready()

    def later(self, when: float, work: Callable[[], None]) -> None:
        """Do something at a time."""
        self._timers.append((when, work))

    def tick(self, now: float) -> float | None:
        """Let everything go on; return when to be called again, or None for when something comes."""
        self.now = now
        for _round in range(8):
            again = self.scheduler.run(now)
            due = [timer for timer in self._timers if timer[0] <= now]
            for timer in due:
                self._timers.remove(timer)
                timer[1]()
            moved = [p for p in self._pending if p.wait is None or self._ready(p.wait)]
            for pending in moved:
                if self._advance(pending):
                    self._pending.remove(pending)
            if not due and not moved:
                break
        times = [again, *(t for t, _work in self._timers), *(p.wait.until for p in self._pending if p.wait)]
        return min((t for t in times if t is not None), default=None)

    # What happens

    def event(self, kind: str, action: str, identity: str, attributes: dict[str, str]) -> None:
        """Note an event, and tell who listens."""
        # Events of one moment keep their order by the nanosecond.
        nanos = max(int(self.now * 1e9), self._event_nanos + 1)
        self._event_nanos = nanos
        event: dict[str, Any] = {}
        if kind in ("container", "image") and self.profile.old:
            event = {"status": action, "id": identity}
            if kind == "container":
                event["from"] = attributes.get("image", "")
        event |= {
            "Type": kind,
            "Action": action,
            "Actor": {"ID": identity, "Attributes": dict(sorted(attributes.items()))},
            "scope": "local",
            "time": nanos // 10**9,
            "timeNano": nanos,
        }
        self.state.events.append(event)
        for listener in list(self.state.listeners):
            listener(event)

    def open_port(self, container: Container, inner: int, address: str, port: int) -> int:
        """Publish a port of a container; return the host's.  Raises `OSError`."""
        return self.ports.open(container, inner, address, port)

    def unpublish(self, container: Container) -> None:
        """Close a container's host ports."""
        container.ports = {}
        self.ports.close(container)

    def dial(self, container: Container, inner: int) -> Socket:
        """Connect to a port of a container from outside.  Raises `OSError` (ECONNREFUSED)."""
        address = next((e.network.wire.gateway for e in container.endpoints.values()), "127.0.0.1")
        return container.host.accept(inner, address)

    @property
    def headers(self) -> dict[str, str]:
        """What every answer carries."""
        profile = self.profile
        return {
            "Api-Version": profile.api_text,
            "Docker-Experimental": "false",
            "Ostype": "linux",
            "Server": profile.server,
        }
