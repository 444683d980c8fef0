"""The parts of the service on this node, and whether each is as it should be. Asks files, and starts no process."""

import errno
import os
import socket
import threading
import time

import node

FIT, FIT_UNWITNESSED = "fit", "fit, without the witness"  # what a door says of a node that could take the service
FIT_AT_ALL = (FIT, FIT_UNWITNESSED)
PROBE_S = 5  # an fsync on the volume that takes longer is a disk that hangs


class Probe(threading.Thread):
    """Writes and syncs a file on the volume once a second, in a thread, for a disk that hangs never answers."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self.path, self.ended, self.last = path, False, time.monotonic()

    def run(self) -> None:
        while not self.ended:
            try:
                with open(self.path, "r+b" if os.path.exists(self.path) else "w+b") as file:
                    file.write(b"%020d\n" % time.time_ns())  # in place, for a full volume is not ill
                    file.flush()
                    os.fsync(file.fileno())
                self.last = time.monotonic()
            except OSError as error:
                print(f"the probe on the volume: {error}", flush=True)
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    self.last = time.monotonic()
            time.sleep(1)


def is_at_work(script: str) -> bool:
    """Whether a node script has changed a file of its own and lives: what is changed takes effect by it, see lib.sh."""
    return os.path.exists(f"{node.LIB}/pending-{script}") and node.is_locked("script")


class Parts:
    def __init__(self, mount: str, addresses: list[str]) -> None:
        self.mount, self.addresses = mount, addresses

    def is_mounted(self) -> bool:
        return self.mount_options() is not None

    def mount_options(self) -> list[str] | None:
        for line in node.read("/proc/mounts").split("\n"):
            _device, directory, _type, options, *_ = [*line.split(), "", "", "", ""]
            if directory == self.mount:
                return options.split(",")
        return None

    def is_read_only(self) -> bool:
        """Newer kernels leave `rw` there after an error, and add `emergency_ro` (Linux 7.2)."""
        return not {"ro", "emergency_ro"}.isdisjoint(self.mount_options() or [])

    def has_addresses(self) -> bool:
        for address in self.addresses:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    probe.bind((address, 0))
                except OSError:
                    return False
        return True

    def has_exports(self) -> bool:
        there = {" ".join(line.split("(")[0].split()) for line in node.read("/var/lib/nfs/etab").split("\n")}
        wanted = node.read("/etc/exports.d/ha-nfs.exports").split("\n")
        return all(" ".join(w.split("(")[0].split()) in there for w in wanted if w.startswith("/"))

    def is_alive(self, pid_file: str) -> bool:
        pid = node.read(pid_file)
        return pid != "" and os.path.exists(f"/proc/{pid}")

    def ill(self) -> str | None:
        """The first part of the service that is not as it should be, and that no script is about to make so, by the name
        that `service repair` takes."""
        if not self.is_alive(f"{node.RUN}/nfsdcld.pid"):  # before nfsd, which would forget the clients without it
            return "nfsdcld"
        if not node.read("/sys/fs/cgroup/system.slice/ha-nfs-mountd.service/cgroup.procs") and not is_at_work("nfs.sh"):
            return "mountd"
        if not self.has_exports() and not is_at_work("nfs.sh"):
            return "exports"
        if node.read("/proc/fs/nfsd/threads", "0") == "0":
            return "nfsd"
        if (self.has_addresses() and self.is_alive(f"{node.RUN}/connections.pid")) or is_at_work("vip.sh"):
            return None
        return "address"


def fitness(here: node.Drbd, idle: bool, sees_witness: bool, unable: str) -> str:
    """Whether this node could take the service over, in the words that its door tells the peer."""
    if here.role != "Secondary" or here.is_away:
        return f"it is {here.role or 'down'}, {here.connection or 'without DRBD'}"
    if here.disk != "UpToDate":
        return f"its disk is {here.disk}"
    if not idle:
        return "it has been refused"
    if unable:
        return f"its {unable}"
    return FIT if sees_witness else FIT_UNWITNESSED
