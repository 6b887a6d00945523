"""The two commands on a machine that has nothing: a fresh Debian root, a fresh clone, then no network.

    .venv/bin/python tests/tools/fresh_machine.py [--tree FOLDER] [--user] [--test]

With `--user`, everything is done by somebody who is not root, so on the practice engine, and the
second time with the solved notebooks, whose checks must all pass.

It needs root, debootstrap and chromium.  The root is entered with pivot_root, in mount and
process namespaces of its own: an engine that is started there needs a real root, and what a
stop leaves behind can be counted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

SUITE = "bookworm"
PACKAGES = ("python3", "python3-venv", "ca-certificates", "curl", "procps")
"""What ./lab asks root for, where somebody else types it."""
CHECKS = 64
PIVOT = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mkdir -p .old
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
pivot_root . .old
umount -l /.old
exec sleep infinity
"""


class Machine:
    """A root tree that commands can be run in.

    Parameters
    ----------
    pid: of a process that holds its namespaces.
    user: who types the commands.
    """

    def __init__(self, pid: int, user: str = "root") -> None:
        self.pid, self.user = pid, user

    def run(self, command: str, *, check: bool = True) -> str:
        """Run a shell command in the course's folder there; return its standard output."""
        words = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--ipc", "--root"]
        kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        words += ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home(self.user), "TERM": "dumb", **kept}
        say(f"$ {command}")
        done = subprocess.run(
            [*words, "sh", "-c", f"cd {home(self.user)}/course && {command}"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        if check and done.returncode:
            print(done.stdout)
            sys.exit(f"exit code {done.returncode} of: {command}")
        return done.stdout.strip()

    def drive(self, url: str, names: Collection[str] = ()) -> None:
        """Run the learner's notebooks, or those named, in a Chromium that sees this machine's network."""
        words = ["nsenter", f"--target={self.pid}", "--net", sys.executable, __file__, "--drive", url, *names]
        subprocess.run(words, check=True)

    def network(self, command: str) -> str:
        """Run a shell command of this machine's in that one's network; return its standard output."""
        words = ["nsenter", f"--target={self.pid}", "--net", "sh", "-c", command]
        return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout

    def left(self) -> list[str]:
        """The processes that run there, but for the one that holds the namespaces."""
        mine = os.readlink(f"/proc/{self.pid}/ns/pid")
        found = []
        for process in psutil.process_iter():
            try:
                if os.readlink(f"/proc/{process.pid}/ns/pid") == mine and process.pid != self.pid:
                    found.append(" ".join(process.cmdline()) or process.name())
            except (OSError, psutil.Error):
                continue
        return found

    def mounts(self) -> list[str]:
        """Where something is mounted there."""
        return sorted(line.split()[4] for line in Path(f"/proc/{self.pid}/mountinfo").read_text().splitlines())


@contextmanager
def entered(tree: Path, user: str, *, network: bool) -> Iterator[Machine]:
    """Enter a root tree; without `network` it has a loopback alone, which is down."""
    unshare = ["unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child", *([] if network else ["--net"])]
    holder = subprocess.Popen([*unshare, "sh", "-c", PIVOT, "sh", str(tree)])
    try:
        machine = Machine(init_of(holder.pid), user)
        yield machine
    finally:
        holder.kill()
        holder.wait()


def home(user: str) -> str:
    """The home directory of a user of the tree."""
    return "/root" if user == "root" else f"/home/{user}"


def init_of(pid: int) -> int:
    """The process that `unshare` started, once it has entered its root."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for child in psutil.Process(pid).children():
            if child.name() == "sleep":
                return child.pid
        time.sleep(0.05)
    sys.exit("the root tree could not be entered")


def make_tree(tree: Path) -> None:
    """Make a minimal Debian root, reached by the network as this machine is."""
    say(f"debootstrap --variant=minbase {SUITE}")
    subprocess.run(["debootstrap", "--variant=minbase", SUITE, str(tree)], check=True, stdout=subprocess.DEVNULL)
    for name in ("etc/resolv.conf", "etc/hosts", "etc/pip.conf"):
        if Path("/", name).is_file():
            shutil.copy(Path("/", name), tree / name)
    own = Path("/usr/local/share/ca-certificates")  # certificates that this machine's network asks for
    if own.is_dir():
        shutil.copytree(own, tree / own.relative_to("/"), dirs_exist_ok=True)


def admit(tree: Path) -> str:
    """Do what an administrator does for somebody who is not root; return the new user's name."""
    chroot = ["chroot", str(tree)]
    if not (tree / "home" / "learner").exists():
        say(f"as root: apt-get install {' '.join(PACKAGES)}; useradd learner")
        for command in ("apt-get update -q", f"apt-get install -q -y --no-install-recommends {' '.join(PACKAGES)}"):
            subprocess.run([*chroot, *command.split()], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*chroot, "useradd", "--create-home", "learner"], check=True)
    return "learner"


def say(text: str) -> None:
    """Say what is being done, and when."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def expect(condition: bool, text: str) -> None:
    """End with `text` unless the condition holds."""
    if not condition:
        sys.exit(text)


def use(machine: Machine, *, solved: bool = False) -> None:
    """Start the course, run its notebooks, or the solved ones, stop it, and look what is left."""
    mounts = machine.mounts()
    begin = time.monotonic()
    seed = "LABKIT_SEED=example " if solved else ""  # two answers of the solved notebooks belong to its draw
    url = machine.run(f"{seed}./lab --no-browser -- --LabApp.expose_app_in_browser=True")
    say(f"started in {time.monotonic() - begin:.1f} s")
    expect(url.startswith("http://127.0.0.1:") and "\n" not in url, f"not one URL: {url!r}")
    if solved:
        machine.run("mkdir -p work/solved && cp notebooks/solved/*.ipynb work/solved/")
        machine.drive(url, [f"solved/{file.name}" for file in sorted((ROOT / "notebooks" / "solved").glob("*.ipynb"))])
        report = machine.run("./lab report")
        print(report)
        expect(f"{CHECKS} of {CHECKS} exercises passed." in report, "not every check passed")
    else:
        machine.drive(url)
    print(machine.run("./lab status"))
    machine.run("./lab stop")
    until = time.monotonic() + 5  # what has ended may not be reaped yet
    while machine.left() and time.monotonic() < until:
        time.sleep(0.1)
    expect(not machine.left(), f"still running after ./lab stop: {machine.left()}")
    expect(machine.mounts() == mounts, f"still mounted: {set(machine.mounts()) - set(mounts)}")


def drive(url: str, names: Collection[str]) -> None:
    """Run each notebook that the learner has, or those named, in Chromium; end with the errors where there are any."""
    from browser import JupyterPage, chromium

    with chromium() as context:
        page = JupyterPage(context.pages[0], seconds=300)
        page.load(url)
        for name in names or sorted(file for file in page.files() if file.endswith(".ipynb")):
            page.open(name)
            cells = page.run_all()
            errors = {cell.id: cell.errors for cell in cells if cell.errors}
            say(f"{name}: {len(cells)} code cells, {len(errors)} with an error")
            expect(bool(cells) and not errors, f"{name}: {errors}")
            page.close()


def main() -> None:
    """Prove the fresh machine's story; end with exit code 1 where it does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, help="a root tree to keep and use again")
    parser.add_argument("--test", action="store_true", help="run ./lab test there as well")
    parser.add_argument("--user", action="store_true", help="as somebody who is not root, on the practice engine")
    parser.add_argument("--drive", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive:
        drive(options.drive[0], options.drive[1:])
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # so that all is undone
    with tempfile.TemporaryDirectory() as folder:
        tree = options.tree or Path(folder) / "tree"
        if not (tree / "etc" / "debian_version").exists():
            make_tree(tree)
        user = admit(tree) if options.user else "root"
        course = tree / home(user).lstrip("/") / "course"
        shutil.rmtree(course, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(course)], check=True)
        subprocess.run(["chroot", str(tree), "chown", "--recursive", f"{user}:", f"{home(user)}/course"], check=True)
        with entered(tree, user, network=True) as machine:
            use(machine)
            if options.test:
                print(machine.run("./lab test"))
        say("now without a network")
        with entered(tree, user, network=False) as machine:
            machine.network("ip link set lo up")
            before = machine.network("ip -oneline link; ip route; iptables-save")
            use(machine, solved=options.user)
            after = machine.network("ip -oneline link; ip route; iptables-save")
            expect(before == after, f"the network was changed:\n{before}\n{after}")
    say("all as it should be")


if __name__ == "__main__":
    main()
