#!/usr/bin/python3 -sE
"""What the guard says to the cluster manager: heartbeat, in its R1 mode. The manager says who should serve; here it is told
when that cannot be, and when its books and the truth have parted. As a program, what others ask and tell it:

usage: manager.py report PEER   what it knows, as JSON: see Report in scripts/judge.ts
       manager.py sees PEER     ends with 0 when it takes the peer for alive
       manager.py is-settled    ends with 0 when it has given the service to a master
       manager.py hand-over     the peer is to serve
       manager.py rekey         both sign with the newest key from now on
       manager.py events SINCE  what it has decided since then, in seconds since 1970: `SECONDS WORDS` a line
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time

import node
import wire

NAME = "heartbeat"
HEALS = True  # the guard mends what is ill
TOOLS = "/usr/share/heartbeat"
ANSWER_S = 3  # a heartbeat that is dead takes no word, and its tools wait for ever
HEARTBEAT = "/usr/libexec/heartbeat/heartbeat"
AUTHKEYS = os.environ.get("HA_NFS_AUTHKEYS", "/etc/ha.d/authkeys")
STABLE_S = 15  # a state that lasts so long is no passing one
LOST = "heartbeat has lost a message of its own, and waits for it"
LOST_S = 5
MET_AGAIN = f"{node.RUN}/met-again"  # its time is that of a reunion: see hanfs
PARTED_S = 2  # of DRBD's absence: after so long, heartbeat may take a peer that is back for one that was dead


def cl_status(*words: str) -> tuple[int, str]:
    try:
        done = subprocess.run(["cl_status", *words], capture_output=True, timeout=ANSWER_S)
        return done.returncode, done.stdout.decode(errors="replace").strip()
    except (OSError, subprocess.SubprocessError):
        return 1, ""


def ask(*words: str) -> str:
    """What `cl_status` prints, or nothing where heartbeat is down."""
    return cl_status(*words)[1]


def tell(tool: str) -> bool:
    """Whether heartbeat has taken the word."""
    try:
        subprocess.run([f"{TOOLS}/{tool}", "all"], stdout=subprocess.DEVNULL, timeout=ANSWER_S)
        return True
    except (OSError, subprocess.SubprocessError):
        return False


def runs() -> bool:
    return node.is_alive("/run/heartbeat.pid", NAME)


def unable() -> str:
    """Why this node could not be made to serve; nothing where it could."""
    return "" if runs() else f"{NAME} is down"


def cut_off() -> str:
    """Why the service should go elsewhere, though it is well. Heartbeat's own ipfail sees to that."""
    return ""


def hand_over() -> bool:
    node.forget(MET_AGAIN)  # this stop is meant
    return tell("hb_standby")


def take_over() -> bool:
    return tell("hb_takeover")


def keys() -> str:
    return node.read(f"{node.ETC}/secrets/authkeys")


def mark(of: str) -> str:
    """Tells whether two nodes have the same keys, and tells nothing of them."""
    return hashlib.sha256(of.encode()).hexdigest()


def sign_anew() -> None:
    """Signs with the newest of this node's keys from now on."""
    node.write(AUTHKEYS, keys(), 0o600)
    subprocess.run([HEARTBEAT, "-r"], capture_output=True, timeout=ANSWER_S)


def rekey() -> None:
    """Heartbeat takes no message that is signed with another key than its own signs with, though authkeys may list more
    (measured with 3.0.6). So both change in one moment: the peer, which has the new keys already, is told by its door."""
    pair = node.settings("fence.conf")
    said = wire.ask_peer(pair, f"rekey {mark(keys())}", 1)
    if said not in ("rekeyed", "hung", None):  # hung: it is slow, and at it; None: it is off, and has its own script
        sys.exit(f"{pair['PEER']} does not change heartbeat's key: its door says {said}")
    sign_anew()


def take_again(me: str, peer: str) -> None:
    """Does anew what heartbeat does when its peer has died. Its own two scripts do that side by side, and now and then
    tear each other's messages to it (ha_clustermsg in /etc/ha.d/shellfuncs writes in pieces)."""
    environment = {**os.environ, "HA_NICEFAILBACK": "yes", "HA_CURHOST": me}

    def run(*command: str) -> str:
        node.alive()
        options = {"env": environment, "stdout": subprocess.PIPE, "text": True, "timeout": 10}
        return subprocess.run([f"{TOOLS}/{command[0]}", *command[1:]], **options).stdout

    run("mach_down", peer)
    for group in run("ResourceManager", "listkeys", me).split():
        run("req_resource", group)


def initdead_s() -> float:
    """How long heartbeat waits for its peer at the start."""
    found = re.search(r"^initdead (\d+)(ms|)$", node.read("/etc/ha.d/ha.cf"), re.MULTILINE)
    return int(found[1]) / (1000 if found[2] else 1) if found else 0


class Books:
    """Notices that heartbeat believes what is not so, and sets it right: after a heartbeat that died under its service,
    after both have given up what each believed that the other held, after it has lost a message of its own."""

    def __init__(self) -> None:
        self.wrong, self.since = "", 0.0
        self.away_since: float | None = None
        self.met = False  # whether the peer was there: until then heartbeat waits for it

    def look(self, me: str, peer: str, wish: str, here: node.Drbd, heals: bool) -> str | None:
        """What it has done about it, for the journal."""
        self.met = self.met or not here.is_away
        self.note_reunion(here)
        if not heals:
            return None
        wrong, patience_s = self.fault(me, peer, wish, here)
        now = time.monotonic()
        if wrong != self.wrong:
            self.wrong, self.since = wrong, now
        if not wrong or now - self.since < patience_s:
            return None
        self.since = now  # again in as many seconds
        if wrong == LOST:
            take_again(me, peer)
            taken = True
        elif ask("nodestatus", peer) != "active" or ask("rscstatus") == "transition":
            return None
        else:
            taken = hand_over() if wish == "up" else take_over()
        return f"{wrong}: {'told heartbeat' if taken else 'heartbeat does not listen'}"

    def note_reunion(self, here: node.Drbd) -> None:
        """For hanfs, which asks how long ago it was."""
        now = time.monotonic()
        if here.is_away:
            self.away_since = self.away_since or now
            return
        if self.away_since and now - self.away_since > PARTED_S:
            node.put(MET_AGAIN, f"after {now - self.away_since:.1f} s")
        self.away_since = None

    def fault(self, me: str, peer: str, wish: str, here: node.Drbd) -> tuple[str, float]:
        """What is wrong, and how long it may be so."""
        connected = here.connection == "Connected" and here.role == "Secondary"
        idle = connected and here.peer_role == "Secondary" and wish == "down"
        if (idle or here.is_away) and ask("rscstatus") == "transition" and (idle or ask("nodestatus", peer) == "dead"):
            return LOST, LOST_S if self.met else initdead_s() + LOST_S
        if connected and wish == "up" and here.peer_role == "Primary":
            return f"heartbeat wants the service here, and {peer} has it", STABLE_S
        if idle and me < peer:
            return f"neither {me} nor {peer} serves", STABLE_S
        return "", 0


def report(peer: str) -> str:
    links = {link: ask("hblinkstatus", peer, link) for link in ask("listhblinks", peer).split()}
    waits = node.is_starting("heartbeat.service")
    runs = cl_status("hbstatus")[0] == 0
    known = {"name": NAME, "runs": runs, "waitsForPeer": waits, "peer": ask("nodestatus", peer), "links": links}
    return json.dumps(known)


def main(verb: str, *of: str) -> None:
    if verb == "report":
        print(report(*of))
    elif verb == "sees":
        sys.exit(ask("nodestatus", *of) != "active")
    elif verb == "is-settled":
        sys.exit(ask("rscstatus") not in ("all", "local", "foreign", "none"))
    elif verb == "hand-over":
        sys.exit(not hand_over())
    elif verb == "rekey":
        rekey()
    elif verb == "events":
        print(node.journal(r"heartbeat.*(node \S+: is dead|standby: acquire)", *of))
    else:
        sys.exit(f"{verb}: report, sees, is-settled, hand-over, rekey, events")


if __name__ == "__main__":
    main(*sys.argv[1:])
