"""What the guard keeps in order beside the service: the debts to the witness, and whether the fence device tells the truth.

In a thread of its own, for a host that does not answer must not keep the guard waiting.
"""

import os
import subprocess
import threading
import time

import node
import wire

WITNESS_S = 2  # between two questions
SILENT_S = 6  # of the witness, and the service network may be cut here
DEVICE_S = 60
CLAIMED, DEBT = f"{node.LIB}/claimed", f"{node.LIB}/debt"


class Upkeep(threading.Thread):
    def __init__(self, volume: str) -> None:
        super().__init__(daemon=True)
        self.volume = volume
        self.findings: dict[str, str] = {}
        """For `status`, by what they are about; replaced as a whole."""
        self.heard = time.monotonic()
        """When the witness has answered last."""

    def run(self) -> None:
        device_due = 0.0
        while True:
            pair, found = node.settings("fence.conf"), {}
            try:
                if pair["WITNESS"]:
                    found["witness"] = self.witness(pair)
                else:
                    self.heard = time.monotonic()
                if pair["DEVICE"] and time.monotonic() >= device_due:
                    device_due = time.monotonic() + DEVICE_S
                    self.device(pair)
                if pair["DEVICE"] and (verdict := node.read(f"{node.RUN}/device", "ok")) != "ok":
                    found["device"] = f"the fence device {verdict}"
            except Exception as error:
                found["upkeep"] = f"the guard's upkeep: {error!r}"
            self.findings = {key: text for key, text in found.items() if text}
            time.sleep(WITNESS_S)

    def witness(self, pair: dict[str, str]) -> str:
        """Gives back what was granted once both are equal, and tells of a shot that the witness does not know of."""
        here = node.drbd(node.settings(f"{self.volume}.conf")["MINOR"])
        equal = here.disk == here.peer_disk == "UpToDate"
        alone = here.role == "Primary" and here.is_away and not here.frozen
        words = "holder"
        if equal and (os.path.exists(CLAIMED) or os.path.exists(DEBT)):
            words = f"both {pair['ME']}"
        elif alone and (os.path.exists(DEBT) or os.path.exists(CLAIMED)):  # again: its file may be an old copy
            words = f"claim {pair['ME']} {node.read(DEBT) or node.read(CLAIMED)}"
        key, port = node.keys(node.WITNESS_KEYS)[0], int(pair["WITNESS_PORT"])
        answer = wire.ask(pair["WITNESS"], port, words, key, 1)
        if answer == "granted":
            node.write(CLAIMED, words.split()[-1])
            node.forget(DEBT)
        elif equal and answer in ("ok", "denied"):  # denied: the other one holds, and gives it back itself
            node.forget(CLAIMED)
            node.forget(DEBT)
        elif answer == "denied":
            return f"the witness has granted {pair['PEER']}, and this node serves alone: look before you switch anything off"
        if answer:
            self.heard = time.monotonic()
        known = ("ok", "granted", "denied", "both", pair["ME"], pair["PEER"])
        return "" if answer in known else f"the witness does not answer: {answer or 'silence'}"

    def is_cut_off(self) -> bool:
        """Whether the witness, and with it maybe the service network, has been away for a while."""
        return time.monotonic() - self.heard > SILENT_S

    def device(self, pair: dict[str, str]) -> None:
        """A device that calls a connected peer off proves nothing, and the handler does not believe it."""
        command = [*pair["DEVICE"].split(), "status", pair["PEER"]]
        try:
            said = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=30
            )
            answer, reason = said.stdout.strip(), said.stderr.strip() or f"exit {said.returncode}"
        except (OSError, subprocess.SubprocessError) as error:
            answer, reason = "", str(error)
        verdict = "ok" if answer in ("on", "off") else f"does not answer: {reason}"
        if answer == "off" and not node.drbd(node.settings(f"{self.volume}.conf")["MINOR"]).is_away:
            verdict = f"lies: it calls {pair['PEER']} off, which is connected"
        node.write(f"{node.RUN}/device", verdict)
