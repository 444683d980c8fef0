"""The two masters of model.py, with what becomes of them: at a loss, a meeting, a promote, by a person's word."""

import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2] / "components/scripts/safety"))
import rules

MAX_GENERATIONS = 5


class Node(NamedTuple):
    power: str = "on"  # on, off, paused
    role: str = "Secondary"
    disk: str = "UpToDate"
    frozen: bool = False
    peer_outdated: bool = False  # on record
    generation: int = 0
    history: int = 0  # a bit for each generation
    writes: int = 0
    under: str = ""  # of a lost disk: its state when it was lost, which a boot finds again
    told: int = -1  # a person's word: the generation for which it holds; gone with a boot
    word: int = -1  # what was acknowledged when it was given: what the witness has heard outlives a boot
    debt: bool = False  # goes on untold to the witness
    joined: bool = True  # has met its peer, or has been let in without, since its boot
    discarded: bool = False  # its data are thrown away by a person's word to the other

    def generations(self) -> rules.Generations:
        history = (g for g in range(MAX_GENERATIONS) if self.has_been(g))
        return rules.Generations(2 * self.generation + 2, 0, tuple(2 * g + 2 for g in history))

    def has_been(self, generation: int) -> bool:
        return bool(self.history & 1 << generation)


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
    words: int = 0

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
        if node.power != "on" or node.role != "Primary":
            continue
        if node.disk == "Diskless":  # pri-on-incon-degr
            s = fall(s, i, "off")
        elif not node.peer_outdated:
            s = s.put(i, frozen=True)
    return s


def fall(s: State, i: int, power: str) -> State:
    node = s.nodes[i]
    if power == "off":
        disk = node.under or node.disk
        if disk in ("UpToDate", "Consistent"):  # what attach makes of it: UpToDate only with the peer on record
            disk = "UpToDate" if node.peer_outdated else "Consistent"
        s = s.put(i, power="off", role="Secondary", frozen=False, disk=disk, under="", told=-1, joined=False)
    else:
        s = s.put(i, power=power)
    return lose(s) if s.connected else s


def silent(s: State, i: int) -> bool:
    return s.nodes[1 - i].power != "on" or not (s.link or s.service)


def is_told(s: State, i: int) -> bool:
    """The guard does not believe the word while the peer's door answers."""
    return s.nodes[i].told == s.nodes[i].generation and silent(s, i)


def anew(s: State, i: int, **change) -> State:
    """A new generation: the peer's disk gets nothing any more."""
    node = s.nodes[i]
    s = s.put(i, generation=s.generations, history=node.history | 1 << node.generation, **change)
    return s._replace(generations=s.generations + 1)


def alone(s: State, i: int, **change) -> State:
    """Goes on without the peer, which is on record as outdated."""
    return anew(s, i, peer_outdated=True, frozen=False, joined=True, told=-1, word=-1, **change)


def meet(s: State) -> State:
    """Connected: a whole copy is the newest, or is made Inconsistent before."""
    for i, node in enumerate(s.nodes):
        disk = "UpToDate" if node.disk in ("UpToDate", "Consistent", "Outdated") else node.disk
        s = s.put(i, disk=disk, frozen=False, peer_outdated=False, joined=True, told=-1, word=-1)
    return s._replace(connected=True)


def by_word(s: State, i: int) -> State:
    """What this node lacked when the person gave the word is lost by that word; what was acknowledged since, is not."""
    me, peer = s.nodes[i], s.nodes[1 - i]
    assert me.word >= 0
    lost = max(0, me.word - me.writes)
    kin = peer.generation == me.generation or me.has_been(peer.generation)
    return s.put(i, discarded=False).put(1 - i, discarded=not kin)._replace(acknowledged=s.acknowledged - lost)


def lose_disk(s: State, i: int) -> State:
    """DRBD detaches it. A primary serves through its peer; without one it reboots."""
    me, peer = s.nodes[i], s.nodes[1 - i]
    old = s.connected and peer.disk == "UpToDate"  # which its guard notes, and outdates it after a boot
    s = s.put(i, disk="Diskless", under="Outdated" if old and me.disk in ("UpToDate", "Consistent") else me.disk)
    if s.connected and "Primary" in (me.role, peer.role) and peer.disk == "UpToDate":
        return anew(s, 1 - i)
    return fall(s, i, "off") if me.role == "Primary" else s
