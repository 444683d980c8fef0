"""What node.py makes of /proc/drbd, of generations and of the files of /etc/ha-nfs."""

import os
import sys
import tempfile
import threading
import unittest
from pathlib import Path

DIRECTORY = tempfile.TemporaryDirectory()
for variable, part in (("ETC", "etc"), ("RUN", "run"), ("LIB", "lib"), ("PROC_DRBD", "drbd"), ("KMSG", "kmsg")):
    os.environ[f"HA_NFS_{variable}"] = f"{DIRECTORY.name}/{part}"
sys.path.insert(0, str(Path(__file__).parents[2] / "components/scripts/safety"))
import node
from rules import Generations

HEAD = """version: 8.4.11 (api:1/proto:86-101)
srcversion: 1234567890ABCDEF
"""
COUNTERS = """    ns:1024 nr:0 dw:1024 dr:2048 al:16 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
"""
# a primary alone whose whole disk differs from the peer's
RESTING_LOG = " 0: cs:StandAlone ro:Primary/Unknown ds:UpToDate/DUnknown   r----s\n"


class ProcDrbd(unittest.TestCase):
    def drbd(self, text: str, minor: str = "0") -> node.Drbd:
        Path(node.PROC_DRBD).write_text(HEAD + text)
        return node.drbd(minor)

    def test_connected(self):
        here = self.drbd(" 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n" + COUNTERS)
        self.assertEqual(here[:6], ("Connected", "Primary", "Secondary", "UpToDate", "UpToDate", False))
        self.assertFalse(here.is_away)

    def test_frozen(self):
        here = self.drbd(" 0: cs:WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown C s-----\n" + COUNTERS)
        self.assertEqual(here[:6], ("WFConnection", "Primary", "Unknown", "UpToDate", "DUnknown", True))
        self.assertTrue(here.is_away)

    def test_frozen_and_standalone_which_has_no_protocol(self):
        here = self.drbd(" 0: cs:StandAlone ro:Primary/Unknown ds:UpToDate/DUnknown   s-----\n" + COUNTERS)
        self.assertEqual(here[:6], ("StandAlone", "Primary", "Unknown", "UpToDate", "DUnknown", True))

    def test_standalone(self):
        here = self.drbd(" 0: cs:StandAlone ro:Secondary/Unknown ds:Outdated/DUnknown   r-----\n" + COUNTERS)
        self.assertEqual(here[:6], ("StandAlone", "Secondary", "Unknown", "Outdated", "DUnknown", False))

    def test_an_activity_log_that_rests_is_not_frozen(self):
        self.assertFalse(self.drbd(RESTING_LOG).frozen)
        self.assertTrue(self.drbd(RESTING_LOG.replace("r----s", "s----s")).frozen)

    def test_other_flags_are_not_frozen(self):
        self.assertFalse(self.drbd(" 0: cs:SyncTarget ro:Secondary/Primary ds:Inconsistent/UpToDate C rapub-\n").frozen)

    def test_resync(self):
        progress = "\t[=>..................] sync'ed: 12.5% (896/1024)K\n\tfinish: 0:00:01 speed: 100 (100) K/sec\n"
        line = " 0: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----\n"
        here = self.drbd(line + COUNTERS + progress)
        self.assertEqual(here.peer_disk, "Inconsistent")
        self.assertFalse(here.is_away)

    def test_what_one_disk_lacks_is_this_devices(self):
        behind = COUNTERS.replace("oos:0", "oos:4096")
        first = " 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n"
        second = " 1: cs:SyncTarget ro:Secondary/Primary ds:Inconsistent/UpToDate C r-----\n"
        text = first + COUNTERS + second + behind
        self.assertEqual([self.drbd(text, minor).out_of_sync for minor in ("0", "1", "2")], [0, 4096, 0])
        self.assertEqual(self.drbd(first).out_of_sync, 0)

    def test_diskless(self):
        here = self.drbd(" 0: cs:Connected ro:Primary/Secondary ds:Diskless/UpToDate C r-----\n")
        self.assertEqual(here.disk, "Diskless")

    def test_nothing(self):
        other = "\n 1: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n"
        for text in ("", " 0: cs:Unconfigured\n", other):
            here = self.drbd(text)
            self.assertEqual(here, node.Drbd())
            self.assertTrue(here.is_away)
            self.assertFalse(here.frozen)
        os.unlink(node.PROC_DRBD)
        self.assertEqual(node.drbd("0"), node.Drbd())

    def test_the_minor_asked_for_and_no_other(self):
        text = (
            " 0: cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate C r-----\n"
            + COUNTERS
            + " 1: cs:StandAlone ro:Secondary/Unknown ds:Outdated/DUnknown   r-----\n"
            + COUNTERS
            + "\n11: cs:WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown C s-----\n"
        )
        self.assertEqual([self.drbd(text, minor).connection for minor in ("0", "1", "11", "2")],
                         ["Connected", "StandAlone", "WFConnection", ""])

    def test_the_peer_is_away_in_every_state_without_a_handshake(self):
        lost = ("Disconnecting", "Unconnected", "Timeout", "BrokenPipe", "NetworkFailure", "ProtocolError", "TearDown")
        for state in (*lost, "StandAlone", "WFConnection", "WFReportParams"):
            here = self.drbd(f" 0: cs:{state} ro:Primary/Unknown ds:UpToDate/DUnknown C s-----\n")
            self.assertTrue(here.is_away, state)
        there = ("Connected", "StartingSyncS", "WFBitMapS", "WFSyncUUID", "SyncSource", "SyncTarget")
        for state in (*there, "VerifyS", "PausedSyncT", "Ahead", "Behind"):
            here = self.drbd(f" 0: cs:{state} ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n")
            self.assertFalse(here.is_away, state)


class Texts(unittest.TestCase):
    def test_generations(self):
        text = "0E3D6AEB6E4C7F29:0000000000000000:9D2C1B1A30F0E1D2:9D2B1B1A30F0E1D2:1:1:0:1:0:0:0\n"
        found = node.parse_generations(text)
        self.assertEqual(found, Generations(0x0E3D6AEB6E4C7F29, 0, (0x9D2C1B1A30F0E1D2, 0x9D2B1B1A30F0E1D2)))
        self.assertEqual(node.parse_generations(node.spell(found)), found)

    def test_generations_after_a_warning(self):
        none = "0000000000000000"
        text = f"\n  --==  Thank you for participating  ==--\nA000000000000000:{none}:{none}:{none}:1:1\n"
        self.assertEqual(node.parse_generations(text).current, 0xA000000000000000)

    def test_no_generations(self):
        for text in ("", "0:0:0:0", "A000000000000000:0000000000000000", "a" * 16):
            with self.assertRaises(ValueError):
                node.parse_generations(text)

    def test_settings(self):
        os.makedirs(node.ETC, exist_ok=True)
        text = "# made by ha-nfs\nME=m1\nPEER_ADDRESSES='10.0.0.1 10.0.0.2'\nDEVICE=''\n"
        Path(f"{node.ETC}/fence.conf").write_text(text)
        self.assertEqual(node.settings("fence.conf"), {"ME": "m1", "PEER_ADDRESSES": "10.0.0.1 10.0.0.2", "DEVICE": ""})

    def test_keys(self):
        Path(f"{DIRECTORY.name}/keys").write_text("first\n\nsecond")
        self.assertEqual(node.keys(f"{DIRECTORY.name}/keys"), [b"first", b"second"])

    def test_a_file_is_whole_or_not_there(self):
        path = f"{node.LIB}/claimed"
        self.assertEqual(node.read(path, "none"), "none")
        node.write(path, "text")
        self.assertEqual(node.read(path), "text")
        self.assertEqual(os.listdir(node.LIB), ["claimed"])
        node.forget(path)
        node.forget(path)
        self.assertEqual(os.listdir(node.LIB), [])

    def test_a_lock_is_one_owners(self):
        os.makedirs(node.RUN, exist_ok=True)
        found = []

        def other(wait_s: float) -> None:
            with node.lock("promote", wait_s) as free:
                found.append(free)

        with node.lock("promote") as free:
            self.assertTrue(free)
            other(0)
            waiting = threading.Thread(target=other, args=(2,))
            waiting.start()
        waiting.join()
        self.assertEqual(found, [False, True])


if __name__ == "__main__":
    unittest.main()
