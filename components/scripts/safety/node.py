"""What this node knows of itself: its configuration, and its volume as DRBD and the kernel have it."""

import fcntl
import os
import re
import shlex
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import Iterator, NamedTuple

from rules import Generations, base

ETC = os.environ.get("HA_NFS_ETC", "/etc/ha-nfs")
RUN = os.environ.get("HA_NFS_RUN", "/run/ha-nfs")  # gone with a boot
LIB = os.environ.get("HA_NFS_LIB", "/var/lib/ha-nfs")  # outlives it
PROC_DRBD = os.environ.get("HA_NFS_PROC_DRBD", "/proc/drbd")
KMSG = os.environ.get("HA_NFS_KMSG", "/dev/kmsg")
SYSRQ = os.environ.get("HA_NFS_SYSRQ", "/proc/sysrq-trigger")
KEYS = f"{ETC}/secrets/fence"
WITNESS_KEYS = f"{ETC}/secrets/witness"
CLAIMED = f"{LIB}/claimed"  # the generations with which the witness may have granted that this node goes on alone
DEBT = f"{LIB}/debt"  # those with which it has gone on by a person's word, or without its peer's disk, untold
BEHIND = f"{LIB}/behind"  # this node's disk was lost while the peer had one, and may be back after a boot: see upkeep.py
MAINTENANCE = f"{RUN}/maintenance"  # while it is there, nothing is repaired and nothing moved
SPLIT_BRAIN = f"{LIB}/split-brain"  # made by DRBD's own handler only
ALONE = f"{RUN}/alone"  # a person's word that this node is to serve alone, see is_told; a boot ends it


def settings(name: str) -> dict[str, str]:
    """A file of shell assignments below /etc/ha-nfs, such as `fence.conf`."""
    with open(f"{ETC}/{name}") as lines:
        pairs = (word.split("=", 1) for line in lines for word in shlex.split(line, comments=True))
        return {key: value for key, value in pairs}


def keys(file: str) -> list[bytes]:
    """One a line: the first signs, each is accepted. See wire.py."""
    with open(file, "rb") as lines:
        return [line.strip() for line in lines if line.strip()]


def say(who: str, text: str) -> None:
    """A line in the kernel's log, which needs no disk and no process, and from there in the journal."""
    with open(KMSG, "w") as log:
        log.write(f"<29>ha-nfs {who}: {text}\n")


def reboot(why: str) -> None:
    """At once and without a word to the disks: what is frozen must not thaw."""
    say("reboot", why)
    with open(SYSRQ, "w") as trigger:
        trigger.write("b")
    time.sleep(3600 if SYSRQ.startswith("/proc/") else 0)


# Those from Timeout to TearDown pass, and the handler of a primary starts in them.
AWAY = (
    "",
    "StandAlone",
    "Disconnecting",
    "Unconnected",
    "WFConnection",
    "WFReportParams",
    "Timeout",
    "BrokenPipe",
    "NetworkFailure",
    "ProtocolError",
    "TearDown",
)


class Drbd(NamedTuple):
    """One device as /proc/drbd has it, `0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----`."""

    connection: str = ""
    role: str = ""
    peer_role: str = ""
    disk: str = ""
    peer_disk: str = ""
    frozen: bool = False
    """I/O waits for a proof that the peer can acknowledge nothing."""
    written: int = 0
    """KiB that have been written to this node's disk since it was attached."""
    out_of_sync: int = 0
    """KiB that one disk lacks of the other's data."""

    @property
    def is_away(self) -> bool:
        return self.connection in AWAY


def drbd(minor: str) -> Drbd:
    """Reads no lock of DRBD's, so it answers while a promote's handler runs. Empty where the device is down."""
    try:
        with open(PROC_DRBD) as lines:
            text = lines.read()
    except OSError:
        return Drbd()
    found = re.search(rf"^ *{minor}: cs:(\S+)(?: ro:(\w+)/(\w+) ds:(\w+)/(\w+) \w? *(\S*))?", text, re.MULTILINE)
    if not found or found[1] == "Unconfigured":
        return Drbd()
    counters = re.match(r".*\n(.*)", text[found.start() :])
    counted = dict(re.findall(r"(\w+):(\d+)", counters[1] if counters else ""))
    return Drbd(
        *(group or "" for group in found.groups()[:5]),
        frozen=(found[6] or "").startswith("s"),  # an `s` at the end says that the activity log rests
        written=int(counted.get("dw", 0)),
        out_of_sync=int(counted.get("oos", 0)),
    )


def generations(volume: str) -> Generations:
    """As the kernel has them, or the metadata while the volume is down. Never inside a promote: it may wait for that."""
    text = subprocess.run(
        ["drbdadm", "get-gi", volume], capture_output=True, text=True, timeout=2, check=True
    ).stdout
    return parse_generations(text)


def parse_generations(text: str) -> Generations:
    """`CURRENT:BITMAP:HISTORY:HISTORY:flags…`, of drbdadm get-gi."""
    fields = re.search(r"\b[0-9A-F]{16}(?::[0-9A-F]{16}){3}", text)
    if not fields:
        raise ValueError(f"no generations in {text!r}")
    current, bitmap, *history = (int(field, 16) for field in fields[0].split(":"))
    return Generations(current, bitmap, tuple(history))


def spell(generations: Generations) -> str:
    return ":".join(f"{g:016X}" for g in (generations.current, generations.bitmap, *generations.history))


@contextmanager
def lock(name: str, wait_s: float = 0) -> Iterator[bool]:
    """Holds /run/ha-nfs/<name>.lock, and says whether it could. `promote` is for all that changes DRBD's state: a
    command that waits for a promote's handler inside the kernel keeps all of generic netlink waiting."""
    with open(f"{RUN}/{name}.lock", "a") as file:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    yield False
                    return
                time.sleep(0.05)
        yield True


def is_locked(name: str) -> bool:
    """Whether another process holds that lock: `looking` is a person's at both sides of a split brain, `fence` the
    handler's, `script` a node script's."""
    with lock(name) as free:
        return not free


def alive() -> None:
    """Tells systemd's watchdog that this process is at work."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.sendto(b"READY=1\nWATCHDOG=1", address)


def read(path: str, default: str = "") -> str:
    try:
        with open(path, errors="replace") as file:
            return file.read().strip()
    except OSError:
        return default


def is_alive(pid_file: str, name: str) -> bool:
    """Whether the process of that file runs: the pid may be another's by now."""
    pid = read(pid_file)
    return pid.isdigit() and read(f"/proc/{pid}/comm") == name


def is_starting(unit: str) -> bool:
    """Whether systemd still waits for a step before it: wait-peer."""
    return subprocess.run(["systemctl", "is-active", unit], capture_output=True).stdout == b"activating\n"


def put(path: str, text: str) -> None:
    """Whole or not at all, in memory: for what a boot forgets anyway. Where no room is left, in place, which needs none."""
    try:
        with open(f"{path}.new", "w") as file:
            file.write(f"{text}\n")
        os.rename(f"{path}.new", path)
    except OSError:
        with open(path, "r+") as file:
            file.write(f"{text}\n")
            file.truncate()


def write(path: str, text: str, mode: int = 0o666) -> None:
    """Whole or not at all, and on the disk when this returns."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(f"{path}.new", "w", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    os.rename(f"{path}.new", path)
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def journal(pattern: str, since: str) -> str:
    """What of the lines that match since then, in seconds since 1970, is in the pattern's group: `SECONDS WORDS` a line."""
    command = ["journalctl", "--quiet", "--output=short-unix", f"--since=@{since}"]
    lines = subprocess.run(command, capture_output=True, text=True, errors="replace").stdout.splitlines()
    found = ((line.split()[0], re.search(pattern, line)) for line in lines)
    return "\n".join(f"{at} {match[1]}" for at, match in found if match)


def word(mine: Generations) -> str:
    """What ha-nfs-alone writes: a person's word holds for the very data of when it was given."""
    return f"{base(mine.current):016X}"


def is_told(volume: str) -> bool:
    """Whether a person has said that this node is to serve alone, with the very data that it has now."""
    said = read(ALONE)
    try:
        return said != "" and said == word(generations(volume))
    except (OSError, subprocess.SubprocessError, ValueError):  # DRBD is not up yet
        return False


def forget(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


class Answer(NamedTuple):
    done: bool
    said: str
    complaint: str


def ask_device(pair: dict[str, str], verb: str, seconds: str) -> Answer:
    """What the fence device does about the peer, with all that it has started: nothing of it acts after this."""
    command = ["timeout", "--kill-after=1", seconds, *pair["DEVICE"].split(), verb, pair["PEER"]]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    said = done.stdout.strip()
    late = "no answer in its time" if done.returncode in (124, 137) else ""
    complaint = " / ".join(line.strip() for line in done.stderr.splitlines() if line.strip())  # a finding is one line
    return Answer(done.returncode == 0, said, late or complaint or said or f"exit {done.returncode}")


class Every:
    """True at most once in so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.next = seconds, 0.0

    def due(self) -> bool:
        now = time.monotonic()
        if now < self.next:
            return False
        self.next = now + self.seconds
        return True


class AtMost:
    """So many in so many seconds, and how many there were in all."""

    def __init__(self, count: int, seconds: float) -> None:
        self.count, self.seconds, self.total = count, seconds, 0
        self.taken: list[float] = []

    def is_left(self) -> bool:
        """Whether there may be one more now."""
        now = time.monotonic()
        self.taken = [at for at in self.taken if now - at < self.seconds]
        return len(self.taken) < self.count

    def take(self) -> bool:
        """The same, and it counts."""
        if not self.is_left():
            return False
        self.taken.append(time.monotonic())
        self.total += 1
        return True
