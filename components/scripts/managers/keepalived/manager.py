#!/usr/bin/python3 -sE
"""What the guard says to the cluster manager: keepalived, whose VRRP master serves. The manager says who should serve; here
it is told when that cannot be, and the guard's wish follows its states. As a program, what others ask and tell it:

usage: manager.py report PEER   what it knows, as JSON: see Report in scripts/judge.ts
       manager.py sees PEER     ends with 0 when it takes the peer for alive
       manager.py is-settled    ends with 0 when it has given the service to a master
       manager.py hand-over     the peer is to serve
       manager.py events SINCE  what it has decided since then, in seconds since 1970: `SECONDS WORDS` a line
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import node
import wire

NAME = "keepalived"
HEALS = True  # the guard mends what is ill
UNIT = "ha-nfs-keepalived.service"
FIFO = f"{node.RUN}/.vrrp"  # keepalived tells its states there, one after the other; who else reads it takes one away
STATE = f"{node.RUN}/vrrp-state"  # the last of them
BID = f"{node.RUN}/bid"  # is added to the node's priority at once: who serves is not outbid, who leaves is in FAULT
STATES = ("MASTER", "BACKUP", "FAULT", "STOP")  # it tells more there: of priorities, and of who bids less
IDLE, SERVING, LEAVING = "0", "50", "-254"
LEFT = f"{node.RUN}/left"  # when this node began to leave, on the clock that no step moves
LEAVING_S = (5, 15)  # at least, for the peer's own bid comes a moment after it has begun; and at most
STABLE_S = 3  # a difference that lasts so long is no passing one


def state() -> str:
    return node.read(STATE)


def runs() -> bool:
    return node.is_alive("/run/vrrp.pid", NAME)


def unable() -> str:
    """Why this node could not be made to serve; nothing where it could."""
    return f"{NAME} is down" if not runs() else f"{NAME} is in FAULT" if state() == "FAULT" else ""


def cut_off() -> str:
    """Why the service should go elsewhere, though it is well."""
    return "no client reaches this node: its interface is down" if state() == "FAULT" and node.read(BID) != LEAVING else ""


def tell(wish: str) -> None:
    subprocess.run([f"{os.path.dirname(__file__)}/wish", wish, "at-once"])


def hand_over() -> bool:
    """Whether keepalived listens. The peer waits until this node has stopped."""
    if not runs():
        return False
    node.put(LEFT, str(time.monotonic()))
    node.put(BID, LEAVING)
    tell("down")
    return True


class Books:
    """Follows keepalived's states, and says to it what this node bids."""

    def __init__(self) -> None:
        self.since = time.monotonic()  # when the wish was last what keepalived says, or was made so
        if not os.path.exists(FIFO):
            os.mkfifo(FIFO, 0o600)
        if not node.read(BID):
            node.put(BID, IDLE)
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self) -> None:
        with open(os.open(FIFO, os.O_RDWR)) as fifo:  # for writing too, so that it does not end with keepalived
            for line in fifo:
                words = line.split()
                try:
                    if words[:1] == ["INSTANCE"] and words[2:3] and words[2] in STATES:
                        self.obey(words[2])
                except Exception as error:  # the next state may do, and `look` sees the difference
                    print(f"keepalived says {line.strip()}, and {error!r}", flush=True)

    def obey(self, said: str) -> None:
        """A primary obeys no other master: the one that serves bids more, so that one's word is over when they meet. Where
        it has lost its clients' network, the guard hands over (cut_off)."""
        node.put(STATE, said)
        pair = node.settings("fence.conf")
        serves = node.drbd(node.settings(f"{pair['VOLUME']}.conf")["MINOR"]).role == "Primary"
        if said != "MASTER" and not serves:
            return tell("down")
        if said == "MASTER":
            node.put(f"{node.RUN}/wish", "up")  # as `wish up` does, without the time of a process
        os.kill(os.getpid(), signal.SIGUSR1)

    def look(self, me: str, peer: str, wish: str, here: node.Drbd, heals: bool) -> str | None:
        """What it has done about a difference, for the journal; where it does not heal, it only bids."""
        self.bid(here)
        wanted = {"MASTER": "up", "BACKUP": "down"}.get(state(), wish)
        wrong = heals and wanted != wish and here.role != "Primary" and node.read(BID) != LEAVING
        now = time.monotonic()
        if not wrong:
            self.since = now
        if now - self.since < STABLE_S:
            return None
        self.since = now
        tell(wanted)
        return f"keepalived is {state()}, and the wish was {wish}"

    def bid(self, here: node.Drbd) -> None:
        before = node.read(BID)
        least, most = LEAVING_S
        if before == LEAVING:
            left = time.monotonic() - float(node.read(LEFT, "-99"))
            if 0 <= left < (least if here.peer_role == "Primary" else most):
                return
        bid = SERVING if here.role == "Primary" else IDLE
        if bid != before:
            node.put(BID, bid)


def sees(peer: str) -> bool:
    """VRRP hears nothing of a peer that is no master, so its door is asked."""
    return state() == "BACKUP" or wire.ask_peer(node.settings("fence.conf"), "fit", 1) is not None


def report(peer: str) -> str:
    links = {"the service network": "down"} if state() == "FAULT" and node.read(BID) != LEAVING else {}
    seen = "active" if sees(peer) else "dead"
    known = {"name": NAME, "runs": runs(), "waitsForPeer": node.is_starting(UNIT), "peer": seen, "links": links}
    return json.dumps(known)


def main(verb: str, *of: str) -> None:
    if verb == "report":
        print(report(*of))
    elif verb == "sees":
        sys.exit(not sees(*of))
    elif verb == "is-settled":
        sys.exit(state() not in ("MASTER", "BACKUP"))
    elif verb == "hand-over":
        sys.exit(not hand_over())
    elif verb == "events":
        print(node.journal(r"keepalived.*(Entering \w+ STATE)", *of))
    else:
        sys.exit(f"{verb}: report, sees, is-settled, hand-over, events")


if __name__ == "__main__":
    main(*sys.argv[1:])
