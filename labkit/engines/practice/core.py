"""The practice engine without a socket: requests in, answers and streams out, time passed in.

core = Core(profile("20.10"))
call = core.handle("GET", "/containers/json", now=time.time())
core.tick(time.time())    # until call.answer is there
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, unquote

from . import networking, routes
from .machine.network import Socket
from .machine.process import Scheduler, Wait
from .profile import Profile
from .state import Container, Ids, State
from .wire import Answer, Fault, Reply, Request, Working, json_reply

_VERSIONED = re.compile(r"/v([0-9.]{1,16})(/.*)")
_ABSOLUTE = re.compile(r"https?://[^/?]*", re.I)


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
    """A request that is being answered.

    Parameters
    ----------
    answer: None until it is answered.
    plain: whether errors are told in plain text, as under version prefixes before 1.24.
    """

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.plain = False


class _Pending:
    def __init__(self, call: Call, work: Working) -> None:
        self.call, self.work = call, work
        self.wait: Wait | None = None


class VersionFault(Fault):
    """The refusal of a version prefix."""

    def __init__(self, message: str) -> None:
        super().__init__(400, message)


def _told(fault: Fault, call: Call) -> Reply:
    """Return the answer of an error."""
    if call.plain:
        head = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
        reply = Reply(fault.status, fault.message.encode() + b"\n", head)
    else:
        reply = json_reply({"message": fault.message}, fault.status)
    # A version is refused before the header that stands behind it is set.
    return reply.without("Docker-Experimental") if isinstance(fault, VersionFault) else reply


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version as it is compared: what is lacking counts as 0, so that 1.41.0 is 1.41."""
    numbers = [int(part or 0) for part in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


class Core:
    """The engine.

    Parameters
    ----------
    profile: the Docker that it answers as.
    seed: what ids are made from.
    now: the time of its start, in seconds since 1970.
    ports, folders: those of the host; without them nothing is listened on, and nothing mounted.
    root_dir: where it says that it keeps its things.

    Set afterwards: `registries`, by host and port (see ``registry``), `config`, the daemon.json,
    and `say`, which takes lines for the log.
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

    def handle(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"", *, now: float
    ) -> Call:
        """Begin to answer a request."""
        self.now = self.scheduler.now = now
        call = Call()
        path, _mark, query = _ABSOLUTE.sub("", target, count=1).partition("?")
        path = unquote(path)
        if (clean := routes.cleaned(path)) != path:
            call.answer = self._moved(clean, query)
            return call
        try:
            request = self._request(method, path, query, headers or {}, body)
            call.plain = request.version < (1, 24)
            found = routes.find(method, request.path)
            if found is None:
                call.answer = json_reply({"message": "page not found"}, 404).without(*self.headers)
                return call
            self._check_version(request)
            work, arguments = found
            outcome = work(self, request, *arguments)
            if isinstance(outcome, Reply) or not hasattr(outcome, "send"):
                call.answer = outcome
            else:
                self._advance(_Pending(call, outcome))
        except Fault as fault:
            call.answer = _told(fault, call)
        except Exception as error:
            call.answer = self._unforeseen(error)
        return call

    def _moved(self, path: str, query: str) -> Reply:
        """Lead to the clean form of a path, whatever the method: a client that follows with GET loses its body."""
        location = quote(path, safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")
        return Reply(301, b"", {"Location": location}).without(*self.headers)

    def _request(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Request:
        """Return a request, its version prefix and query taken apart."""
        pairs = parse_qsl(query, keep_blank_values=True)
        many: dict[str, list[str]] = {}
        for name, value in pairs:
            many.setdefault(name, []).append(value)
        given = {name.lower(): value for name, value in headers.items()}
        version: tuple[int, ...] = self.profile.api
        text = self.profile.api_text
        if found := _VERSIONED.fullmatch(path):
            text, path = found.groups()
            version = _numbers(text)
        return Request(method, path, dict(pairs), many, given, body, version, text, self.profile.old)

    def _check_version(self, request: Request) -> None:
        profile, text = self.profile, request.version_text
        if request.version > profile.api:
            raise VersionFault(f"client version {text} is too new. Maximum supported API version is {profile.api_text}")
        if request.version < profile.minimum:
            raise VersionFault(
                f"client version {text} is too old. Minimum supported API version is {profile.minimum_text}, "
                "please upgrade your client to a newer version"
            )

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
            pending.call.answer = _told(fault, pending.call)
        except Exception as error:
            pending.call.answer = self._unforeseen(error)
        if pending.call.answer is None and pending not in self._pending:
            self._pending.append(pending)
        return pending.call.answer is not None

    def begin(self, work: Working) -> None:
        """Do some work beside the answers."""
        self._advance(_Pending(Call(), work))

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
        if kind in ("container", "image"):  # API 1.52 and newer leaves these out
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
