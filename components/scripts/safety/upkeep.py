"""What the guard keeps in order beside the service: what the witness has on record, and whether the fence device answers
and tells the truth. Each in a thread of its own, for a host that does not answer must keep nobody else waiting.
"""

import os
import subprocess
import threading
import time
from contextlib import suppress
from typing import Callable

import node
import wire


def is_told(volume: str, pair: dict[str, str]) -> bool:
    """Whether a person's word holds: the peer, which was sworn to be off, must not answer."""
    if not node.is_told(volume):
        return False
    if wire.ask_peer(pair, "fit", 1) is None:
        return True
    node.forget(node.ALONE)
    return False


def own_disk(here: node.Drbd, outdate: Callable[[], None]) -> node.Drbd:
    """DRBD as the guard is to take it. A disk that is lost has no record of what the peer has written since; it may be back
    after a boot, and a witness that has not heard of the loss would let it go on."""
    if here.disk == "Diskless" and here.peer_disk == "UpToDate":
        if not os.path.exists(node.BEHIND):
            with suppress(OSError):  # no reason to leave the service alone
                node.write(node.BEHIND, "its disk was lost")
        return here
    if not os.path.exists(node.BEHIND):
        return here
    if here.is_away and here.role == "Secondary" and here.disk in ("UpToDate", "Consistent"):
        outdate()
        return here._replace(disk="Outdated")
    newest = here.disk == "UpToDate" and (not here.is_away or here.role == "Primary")  # by a person's word
    if newest or here.disk == "Outdated":  # DRBD has it on record now
        with suppress(OSError):
            node.forget(node.BEHIND)
    return here


class Upkeep(threading.Thread):
    seconds: float
    """Between two looks."""

    def __init__(self, volume: str) -> None:
        super().__init__(daemon=True)
        self.volume, self.finding = volume, ""

    def run(self) -> None:
        while True:
            try:
                self.finding = self.look(node.settings("fence.conf"))
            except Exception as error:
                self.finding = f"the guard's {type(self).__name__.lower()}: {error!r}"
            time.sleep(self.seconds)

    def look(self, pair: dict[str, str]) -> str:
        """What a person should know, or nothing."""
        raise NotImplementedError

    def drbd(self) -> node.Drbd:
        return node.drbd(node.settings(f"{self.volume}.conf")["MINOR"])


class Witness(Upkeep):
    seconds = 2
    heard = time.monotonic()
    """When it has answered last, or there was none."""
    foreign_since: float | None = None

    def silence(self) -> float:
        return time.monotonic() - self.heard

    def is_silent(self, pair: dict[str, str]) -> bool:
        """Whether it is so this very moment: a network that comes back may be there for the peer a little earlier."""
        answer = wire.ask_witness(pair, "holder", 0.3) or "silence"
        if answer.split()[0] not in ("both", pair["ME"], pair["PEER"]):
            return True
        self.heard = time.monotonic()
        return False

    def look(self, pair: dict[str, str]) -> str:
        me, peer = pair["ME"], pair["PEER"]
        if not pair["WITNESS"]:
            self.heard = time.monotonic()
            return ""
        finding = self.settle(pair)
        return "; ".join(text for text in (self.owed(pair), finding) if text)

    def owed(self, pair: dict[str, str]) -> str:
        if not node.read(node.DEBT):
            return ""
        me, peer = pair["ME"], pair["PEER"]
        owed = f"the witness does not know of it that {me} goes on without {peer}"
        if pair["DEVICE"]:  # then a peer that boots waits for this node
            return owed
        return f"{owed}: if {me} dies and {peer} boots, what {me} has acknowledged is lost, so {peer} must not boot now"

    def settle(self, pair: dict[str, str]) -> str:
        """Pays what is owed to the witness, and gives back what is no longer needed."""
        me, peer = pair["ME"], pair["PEER"]
        noted = node.read(node.DEBT) or node.read(node.CLAIMED)
        here = self.drbd()
        register = self.ask(pair, "holder")
        if register is None or register.split()[0] not in ("both", me, peer):
            return f"the witness does not answer: {register or 'silence'}"
        self.heard = time.monotonic()
        holder = register.split()[0]
        equal = here.disk == here.peer_disk == "UpToDate"
        if holder != peer or not equal:
            self.foreign_since = None
        if equal:
            self.give_back(pair, register, noted)
        if equal and holder == peer:  # who gives it back itself, in a moment
            self.foreign_since = self.foreign_since or time.monotonic()
            if time.monotonic() - self.foreign_since > 60:
                return f"the witness lets only {peer} go on alone, though both are equal: restart its ha-nfs@{self.volume}"
        alone = here.role == "Primary" and here.is_away and not here.frozen
        if here.role == "Primary" and here.peer_disk == "Diskless":  # after a boot it may have its old data back
            alone, noted = True, noted or self.owe()
        if alone and noted:
            # it has not heard of it yet, or its file is an old copy
            if register != f"{me} {noted}" and self.ask(pair, f"claim {me} {noted}") != "granted":
                return f"the witness has granted {peer}, and {me} serves alone: look before you switch anything off"
            if node.read(node.DEBT):
                node.write(node.CLAIMED, noted)
                node.forget(node.DEBT)
        return ""

    def give_back(self, pair: dict[str, str], register: str, noted: str) -> None:
        """Not while a handler is at it, nor after it: it may have claimed the same again, and go on by that."""
        with node.lock("fence") as free:
            here = self.drbd()
            if not free or here.is_away or not here.disk == here.peer_disk == "UpToDate":
                return
            # of this very claim
            if register.split()[0] == pair["ME"] and self.ask(pair, f"both {register}") == "ok":
                register = "both"
            if register == "both" and noted in (node.read(node.DEBT), node.read(node.CLAIMED)):
                node.forget(node.DEBT)
                node.forget(node.CLAIMED)

    def owe(self) -> str:
        node.write(node.DEBT, node.spell(node.generations(self.volume)))
        return node.read(node.DEBT)

    def ask(self, pair: dict[str, str], words: str) -> str | None:
        return wire.ask_witness(pair, words, 1)


class Device(Upkeep):
    seconds = 60
    switch_on_again = node.Every(60)

    def switch_on(self, pair: dict[str, str]) -> None:
        """The peer that the handler has shot comes back as a standby."""
        order = f"{node.RUN}/switch-on"
        if os.path.exists(order) and self.switch_on_again.due():
            on = f"{pair['DEVICE']} on {node.read(order)} && rm -f {order}"
            subprocess.Popen(["sh", "-c", on], stdin=subprocess.DEVNULL, start_new_session=True)

    def look(self, pair: dict[str, str]) -> str:
        if not pair["DEVICE"]:
            return ""
        verdict = self.verdict(pair)
        if verdict.startswith("lies"):  # or the peer has lost its power this very moment, and DRBD has not noticed
            time.sleep(5)
            verdict = self.verdict(pair)
        node.put(f"{node.RUN}/device", verdict)
        return "" if verdict == "ok" else f"the fence device {verdict}"

    def verdict(self, pair: dict[str, str]) -> str:
        """A device that calls a connected peer off proves nothing, and the handler does not believe it."""
        began = time.monotonic()
        status = node.ask_device(pair, "status", "30")
        took = time.monotonic() - began
        if not status.done or status.said not in ("on", "off"):
            return f"does not answer: {status.complaint}"
        if status.said == "off" and not self.drbd().is_away:
            return f"lies: it calls {pair['PEER']} off, which is connected"
        if took > int(pair["DEVICE_SECONDS"]) / 4:  # an off is several questions of that kind
            return f"is slow: a status took {took:.1f} s, and an off has {pair['DEVICE_SECONDS']} s in all (fencing.deviceSeconds)"
        return "ok"
