#!/usr/bin/python3 -sE
"""What the guard says to the cluster manager: Pacemaker, whose one resource is the service. The manager says who should serve,
restarts the service and moves it; here it is told when this node hands over. As a program, what others ask and tell it:

usage: manager.py report PEER   what it knows, as JSON: see Report in scripts/judge.ts
       manager.py sees PEER     ends with 0 when it takes the peer for alive
       manager.py is-settled    ends with 0 when it has given the service to a master
       manager.py hand-over     the peer is to serve
       manager.py events SINCE  what it has decided since then, in seconds since 1970: `SECONDS WORDS` a line
"""

import json
import os
import re
import subprocess
import sys
import time

import node

NAME = "pacemaker"
HEALS = False  # what is ill, the guard leaves to the resource's monitor
ANSWER_S = 5  # its tools wait for long where it is down
ATTRIBUTE = "ha-nfs-leaves"  # of a node: while it is 1, the service may not run there (render/pacemaker.ts)
LEAVING = f"{node.RUN}/leaving"  # made when this node hands over
VOTES_ALONE = f"{node.RUN}/votes-alone"  # while a person's word counts for the other votes
LEAVING_S = 15  # what that may take; then this node may have the service again
STABLE_S = 3  # a difference that lasts so long is no passing one
LINKS = ("link", "service")
NETWORK = "/sys/class/net"
CONF = "/etc/corosync/corosync.conf"
PROCESSES = "/sys/fs/cgroup/system.slice/pacemaker.service/cgroup.procs"
EVENT = (
    r"pacemaker-(?:controld|fenced|schedulerd).*?: "
    r"(Node \S+ state is now lost|Requesting fencing \(\w+\)[^|]* \S+|Initiating (?:start|stop) operation \S+ \S+ on \S+"
    r"|(?:Result of|Peer) .*|Resource .* (?:active|running) on \d nodes.*)"
)


def ask(*command: str) -> tuple[int, str]:
    try:
        done = subprocess.run(command, capture_output=True, timeout=ANSWER_S)
        return done.returncode, done.stdout.decode(errors="replace").strip()
    except (OSError, subprocess.SubprocessError):
        return 1, ""


def runs() -> bool:
    return node.read(PROCESSES) != ""


def unable() -> str:
    """Why this node could not be made to serve; nothing where it could."""
    return f"{NAME} is down" if not runs() else "interface to the clients is down" if is_cut_off() else ""


def is_cut_off() -> bool:
    return node.read(f"{NETWORK}/{node.settings('vip.conf')['NIC']}/operstate") == "down"


def cut_off() -> str:
    """Why the service should go elsewhere, though it is well: corosync goes on over the link."""
    return "no client reaches this node: its interface is down" if is_cut_off() else ""


def hand_over() -> bool:
    """Whether Pacemaker listens. It moves the service for as long as this node has the attribute."""
    node.put(LEAVING, "1")
    if ask("attrd_updater", "--name", ATTRIBUTE, "--update", "1")[0] == 0:
        return True
    node.forget(LEAVING)
    return False


class Books:
    """Ends what a hand-over has begun, and a wish that Pacemaker knows nothing of: of the manager that was here before it."""

    def __init__(self) -> None:
        self.since = 0.0

    def look(self, me: str, peer: str, wish: str, here: node.Drbd, heals: bool) -> str | None:
        """What it has done, for the journal."""
        self.stay(here)
        self.vote(here)
        now = time.monotonic()
        stale = heals and wish == "up" and here.role == "Secondary" and here.peer_role == "Primary"
        if not stale or node.is_locked("ocf"):
            self.since = now
        if now - self.since < STABLE_S:
            return None
        self.since = now
        subprocess.run([f"{os.path.dirname(__file__)}/wish", "down", "at-once"])
        return f"{peer} serves, and Pacemaker has not asked {me} to"

    def stay(self, here: node.Drbd) -> None:
        try:
            since = os.stat(LEAVING).st_mtime
        except FileNotFoundError:
            return
        if here.peer_role == "Primary" or not 0 <= time.time() - since < LEAVING_S:
            if ask("attrd_updater", "--name", ATTRIBUTE, "--delete")[0] == 0:
                node.forget(LEAVING)

    def vote(self, here: node.Drbd) -> None:
        """A person's word that this node serves alone is worth the other votes too, until the peer is back."""
        if os.path.exists(node.ALONE) and re.search(r"^Quorate: +No$", ask("corosync-quorumtool", "-s")[1], re.MULTILINE):
            node.put(VOTES_ALONE, "1")
            ask("corosync-cmapctl", "-D", "quorum.device.")
            ask("corosync-quorumtool", "-e", "1")
        elif os.path.exists(VOTES_ALONE) and not here.is_away and ask("corosync-cfgtool", "-R")[0] == 0:
            node.forget(VOTES_ALONE)


def device() -> str:
    """How the quorum device stands: nothing where there is none."""
    if "device {" not in node.read(CONF):
        return ""
    own = re.search(r"^ *\d+ +\d+ +(\S+) .*\(local\)", ask("corosync-quorumtool", "-s")[1], re.MULTILINE)
    votes = own and own[1].split(",")[:2] == ["A", "V"]
    return "up" if votes else "without a vote for this node"


def sees(peer: str) -> bool:
    return peer in ask("crm_node", "--partition")[1].split()


def links() -> dict[str, str]:
    """How corosync reaches the peer: of each link, the state of the node that is not this one."""
    said = ask("corosync-cfgtool", "-s")[1]
    found = {}
    for number, text in re.findall(r"LINK ID (\d+).*?\n(.*?)(?=LINK ID|\Z)", said, re.DOTALL):
        states = [state for state in re.findall(r"nodeid: +\d+:\s+(\S.*)", text) if state != "localhost"]
        name = LINKS[int(number)] if int(number) < len(LINKS) else number
        found[name] = "up" if states == ["connected"] else ", ".join(states) or "unknown"
    return found


def has_other_key() -> bool:
    """Whether corosync has refused what the peer sent since a minute ago, for it is enciphered with another key."""
    command = ["journalctl", "--quiet", "--unit=corosync.service", "--since=-1min", "--output=cat"]
    return re.search(r"crypto|Digest does not match|decrypt", ask(*command)[1], re.IGNORECASE) is not None


def report(peer: str) -> str:
    found, seen = links(), sees(peer)
    other_key = not seen and "up" not in found.values() and has_other_key()
    if vote := device():
        found["quorum device"] = vote
    known = {
        "name": NAME,
        "runs": runs(),
        "waitsForPeer": node.is_starting("corosync.service"),
        "peer": "active" if seen else "one with another key of corosync's" if other_key else "dead",
        "links": found,
    }
    return json.dumps(known)


def is_settled() -> bool:
    return "is running on" in ask("crm_resource", "--locate", "--resource", f"ha-nfs-{node.settings('fence.conf')['VOLUME']}")[1]


def main(verb: str, *of: str) -> None:
    if verb == "report":
        print(report(*of))
    elif verb == "sees":
        sys.exit(not sees(*of))
    elif verb == "is-settled":
        sys.exit(not is_settled())
    elif verb == "hand-over":
        sys.exit(not hand_over())
    elif verb == "events":
        print(node.journal(EVENT, *of))
    else:
        sys.exit(f"{verb}: report, sees, is-settled, hand-over, events")


if __name__ == "__main__":
    main(*sys.argv[1:])
