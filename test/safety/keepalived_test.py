"""What the guard makes of keepalived's states, and what this node bids: with a door, a wish and a clock of its own."""

import os
import subprocess
import sys
import tempfile
import time
import types
import unittest
from pathlib import Path

RUN = Path(tempfile.mkdtemp())
os.environ["HA_NFS_RUN"] = str(RUN)
os.environ["HA_NFS_ETC"] = tempfile.mkdtemp()
os.environ["HA_NFS_PROC_DRBD"] = str(RUN / "drbd")
SCRIPTS = Path(__file__).parents[2] / "components/scripts"
sys.path[:0] = [str(SCRIPTS / "safety"), str(SCRIPTS / "managers/keepalived")]
import manager
import node

IDLE = node.Drbd("Connected", "Secondary", "Secondary", "UpToDate", "UpToDate")
PEER_SERVES = IDLE._replace(peer_role="Primary")
SERVES = IDLE._replace(role="Primary")


def written(here: node.Drbd) -> None:
    roles, disks = f"{here.role}/{here.peer_role}", f"{here.disk}/{here.peer_disk}"
    (RUN / "drbd").write_text(f" 0: cs:{here.connection} ro:{roles} ds:{disks} C r-----\n    dw:0 oos:0\n")


class States(unittest.TestCase):
    def setUp(self):
        for file in RUN.iterdir():
            file.unlink()
        (Path(node.ETC) / "fence.conf").write_text("ME=n1\nPEER=n2\nVOLUME=data\n")
        (Path(node.ETC) / "data.conf").write_text("MINOR=0\n")
        self.told, self.now, self.runs, self.peer = [], 100.0, True, "fit"
        manager.tell = self.told.append
        manager.runs = lambda: self.runs
        manager.signal = types.SimpleNamespace(SIGUSR1=0)  # 0 only asks whether the process is there
        manager.time = types.SimpleNamespace(monotonic=lambda: self.now)
        manager.wire = types.SimpleNamespace(ask_peer=lambda pair, words, silence_s: self.peer)
        self.books = manager.Books()

    def obey(self, said: str, here: node.Drbd) -> list[str]:
        self.told.clear()
        written(here)
        self.books.obey(said)
        return self.told

    def look(self, wish: str, here: node.Drbd, seconds: float = 0, heals: bool = True) -> str | None:
        self.now += seconds
        return self.books.look("n1", "n2", wish, here, heals)

    def bid(self) -> str:
        return node.read(manager.BID)

    def test_the_master_is_to_serve_and_who_does_not_serve_is_not(self):
        self.obey("MASTER", IDLE)
        self.assertEqual(node.read(f"{node.RUN}/wish"), "up")
        self.assertEqual(self.obey("BACKUP", IDLE), ["down"])
        self.assertEqual(self.obey("FAULT", PEER_SERVES), ["down"])

    def test_one_that_serves_obeys_no_other_master(self):
        self.assertEqual(self.obey("BACKUP", SERVES), [])
        self.assertEqual(self.obey("STOP", SERVES), [])

    def test_one_that_serves_and_has_lost_its_clients_says_so_until_it_leaves(self):
        self.assertEqual(self.obey("FAULT", SERVES), [])
        self.assertRegex(manager.cut_off(), "^no client reaches this node")
        manager.hand_over()
        self.assertEqual(manager.cut_off(), "")
        self.obey("MASTER", SERVES)
        self.assertEqual(manager.cut_off(), "")

    def test_one_in_fault_or_without_keepalived_could_not_be_made_to_serve(self):
        self.obey("BACKUP", IDLE)
        self.assertEqual(manager.unable(), "")
        self.obey("FAULT", IDLE)
        self.assertEqual(manager.unable(), "keepalived is in FAULT")
        self.runs = False
        self.assertEqual(manager.unable(), "keepalived is down")

    def test_the_states_come_by_the_fifo_and_a_bad_one_ends_nothing(self):
        written(IDLE)
        with open(manager.FIFO, "w") as fifo:
            fifo.write('nonsense\nINSTANCE "data" MASTER 101\n')
        self.until(lambda: manager.state() == "MASTER")
        with open(manager.FIFO, "w") as fifo:  # a master that is about to serve hears one that bids less
            fifo.write('INSTANCE "data" MASTER_RX_LOWER_PRI 101\nINSTANCE "data" MASTER_PRIORITY 151\nINSTANCE\n')
        time.sleep(0.2)
        self.assertEqual((manager.state(), self.told), ("MASTER", []))
        (RUN / "drbd").unlink()
        (Path(node.ETC) / "fence.conf").unlink()
        with open(manager.FIFO, "w") as fifo:
            fifo.write('INSTANCE "data" BACKUP 101\n')
        self.until(lambda: manager.state() == "BACKUP")
        with open(manager.FIFO, "w") as fifo:
            fifo.write('INSTANCE "data" FAULT 101\n')
        self.until(lambda: manager.state() == "FAULT")

    def until(self, check):
        end = time.monotonic() + 10
        while not check():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def test_who_serves_bids_more(self):
        self.assertEqual(self.bid(), manager.IDLE)
        self.look("up", SERVES)
        self.assertEqual(self.bid(), manager.SERVING)
        self.look("down", PEER_SERVES)
        self.assertEqual(self.bid(), manager.IDLE)

    def test_who_leaves_stays_away_until_the_peer_has_begun_and_no_longer_than_it_may_take(self):
        self.assertTrue(manager.hand_over())
        self.assertEqual((self.told, self.bid()), (["down"], manager.LEAVING))
        for later, here, bid in (
            (1, SERVES, manager.LEAVING),
            (1, PEER_SERVES, manager.LEAVING),
            (4, IDLE, manager.LEAVING),
            (0, PEER_SERVES, manager.IDLE),
        ):
            self.look("down", here, later, heals=False)
            self.assertEqual(self.bid(), bid, (later, here))
        self.assertTrue(manager.hand_over())
        self.look("down", IDLE, 16)
        self.assertEqual(self.bid(), manager.IDLE)

    def test_in_maintenance_it_bids_and_mends_nothing(self):
        node.put(manager.STATE, "MASTER")
        self.assertIsNone(self.look("down", SERVES, 9, heals=False))
        self.assertEqual((self.bid(), self.told), (manager.SERVING, []))

    def test_nobody_is_told_where_keepalived_is_down(self):
        self.runs = False
        self.assertFalse(manager.hand_over())
        self.assertEqual((self.told, self.bid()), ([], manager.IDLE))

    def test_a_difference_that_lasts_is_mended(self):
        node.put(manager.STATE, "MASTER")
        self.assertIsNone(self.look("down", IDLE))
        self.assertIsNone(self.look("down", IDLE, 2))
        self.assertEqual(self.look("down", IDLE, 2), "keepalived is MASTER, and the wish was down")
        self.assertEqual(self.told, ["up"])
        self.assertIsNone(self.look("down", IDLE, 2), "again in as many seconds")
        node.put(manager.STATE, "BACKUP")
        self.assertIsNone(self.look("up", SERVES, 9), "a primary obeys no other")
        self.assertIsNone(self.look("up", PEER_SERVES, 2))
        self.assertEqual(self.look("up", PEER_SERVES, 2), "keepalived is BACKUP, and the wish was up")


class Program(unittest.TestCase):
    def test_it_says_what_it_knows(self):
        program = SCRIPTS / "managers/keepalived/manager.py"
        environment = {**os.environ, "PYTHONPATH": str(SCRIPTS / "safety")}
        done = subprocess.run([sys.executable, program, "nonsense"], env=environment, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr.split(":")[0]), (1, "nonsense"))


if __name__ == "__main__":
    unittest.main()
