"""What the guard says to the cluster manager: heartbeat, in its R1 mode. The manager says who should serve; here it is told
when that cannot be, and when its books and the truth have parted."""

import subprocess
import time

import node

TOOLS = "/usr/share/heartbeat"
STABLE_S = 15  # a state that lasts so long is no passing one


def ask(*words: str) -> str:
    """`cl_status`, or nothing where heartbeat is down."""
    return subprocess.run(["cl_status", *words], capture_output=True, text=True, timeout=10).stdout.strip()


def hand_over() -> None:
    subprocess.run([f"{TOOLS}/hb_standby", "all"], stdout=subprocess.DEVNULL, timeout=10)


def take_over() -> None:
    subprocess.run([f"{TOOLS}/hb_takeover", "all"], stdout=subprocess.DEVNULL, timeout=10)


class Books:
    """Notices that heartbeat believes what is not so, and sets it right: after a heartbeat that died under its service,
    after both have given up what each believed that the other held."""

    def __init__(self) -> None:
        self.wrong, self.since = "", 0.0

    def look(self, me: str, peer: str, wish: str, here: node.Drbd) -> str | None:
        """What it has done about it, for the journal."""
        wrong = ""
        if here.connection == "Connected" and here.role == "Secondary":
            if wish == "up" and here.peer_role == "Primary":
                wrong = f"heartbeat wants the service here, and {peer} has it"
            elif wish == "down" and here.peer_role == "Secondary" and me < peer:
                wrong = f"neither {me} nor {peer} serves"
        now = time.monotonic()
        if wrong != self.wrong:
            self.wrong, self.since = wrong, now
        if not wrong or now - self.since < STABLE_S:
            return None
        self.since = now  # again in as many seconds
        if ask("nodestatus", peer) != "active" or ask("rscstatus") == "transition":
            return None
        if wish == "up":
            hand_over()
        else:
            take_over()
        return f"{wrong}: told heartbeat"
