"""Containers that live: start, output, stop, exec.

State changes in one place, each with its event.  What takes time is a generator that
yields a `Wait`, as a program does.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from . import linking
from .machine.digits import whole
from .machine.files import Device, File, FileSystem, Folder, Link, Space, copy
from .machine.process import KILL, SIGNALS, Process, ProcessSpace, Wait
from .machine.streams import NOTHING, Pipe, ReadEnd, Sink, Stream
from .state import Container, Exec, LogEntry, Mount, Run, Volume
from .wire import Fault

if TYPE_CHECKING:
    from .core import Core

WRITE_LIMIT = 64 * 1024 * 1024
"""A container, or a volume, holds no more than this, in bytes."""
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
STOP_SECONDS = 10.0
_LAST_ID = 2**31 - 1


def signal_number(text: str) -> int:
    """Return the number of a signal: ``TERM``, ``SIGTERM`` or ``15``.  Raises `Fault` (400)."""
    number = whole(text) or SIGNALS.get(text.upper().removeprefix("SIG"), 0)
    if 0 < number < 65:
        return number
    raise Fault(400, f"Invalid signal: {text}")


def event_attributes(container: Container) -> dict[str, str]:
    """Return what events say about a container."""
    return {**(container.config.get("Labels") or {}), "image": container.image_name, "name": container.name}


# Starting


def prepare(core: Core, container: Container) -> None:
    """Make a container's file system: its tree, with what is mounted on it."""
    files = FileSystem(container.root, room(container), read_only=bool(container.host_config.get("ReadonlyRootfs")))
    dev = Folder(
        entries={
            "null": Device(name="null"),
            "zero": Device(name="zero"),
            "full": Device(name="full"),
            "random": Device(name="urandom"),
            "urandom": Device(name="urandom"),
            "tty": Device(name="null"),
            "stdin": Link(target="/proc/self/fd/0"),
            "stdout": Link(target="/proc/self/fd/1"),
            "stderr": Link(target="/proc/self/fd/2"),
            "shm": Folder(mode=0o1777),
        }
    )
    files.mount("/dev", dev)
    files.mount("/proc", _proc())
    files.mount("/sys", Folder(), False)
    files.mount("/etc/hostname", File(data=(container.host.name + "\n").encode()))
    files.mount("/etc/hosts", File(data=_hosts(core, container).encode()))
    files.mount("/etc/resolv.conf", File(data=_resolv(container)))
    for mount in container.mounts:
        if mount.kind == "tmpfs":
            mount.tree = Folder(mode=0o1777)  # what was there went with the last run
        tree = mounted(core, mount)
        if tree is not None:
            limit = mount.limit or memory_limit(mount.volume)
            files.mount(mount.target, tree, may_write(mount), _space(tree, limit) if limit else None)
    container.files = files


def mounted(core: Core, mount: Mount) -> Any:
    """Return what a mount shows: of a volume, what its options have mounted on it.  Raises `Fault`."""
    bound = device(core, mount.volume) if mount.volume is not None else None
    return mount.tree if bound is None else bound


def may_write(mount: Mount) -> bool:
    """Whether what a mount shows can be written."""
    return mount.writable and "ro" not in _mount_words(mount.volume)


def _mount_words(volume: Volume | None) -> list[str]:
    return str(((volume.options if volume else None) or {}).get("o", "")).split(",")


def device(core: Core, volume: Volume) -> Folder | None:
    """Return the folder that the options of a volume bind; None where they name no device.

    Raises `Fault`, with the words of an Engine whose mount(2) fails.
    """
    from .views import mountpoint

    options, words = volume.options or {}, _mount_words(volume)
    if not options or options.get("type") == "tmpfs":
        return None
    named, binds = str(options.get("device", "")), "bind" in words or "rbind" in words
    tree = core.folders.tree(named) if named.startswith("/") else None
    if binds and isinstance(tree, Folder):
        return tree
    why = "no such file or directory" if tree is None else "not a directory" if binds else "no such device"
    number = 0x1000 * ("bind" in words) | 0x5000 * ("rbind" in words) | 0x1 * ("ro" in words)
    flags = f", flags: {number:#x}" if number else ""
    at = mountpoint(core, volume.name)
    said = f"failed to mount local volume: mount {named}:{at}{flags}: {why}"
    raise Fault(500, f"error while mounting volume '{at}': {said}")


def room(container: Container) -> Space:
    """Return what a container may write, less what it has written on top of its image."""
    space = Space(WRITE_LIMIT)
    space.used = max(0, space.weight(container.root) - space.weight(container.image.tree))
    return space


def _space(tree: Folder | File, limit: int) -> Space:
    space = Space(limit, entry=0)
    space.used = space.weight(tree)
    return space


def memory_limit(volume: Volume | None) -> int:
    """Return how much a volume that is kept in memory may hold, in bytes; 0 where it is none."""
    options = (volume.options if volume else None) or {}
    if options.get("type") != "tmpfs":
        return 0
    return tmpfs_size(options.get("o", "")) or WRITE_LIMIT


def tmpfs_size(options: str) -> int:
    """Return the size that options of mount(8) name, such as ``size=1m``, in bytes; 0 where they name none."""
    found = re.search(r"(?:^|,)size=(\d{1,15})([kmg]?)(?:,|$)", options.lower())
    return int(found.group(1)) * 1024 ** " kmg".index(found.group(2) or " ") if found else 0


_SIX = (
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "ff00::0\tip6-mcastprefix",
    "ff02::1\tip6-allnodes",
    "ff02::2\tip6-allrouters",
)


def _hosts(core: Core, container: Container) -> str:
    if "host" in container.endpoints:
        lines = ["127.0.0.1 localhost", f"127.0.0.1 {container.host.name}"]
    else:
        lines = ["127.0.0.1\tlocalhost", *_SIX]
    for extra in container.host_config.get("ExtraHosts") or []:
        name, _colon, address = extra.partition(":")
        container.host.extra[name.lower()] = address
        lines.append(f"{address}\t{name}")
    lines += linking.lines(core, container)
    lines += [f"{e.address}\t{container.host.name}" for e in container.endpoints.values() if e.address]
    return "\n".join(lines) + "\n"


def _resolv(container: Container) -> bytes:
    own = any(e.network.wire.resolves for e in container.endpoints.values())
    return b"nameserver 127.0.0.11\noptions ndots:0\n" if own else b"nameserver 192.0.2.53\n"


def _proc() -> Folder:
    meminfo = b"MemTotal:        2097152 kB\nMemFree:         1048576 kB\n"
    return Folder(
        entries={
            "meminfo": File(mode=0o444, data=meminfo),
            "uptime": File(mode=0o444, data=b"60.00 120.00\n"),
            "version": File(mode=0o444, data=b"Linux version 6.1.0-practice (practice engine)\n"),
            "loadavg": File(mode=0o444, data=b"0.00 0.00 0.00 1/1 1\n"),
        }
    )


def environment(container: Container, extra: list[str] | None = None) -> dict[str, str]:
    """Return the environment of a container's processes."""
    env = {"PATH": DEFAULT_PATH, "HOSTNAME": container.host.name}
    if container.tty:
        env["TERM"] = "xterm"
    for item in [*(container.config.get("Env") or []), *(extra or [])]:
        name, equals, value = str(item).partition("=")
        if equals:
            env[name] = value
    return env


def user_of(container: Container, text: str) -> tuple[int, int]:
    """Return the user and group that a ``User`` names.  Raises `Fault` (400)."""
    name, _colon, group = text.partition(":")
    entries = {"root": (0, 0)}
    node = (container.files or FileSystem(container.root, Space(0))).lookup("/etc/passwd")
    for line in (node.data if isinstance(node, File) else b"").decode("utf-8", "replace").splitlines():
        parts = line.split(":")
        if len(parts) > 3 and (uid := whole(parts[2])) is not None and (gid := whole(parts[3])) is not None:
            entries[parts[0]] = (uid, gid)
    if not name:
        return 0, 0
    if (number := whole(name)) is not None:
        uid, gid = number, next((g for u, g in entries.values() if u == number), 0)
    elif name in entries:
        uid, gid = entries[name]
    else:
        raise Fault(400, f"unable to find user {name}: no matching entries in passwd file")
    number = whole(group)
    gid = entries.get(group, (0, gid))[1] if number is None else number
    if max(uid, gid) > _LAST_ID:
        raise Fault(400, f"uids and gids must be in range 0-{_LAST_ID}")
    return uid, gid


def spawn(
    core: Core, container: Container, argv: list[str], fds: dict[int, Stream], settings: dict[str, Any]
) -> Process:
    """Start a process in a container.  Raises `OSError` where its command can't be run.

    Parameters
    ----------
    settings: ``Env``, ``WorkingDir`` and ``User`` beside the container's own.
    """
    space = container.space
    if space is None or container.files is None:
        raise Fault(409, f"Container {container.id} is not running")
    cwd = settings.get("WorkingDir") or container.config.get("WorkingDir") or "/"
    user = user_of(container, settings.get("User") or container.config.get("User") or "")
    if container.files.lookup(cwd) is None:
        container.files.make_folders(cwd, now=core.now)
    env = environment(container, settings.get("Env"))
    env.setdefault("HOME", "/root" if user[0] == 0 else "/")
    process = space.start(_missing, argv, env=env, cwd=cwd, fds=fds, user=user)
    try:
        main = process.find(argv[0])
    except OSError:
        space.scheduler.end(process, 127)
        raise
    process.program = main(process)
    return process


def _missing(process: Process) -> Generator[Wait | None, None, int]:
    yield from ()
    return 127


def refused(command: str, error: OSError, old: bool, what: str = "start") -> str:
    """Return what the Engine says about a command that can't be run."""
    if error.errno == errno.ENOENT and "/" not in command:
        why = f'exec: "{command}": executable file not found in $PATH'
    elif error.errno == errno.ENOENT:
        why = f'exec: "{command}": stat {command}: no such file or directory'
    else:
        why = f'exec: "{command}": {(error.strerror or "").lower()}'
    if what == "exec":
        return unrunnable(why, old=old)
    if old:
        return (
            "failed to create shim task: OCI runtime create failed: runc create failed: unable to "
            f"start container process: {why}: unknown"
        )
    return (
        "failed to create task for container: failed to create shim task: OCI "
        "runtime create failed: runc create failed: "
        f"unable to start container process: error during container init: {why}"
    )


def unrunnable(why: str, *, old: bool) -> str:
    """Return what the Engine says about an exec whose process can't be started."""
    tail = ": unknown" if old else ""
    return f"OCI runtime exec failed: exec failed: unable to start container process: {why}{tail}"


def start(core: Core, container: Container) -> None:
    """Start a container.  Raises `Fault` where it can't be."""
    from .networking import connect_all, disconnect_all, publish

    if container.status == "paused":
        raise Fault(409, "cannot start a paused container, try unpause instead")
    container.error = ""
    connect_all(core, container)
    try:
        publish(core, container)
        prepare(core, container)
        container.space = ProcessSpace(core.scheduler, container.files, container.host)  # type: ignore[arg-type]
        stdin, fds, outputs = _streams(core, container)
        argv = [container.path, *container.args]
        try:
            process = spawn(core, container, argv, fds, {})
        except OSError as error:
            said = refused(argv[0], error, core.profile.old)
            container.code, container.error = (126 if error.errno == errno.EACCES else 127), said
            raise Fault(400, said) from error
    except (Fault, OSError) as error:
        core.unpublish(container)
        disconnect_all(core, container)
        container.space = None
        container.code = container.code or 128
        container.error = str(error)
        if container.host_config.get("AutoRemove"):
            core.later(core.now, lambda: _auto_remove(core, container))
        if isinstance(error, Fault):
            raise
        raise Fault(500, f"{error.filename}: {error.strerror}") from error
    container.run = Run(process, stdin, outputs)
    container.status, container.started, container.code = "running", core.now, 0
    container.host_config.setdefault("Runtime", "runc")
    container.manual_stop = False
    linking.renew(core, container)
    starters, container.starters = container.starters, []
    for starter in starters:
        starter()
    process.on_exit.append(lambda code: exited(core, container, code))
    core.event("container", "start", container.id, event_attributes(container))


Outputs = list[Callable[[int, bytes], None]]


def _streams(core: Core, container: Container) -> tuple[Pipe | None, dict[int, Stream], Outputs]:
    """Return a container's stdin, the descriptors of its first process, and who else gets its output."""
    outputs: Outputs = []
    wants_input = bool(container.config.get("OpenStdin"))
    stdin = Pipe(tty=container.tty) if wants_input else None

    def take(stream: int) -> Callable[[bytes], None]:
        def write(data: bytes) -> None:
            if container.tty:
                data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            container.log(LogEntry(core.now, stream, data))
            for output in list(outputs):
                output(stream, data)

        return write

    def ready() -> bool:
        return all(check() for check in (container.run.ready if container.run else []))

    stdout = Sink(take(1), tty=container.tty, ready=ready)
    stderr = stdout if container.tty else Sink(take(2), ready=ready)
    fds: dict[int, Stream] = {0: ReadEnd(stdin) if stdin else NOTHING, 1: stdout, 2: stderr}
    return stdin, fds, outputs


def exited(core: Core, container: Container, code: int) -> None:
    """Note that a container's first process has ended, and start it again where it is to be."""
    from .networking import disconnect_all

    container.code, container.finished = code, core.now
    container.run, container.space = None, None
    container.status = "exited"
    for volume in (m.volume for m in container.mounts if m.volume is not None):
        if memory_limit(volume) and not any(c.running for c in users(core, volume)):
            volume.tree.entries.clear()  # nobody has it mounted any more
    for entry in container.execs:
        if entry.run is not None:
            entry.code, entry.run = 137, None
    core.unpublish(container)
    if not core.profile.old:
        disconnect_all(core, container)
    core.event("container", "die", container.id, {**event_attributes(container), "exitCode": str(code)})
    disconnect_all(core, container)
    container.stop_count += 1
    for channel in container.attached:
        channel.end()
    container.attached.clear()
    for follow in list(container.followers):
        follow(None)
    policy = container.host_config.get("RestartPolicy") or {}
    name = policy.get("Name") or "no"
    again = name in ("always", "unless-stopped") or (
        name == "on-failure" and code != 0 and container.restarts < (policy.get("MaximumRetryCount") or 10**9)
    )
    if again and not container.manual_stop and container.id in core.state.containers:
        container.status = "restarting"
        container.restarts += 1
        core.later(core.now + min(0.1 * 2 ** min(container.restarts, 9), 60.0), lambda: _again(core, container))
    elif container.host_config.get("AutoRemove"):
        core.later(core.now, lambda: _auto_remove(core, container))


def _again(core: Core, container: Container) -> None:
    if container.status == "restarting" and container.id in core.state.containers:
        try:
            start(core, container)
        except Fault:
            container.status = "exited"


def _auto_remove(core: Core, container: Container) -> None:
    if container.id in core.state.containers and not container.running:
        remove(core, container, volumes=True)


# Stopping


def stop(
    core: Core, container: Container, seconds: float | None, signal: str = ""
) -> Generator[Wait | None, None, None]:
    """Ask a container to end, and kill it after some seconds; below 0 for no limit."""
    if container.status == "restarting":
        container.status, container.manual_stop = "exited", True
        return
    run = container.run
    if run is None:
        return
    container.manual_stop = True
    number = signal_number(signal or container.config.get("StopSignal") or "TERM")
    run.process.signal(number)
    core.event("container", "kill", container.id, {**event_attributes(container), "signal": str(number)})
    if container.status == "paused":
        unpause(core, container)
    limit = container.config.get("StopTimeout", STOP_SECONDS) if seconds is None else seconds
    until = None if limit < 0 else core.now + limit
    count = container.stop_count
    yield Wait(lambda: container.stop_count != count, until)
    if container.stop_count == count and container.run is not None:
        core.event("container", "kill", container.id, {**event_attributes(container), "signal": str(KILL)})
        container.run.process.signal(KILL)
        yield Wait(lambda: container.stop_count != count)
    core.event("container", "stop", container.id, event_attributes(container))


def kill(core: Core, container: Container, signal: str) -> Generator[Wait | None, None, None]:
    """Send a signal; with KILL wait until it is gone."""
    if container.run is None:
        said = f"Container {container.id} is not running"
        old = core.profile.old
        raise Fault(
            409,
            f"Cannot kill container: {container.name}: {said}"
            if old
            else f"cannot kill container: {container.name}: container {container.id} is not running",
        )
    number = signal_number(signal or "KILL")
    stops = container.config.get("StopSignal")
    ends = not stops or number in (KILL, signal_number(stops))  # so the Engine sees it: any signal is to end it
    container.manual_stop = container.manual_stop or ends
    container.run.process.signal(number)
    core.event("container", "kill", container.id, {**event_attributes(container), "signal": str(number)})
    if ends and number != KILL and container.status == "paused":
        unpause(core, container)
    if number == KILL:
        count = container.stop_count
        yield Wait(lambda: container.stop_count != count)


def pause(core: Core, container: Container) -> None:
    """Stop all processes where they are."""
    if container.run is None or container.space is None:
        raise Fault(409, not_running(core, container))
    if container.status == "paused":
        raise Fault(409, f"Container {container.id} is already paused")
    container.space.freeze(True)
    container.status = "paused"
    core.event("container", "pause", container.id, event_attributes(container))


def unpause(core: Core, container: Container) -> None:
    """Let all processes go on."""
    if container.status != "paused" or container.space is None:
        raise Fault(500 if core.profile.old else 409, f"Container {container.id} is not paused")
    container.space.freeze(False)
    container.status = "running"
    core.event("container", "unpause", container.id, event_attributes(container))


def not_running(core: Core, container: Container) -> str:
    """Return what the Engine says about a container that does not run."""
    return f"{'Container' if core.profile.old else 'container'} {container.id} is not running"


def remove(core: Core, container: Container, *, volumes: bool) -> None:
    """Remove a container that does not run, and with `volumes` its anonymous ones."""
    from .networking import forget

    del core.state.containers[container.id]
    forget(core, container)
    for entry in container.execs:
        core.state.execs.pop(entry.id, None)
    core.event("container", "destroy", container.id, event_attributes(container))
    for mount in container.mounts:
        volume = mount.volume
        if volume and volumes and volume.anonymous and not users(core, volume):
            core.state.volumes.pop(volume.name, None)
            core.event("volume", "destroy", volume.name, {"driver": "local"})
    for follow in list(container.followers):
        follow(None)


def users(core: Core, volume: Volume) -> list[Container]:
    """Return the containers that mount a volume."""
    return [c for c in core.state.containers.values() if any(m.volume is volume for m in c.mounts)]


def populate(core: Core, container: Container, volume: Volume, target: str) -> None:
    """Copy what the image has at the mount point into a new, empty volume; one in memory begins without it."""
    there = FileSystem(container.root, Space(0)).lookup(target)
    if not isinstance(there, Folder) or memory_limit(volume):
        return
    tree = device(core, volume) or volume.tree
    made = copy(there)
    if tree.names() or not isinstance(made, Folder):
        return
    for name, node in made.entries.items():
        tree.put(name, node)
    if tree is volume.tree:
        tree.mode, tree.uid, tree.gid = made.mode, made.uid, made.gid


# Exec


def start_exec(
    core: Core, entry: Exec, output: Callable[[int, bytes], None], ready: Callable[[], bool], *, tty: bool
) -> str:
    """Start an exec; return what went wrong, in the Engine's words, or nothing."""
    container = entry.container
    entry.started = True
    stdin = Pipe(tty=tty) if entry.config.get("AttachStdin") else None

    def take(stream: int) -> Callable[[bytes], None]:
        def write(data: bytes) -> None:
            output(stream, data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if tty else data)

        return write

    stdout = Sink(take(1), tty=tty, ready=ready)
    fds: dict[int, Stream] = {
        0: ReadEnd(stdin) if stdin else NOTHING,
        1: stdout,
        2: stdout if tty else Sink(take(2), ready=ready),
    }
    cwd = entry.config.get("WorkingDir")
    if cwd and container.files is not None and container.files.lookup(cwd) is None:
        entry.code = 126
        why = f'chdir to cwd ("{cwd}") set in config.json failed: no such file or directory'
        return unrunnable(why, old=core.profile.old)
    argv = list(entry.config.get("Cmd") or [])
    core.event(
        "container", "exec_start: " + " ".join(argv), container.id, {**event_attributes(container), "execID": entry.id}
    )
    try:
        process = spawn(core, container, argv, fds, entry.config)
    except OSError as error:
        entry.code = 126 if error.errno == errno.EACCES or core.profile.old else 127
        return refused(argv[0], error, core.profile.old, "exec")
    except Fault as error:
        entry.code = 126
        return error.message
    entry.run, entry.pid = Run(process, stdin), process.pid

    def done(code: int) -> None:
        entry.code, entry.run = code, None
        core.event(
            "container",
            "exec_die",
            container.id,
            {**event_attributes(container), "execID": entry.id, "exitCode": str(code)},
        )

    process.on_exit.append(done)
    return ""


def typed(pipe: Pipe | None, output: Callable[[int, bytes], None] | None, process: Process) -> Callable[[bytes], None]:
    """Return what is called with what a learner types: a terminal echoes it, and knows Ctrl-C."""

    def write(data: bytes) -> None:
        if pipe is None or pipe.ended:
            return
        if not pipe.tty:
            pipe.buffer += data
            return
        if b"\x03" in data:
            for other in list(process.space.alive.values()):
                if other.parent is process or other is process:
                    other.signal(2)
            data = data.replace(b"\x03", b"")
        if b"\x04" in data:
            pipe.end()
            data = data.replace(b"\x04", b"")
        data = data.replace(b"\r", b"\n")
        if output:
            output(1, data.replace(b"\n", b"\r\n"))
        pipe.buffer += data

    return write
