#!/usr/bin/python3
"""Every interleaving of two masters, their disks and networks, a witness, fence devices and a person, up to a number of
faults and of the person's words (ha-nfs-alone), with the very rules that the handler, the door, the witness and the boot
use (components/scripts/safety/rules.py). The person does as ha-nfs-alone demands: see is_kept_off.

A violation is an unfrozen primary that lacks an acknowledged write, two unfrozen primaries, or diverged data; but for what
the person has thrown away, which then may not be served. Not in the model: clocks, reads, writes in flight, a node without
its disk that meets its peer again before it has booted.

model.py device|witness|both FAULTS WORDS [naive] [careless]
naive: a node that has just booted, or has no witness, may shoot too. careless: the person keeps no node off
"""

import sys
from collections import deque
from pathlib import Path
from typing import Iterator

sys.path.insert(0, str(Path(__file__).parent))
from model_state import (
    MAX_GENERATIONS,
    Node,
    State,
    alone,
    anew,
    by_word,
    fall,
    is_told,
    lose,
    lose_disk,
    meet,
    rules,
    silent,
)

MAX_WRITES, MAX_STATES = 4, 2_000_000


class Handler:
    """fence-peer on node i in state s: its effects are the next state."""

    def __init__(self, s: State, i: int, mode: str, naive: bool) -> None:
        self.s, self.i = s, i
        node = s.nodes[i]
        has_witness, has_device = mode != "device", mode != "witness"
        self.granted = False
        told = is_told(s, i)
        self.code = rules.fence(
            node.role,
            node.disk,
            rules.Means(
                ask_peer=self.ask_peer,
                claim=self.claim if has_witness else None,
                shoot=self.shoot if has_device else None,
                is_away=lambda: True,
                depose=self.depose,
                told=told or naive,
            ),
        )
        if self.code == rules.SELF_OUTDATED and node.role != "Primary":
            self.s = self.s.put(i, disk="Outdated")
        if self.code == rules.PEER_OFF and (told or (self.granted and node.word >= 0)):
            self.s = by_word(self.s, i)
            if has_witness and not self.granted:
                self.s = self.s.put(i, debt=True)

    def ask_peer(self) -> str | None:
        me, peer = self.s.nodes[self.i], self.s.nodes[1 - self.i]
        if peer.power != "on" or not (self.s.link or self.s.service):
            return None
        self.s = self.s.put(1 - self.i, told=-1, word=-1)  # its door forgets the word: its peer lives
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
        self.granted = True
        return "granted"

    def shoot(self) -> bool:
        if not self.s.device_works[self.i]:
            return False
        if self.s.nodes[1 - self.i].power != "off":
            self.s = fall(self.s, 1 - self.i, "off")
        return True

    def depose(self, _why: str) -> None:
        self.s = fall(self.s, self.i, "off")


def person_steps(s: State, i: int, mode: str, words: int, careless: bool) -> Iterator[tuple[str, State]]:
    """A boot, ha-nfs-alone, and the end of a split brain."""
    me, peer = s.nodes[i], s.nodes[1 - i]
    if me.power == "off" and (careless or not is_kept_off(s, i, mode)):
        yield f"{i} boots", s.put(i, power="on", joined=joins(s, i, mode))
    waits = me.role == "Secondary" or me.frozen
    able = me.power == "on" and me.disk in ("UpToDate", "Consistent", "Outdated")
    if s.words < words and able and waits and silent(s, i) and not s.connected:
        t = s if peer.power == "off" else fall(s, 1 - i, "off")  # or its power is cut by hand
        heard = s.reaches_witness[i]
        t = t.put(i, told=me.generation, word=s.acknowledged, debt=mode != "device" and not heard)
        if mode != "device" and heard:
            t = t._replace(holder=str(i))
        told = "" if heard or mode == "device" else ", the witness is silent"
        yield f"PERSON {i} is to serve alone{told}", t._replace(words=s.words + 1)
    split = peer.discarded and peer.role == "Secondary" and peer.disk != "Diskless" and me.disk == "UpToDate"
    if split and s.link and not s.connected and me.power == peer.power == "on":
        t = s.put(1 - i, disk="Inconsistent", generation=me.generation, history=me.history, discarded=False)
        yield f"PERSON keeps the data of {i}", meet(t)


PROOF = (rules.PEER_INCONSISTENT, rules.PEER_OUTDATED, rules.PEER_OFF)


def joins(s: State, i: int, mode: str) -> bool:
    me = s.nodes[i]
    foreign = mode != "device" and s.reaches_witness[i] and s.holder == str(1 - i)
    return rules.joins("WFConnection", me.disk, mode != "device", mode != "witness", is_told(s, i), foreign)


def is_kept_off(s: State, i: int, mode: str) -> bool:
    """By the person who has given the other node the word: until that one serves, until the witness knows of it, and until
    they can meet, if this one's data are thrown away: DRBD then sees a split brain, and the guard does not start. One that
    has rebooted since may be given up for this one, where the witness answers this one."""
    me, peer = s.nodes[i], s.nodes[1 - i]
    if peer.told >= 0 or (mode == "witness" and peer.debt) or (me.discarded and not (s.link and peer.power == "on")):
        return True
    return peer.word >= 0 and mode != "device" and not s.reaches_witness[i]


def own_steps(s: State, i: int, mode: str, naive: bool) -> Iterator[tuple[str, State]]:
    """What a node may do in any state, at any moment: so any false alarm of any manager is among them."""
    me, peer = s.nodes[i], s.nodes[1 - i]
    on = me.power == "on"
    told = is_told(s, i)
    disks = [j for j in (i, 1 - i) if s.nodes[j].disk == "UpToDate" and (j == i or s.connected)]
    serves = on and me.role == "Primary" and not me.frozen
    if serves and s.acknowledged < MAX_WRITES and disks and me.disk in ("UpToDate", "Diskless"):
        t = s._replace(acknowledged=s.acknowledged + 1)
        for j in disks:
            t = t.put(j, writes=s.nodes[disks[0]].writes + 1)
        yield f"{i} writes", t
    if on and me.role == "Primary" and me.frozen and not s.connected and s.generations < MAX_GENERATIONS:
        done = Handler(s, i, mode, naive)
        yield f"{i} primary's handler: {done.code}", alone(done.s, i) if done.code in PROOF else done.s
    if on and me.role == "Secondary" and s.connected and peer.role == "Secondary" and me.disk == "UpToDate":
        if peer.disk != "Diskless":
            yield f"{i} promotes, connected", s.put(i, role="Primary")
        elif s.generations < MAX_GENERATIONS:
            yield f"{i} promotes, and its peer has no disk", anew(s, i, role="Primary")
    if on and me.role == "Secondary" and not s.connected and (told or not me.discarded):
        if me.disk == "UpToDate" and me.peer_outdated and not (me.joined or s.reaches_witness[i] and joins(s, i, mode)):
            pass
        elif me.disk == "UpToDate" and me.peer_outdated:
            t = by_word(s, i) if told else s
            yield f"{i} promotes, peer on record", t.put(i, role="Primary", told=-1, word=-1)
        elif me.disk in ("UpToDate", "Consistent") and s.generations < MAX_GENERATIONS:
            done = Handler(s, i, mode, naive)
            promoted = alone(done.s, i, role="Primary", disk="UpToDate") if done.code in PROOF else done.s
            yield f"{i} promotes, handler: {done.code}", promoted
        elif me.disk == "Outdated" and told and s.generations < MAX_GENERATIONS:
            t = by_word(s, i).put(i, debt=mode != "device" and s.holder != str(i))
            yield f"{i} promotes by force", alone(t, i, role="Primary", disk="UpToDate")
    if serves:
        yield f"{i} demotes", s.put(i, role="Secondary")
    if me.power == "paused":
        yield f"{i} resumes", s.put(i, power="on", frozen=me.frozen or (me.role == "Primary" and not me.peer_outdated))
    if mode == "device":
        return
    if s.connected and s.holder == str(i) and s.reaches_witness[i] and me.disk == peer.disk == "UpToDate":
        yield f"{i} tells the witness: both", s._replace(holder="both")
    owes = s.connected and peer.disk == "Diskless" or me.debt and not s.connected
    if serves and me.disk == "UpToDate" and owes and s.reaches_witness[i]:
        if rules.claim(s.holder, str(i)):
            yield f"{i} tells the witness that it goes on", s.put(i, debt=False)._replace(holder=str(i))


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
        if s.faults < faults and node.power == "on" and node.disk != "Diskless" and s.generations < MAX_GENERATIONS:
            yield f"FAULT {i} loses its disk", lose_disk(s, i)._replace(faults=s.faults + 1)
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
    if s.link and not s.connected and a.power == b.power == "on" and "Diskless" not in (a.disk, b.disk):
        if a.generation == b.generation and not a.role == b.role == "Primary":
            yield "connect, same generation", meet(s)
        for i, o in ((0, 1), (1, 0)):
            if s.nodes[i].has_been(s.nodes[o].generation):
                if s.nodes[o].role == "Primary":
                    yield f"{o} deposed by the handshake", fall(s, o, "off")
                else:
                    yield f"connect, {o} resyncs", meet(s.put(o, disk="Inconsistent"))
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
    a, b = s.nodes
    free = [n for n in s.nodes if n.power == "on" and n.role == "Primary" and not n.frozen]
    if len(free) > 1:
        return "two unfrozen primaries"
    for n in free:
        data = n if n.disk != "Diskless" else b if n is a else a
        if data.writes < s.acknowledged:
            return "an acknowledged write is lost"
        if data.discarded:
            return "data that a person has thrown away are served"
    if a.discarded or b.discarded:
        return None
    if a.generation != b.generation and not b.has_been(a.generation) and not a.has_been(b.generation):
        return "diverged data"
    return None


def either(s: State) -> State:
    """The same for a state and for that of which it is the mirror image: the rules know no first and second node."""
    if s.nodes[0] < s.nodes[1]:
        return s
    mirrored = s._replace(
        nodes=s.nodes[::-1],
        reaches_witness=s.reaches_witness[::-1],
        device_works=s.device_works[::-1],
        holder={"0": "1", "1": "0"}.get(s.holder, s.holder),
    )
    return min(s, mirrored)


def main(mode: str, faults: int, words: int, *flaws: str) -> int:
    def steps(s: State) -> Iterator[tuple[str, State]]:
        for i in (0, 1):
            yield from own_steps(s, i, mode, "naive" in flaws)
            yield from person_steps(s, i, mode, words, "careless" in flaws)
        yield from fault_steps(s, mode, faults)
        yield from drbd_steps(s)

    start = State((Node(role="Primary"), Node()))
    seen: dict[State, State | None] = {either(start): None}
    queue = deque([start])
    while queue and len(seen) < MAX_STATES:
        s = queue.popleft()
        for _what, t in steps(s):
            key = either(t)
            if key in seen:
                continue
            seen[key] = either(s)
            if why := violation(t):
                path = [key]
                while before := seen[path[0]]:
                    path.insert(0, before)
                print(f"{mode}, {faults} faults, {words} words: VIOLATION: {why}")
                s = start
                for key in path[1:]:
                    what, s = next((what, t) for what, t in steps(s) if either(t) == key)
                    print(f"   {what}")
                return 1
            queue.append(t)
    print(f"{mode}, {faults} faults, {words} words: no violation in {len(seen)} states{' (cut)' if queue else ', all'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
