#!/usr/bin/python3
"""Every interleaving of two masters, their networks, a witness and fence devices, up to a number of faults, with the very
rules that the handler, the door, the witness and the boot use (components/scripts/safety/rules.py).

A violation is an unfrozen primary that lacks an acknowledged write, two unfrozen primaries, or diverged data.
Not in the model: clocks, reads, writes in flight.

model.py device|witness|both FAULTS [naive]     naive: a node that has just booted, or has no witness, may shoot too
"""

import sys
from collections import deque
from pathlib import Path
from typing import Iterator, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2] / "components/scripts/safety"))
import rules

MAX_GENERATIONS, MAX_WRITES, MAX_STATES = 5, 4, 2_000_000


class Node(NamedTuple):
    power: str = "on"  # on, off, paused
    role: str = "Secondary"
    disk: str = "UpToDate"
    frozen: bool = False
    peer_outdated: bool = False  # on record
    generation: int = 0
    history: frozenset[int] = frozenset()
    writes: int = 0

    def generations(self) -> rules.Generations:
        return rules.Generations(2 * self.generation + 2, 0, tuple(2 * g + 2 for g in self.history))


class State(NamedTuple):
    nodes: tuple[Node, Node]
    connected: bool = True
    link: bool = True
    service: bool = True
    reaches_witness: tuple[bool, bool] = (True, True)
    device_works: tuple[bool, bool] = (True, True)
    holder: str = "both"
    acknowledged: int = 0
    generations: int = 1
    faults: int = 0

    def put(self, i: int, **change) -> "State":
        nodes = list(self.nodes)
        nodes[i] = nodes[i]._replace(**change)
        return self._replace(nodes=tuple(nodes))

    def flag(self, name: str, i: int, value: bool) -> "State":
        flags = list(getattr(self, name))
        flags[i] = value
        return self._replace(**{name: tuple(flags)})


def lose(s: State) -> State:
    """The connection is gone: a primary freezes in the same step."""
    s = s._replace(connected=False)
    for i, node in enumerate(s.nodes):
        if node.power == "on" and node.role == "Primary" and not node.peer_outdated:
            s = s.put(i, frozen=True)
    return s


def fall(s: State, i: int, power: str) -> State:
    node = s.nodes[i]
    if power == "off":
        disk = node.disk
        if disk in ("UpToDate", "Consistent"):  # what attach makes of it: UpToDate only with the peer on record
            disk = "UpToDate" if node.peer_outdated else "Consistent"
        s = s.put(i, power="off", role="Secondary", frozen=False, disk=disk)
    else:
        s = s.put(i, power=power)
    return lose(s) if s.connected else s


class Handler:
    """fence-peer on node i in state s: its effects are the next state."""

    def __init__(self, s: State, i: int, mode: str, naive: bool) -> None:
        self.s, self.i = s, i
        node = s.nodes[i]
        has_witness, has_device = mode != "device", mode != "witness"
        self.code = rules.fence(
            node.role,
            node.disk,
            rules.Means(
                ask_peer=self.ask_peer,
                claim=self.claim if has_witness else None,
                shoot=self.shoot if has_device else None,
                is_away=lambda: True,
                depose=self.depose,
                told=naive,
            ),
        )
        if self.code == rules.SELF_OUTDATED and node.role != "Primary":
            self.s = self.s.put(i, disk="Outdated")

    def ask_peer(self) -> str | None:
        me, peer = self.s.nodes[self.i], self.s.nodes[1 - self.i]
        if peer.power != "on" or not (self.s.link or self.s.service):
            return None
        said = rules.outdate(peer.role, peer.disk, peer.generations(), me.generations())
        if said == "obey":
            self.s = self.s.put(1 - self.i, disk="Outdated", peer_outdated=False)
            return "outdated"
        return said

    def claim(self) -> str | None:
        if not self.s.reaches_witness[self.i]:
            return None
        if not rules.claim(self.s.holder, str(self.i)):
            return "denied"
        self.s = self.s._replace(holder=str(self.i))
        return "granted"

    def shoot(self) -> bool:
        if not self.s.device_works[self.i]:
            return False
        if self.s.nodes[1 - self.i].power != "off":
            self.s = fall(self.s, 1 - self.i, "off")
        return True

    def depose(self, _why: str) -> None:
        self.s = fall(self.s, self.i, "off").put(self.i, power="on")


def alone(s: State, i: int, **change) -> State:
    """Goes on without the peer: a new generation, with the peer on record as outdated."""
    node = s.nodes[i]
    s = s.put(
        i,
        peer_outdated=True,
        frozen=False,
        generation=s.generations,
        history=node.history | {node.generation},
        **change,
    )
    return s._replace(generations=s.generations + 1)


PROOF = (rules.PEER_INCONSISTENT, rules.PEER_OUTDATED, rules.PEER_OFF)


def own_steps(s: State, i: int, mode: str, naive: bool) -> Iterator[tuple[str, State]]:
    """What a node may do in any state, at any moment: so any false alarm of any manager is among them."""
    me, peer = s.nodes[i], s.nodes[1 - i]
    on = me.power == "on"
    if on and me.role == "Primary" and not me.frozen and s.acknowledged < MAX_WRITES and me.disk == "UpToDate":
        t = s.put(i, writes=me.writes + 1)._replace(acknowledged=s.acknowledged + 1)
        if s.connected and peer.disk == "UpToDate":
            t = t.put(1 - i, writes=me.writes + 1)
        yield f"{i} writes", t
    if on and me.role == "Primary" and me.frozen and not s.connected and s.generations < MAX_GENERATIONS:
        done = Handler(s, i, mode, naive)
        yield f"{i} primary's handler: {done.code}", alone(done.s, i) if done.code in PROOF else done.s
    if on and me.role == "Secondary" and s.connected and peer.role == "Secondary" and me.disk == "UpToDate":
        yield f"{i} promotes, connected", s.put(i, role="Primary")
    if on and me.role == "Secondary" and not s.connected:
        if me.disk == "UpToDate" and me.peer_outdated:
            yield f"{i} promotes, peer on record", s.put(i, role="Primary")
        elif me.disk in ("UpToDate", "Consistent") and s.generations < MAX_GENERATIONS:
            done = Handler(s, i, mode, naive)
            promoted = alone(done.s, i, role="Primary", disk="UpToDate") if done.code in PROOF else done.s
            yield f"{i} promotes, handler: {done.code}", promoted
    if on and me.role == "Primary" and not me.frozen:
        yield f"{i} demotes", s.put(i, role="Secondary")
    if me.power == "off":
        yield f"{i} boots", s.put(i, power="on")
    if me.power == "paused":
        yield f"{i} resumes", s.put(i, power="on", frozen=me.frozen or (me.role == "Primary" and not me.peer_outdated))
    if mode == "device":
        return
    if s.connected and s.holder == str(i) and s.reaches_witness[i] and me.disk == peer.disk == "UpToDate":
        yield f"{i} tells the witness: both", s._replace(holder="both")


def fault_steps(s: State, mode: str, faults: int) -> Iterator[tuple[str, State]]:
    for i, node in enumerate(s.nodes):
        for flag, has in (("reaches_witness", mode != "device"), ("device_works", mode != "witness")):
            if has and not getattr(s, flag)[i]:
                yield f"{i} {flag} again", s.flag(flag, i, True)
            elif has and s.faults < faults:
                yield f"FAULT {i} {flag} no more", s.flag(flag, i, False)._replace(faults=s.faults + 1)
        if s.faults < faults and node.power != "off":
            yield f"FAULT {i} dies", fall(s, i, "off")._replace(faults=s.faults + 1)
        if s.faults < faults and node.power == "on":
            yield f"FAULT {i} pauses", fall(s, i, "paused")._replace(faults=s.faults + 1)
    for name, link, service in (("link", False, s.service), ("service", s.link, False), ("both networks", False, False)):
        if s.faults < faults and (s.link, s.service) != (link, service):
            t = s._replace(link=link, service=service, faults=s.faults + 1)
            yield f"FAULT {name}", lose(t) if s.connected and not link else t
    if not s.link:
        yield "link back", s._replace(link=True)
    if not s.service:
        yield "service back", s._replace(service=True)


def drbd_steps(s: State) -> Iterator[tuple[str, State]]:
    """What DRBD does by itself: it meets the peer again, and resyncs."""
    a, b = s.nodes
    if s.link and not s.connected and a.power == b.power == "on":
        if a.generation == b.generation and not a.role == b.role == "Primary":
            t = s._replace(connected=True)
            for i, node in enumerate(s.nodes):
                disk = "UpToDate" if node.disk in ("UpToDate", "Consistent", "Outdated") else node.disk
                t = t.put(i, disk=disk, frozen=False, peer_outdated=False)
            yield "connect, same generation", t
        for i, o in ((0, 1), (1, 0)):
            if s.nodes[o].generation in s.nodes[i].history:
                if s.nodes[o].role == "Primary":
                    yield f"{o} deposed by the handshake", fall(s, o, "off").put(o, power="on")
                else:
                    t = s.put(o, disk="Inconsistent")._replace(connected=True)
                    yield f"connect, {o} resyncs", t.put(i, peer_outdated=False, frozen=False, disk="UpToDate")
    if s.connected:
        for i, o in ((0, 1), (1, 0)):
            source = s.nodes[i]
            if s.nodes[o].disk == "Inconsistent" and source.disk == "UpToDate":
                t = s.put(
                    o,
                    disk="UpToDate",
                    generation=source.generation,
                    history=source.history,
                    writes=source.writes,
                    peer_outdated=False,
                )
                yield f"resync of {o} ends", t.put(i, peer_outdated=False)


def violation(s: State) -> str | None:
    free = [n for n in s.nodes if n.power == "on" and n.role == "Primary" and not n.frozen]
    if len(free) > 1:
        return "two unfrozen primaries"
    if any(n.writes < s.acknowledged for n in free):
        return "an acknowledged write is lost"
    a, b = s.nodes
    if a.generation != b.generation and a.generation not in b.history and b.generation not in a.history:
        return "diverged data"
    return None


def main(mode: str, faults: int, naive: bool) -> int:
    start = State((Node(role="Primary"), Node()))
    seen: dict[State, tuple[State, str] | None] = {start: None}
    queue = deque([start])
    while queue and len(seen) < MAX_STATES:
        s = queue.popleft()
        steps = [*own_steps(s, 0, mode, naive), *own_steps(s, 1, mode, naive)]
        for what, t in [*steps, *fault_steps(s, mode, faults), *drbd_steps(s)]:
            if t in seen:
                continue
            seen[t] = (s, what)
            if why := violation(t):
                path = []
                while before := seen[t]:
                    t = before[0]
                    path.append(before[1])
                print(f"{mode}, {faults} faults: VIOLATION: {why}", *reversed(path), sep="\n   ")
                return 1
            queue.append(t)
    print(f"{mode}, {faults} faults: no violation in {len(seen)} states{' (cut)' if queue else ', all'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), "naive" in sys.argv))
