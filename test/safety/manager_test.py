"""What manager.py tells heartbeat, and when: with stubs for heartbeat's tools, and a clock of its own."""

import json
import os
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path

DIRECTORY = Path(tempfile.mkdtemp())
os.environ["HA_NFS_ETC"] = tempfile.mkdtemp()
os.environ["PATH"] = f"{DIRECTORY}:/usr/bin:/bin"
SCRIPTS = Path(__file__).parents[2] / "components/scripts"
sys.path[:0] = [str(SCRIPTS / "safety"), str(SCRIPTS / "managers/heartbeat")]
import manager
import node

IDLE = node.Drbd("Connected", "Secondary", "Secondary", "UpToDate", "UpToDate")
PEER_SERVES = IDLE._replace(peer_role="Primary")
SERVES = IDLE._replace(role="Primary")
AWAY = node.Drbd("WFConnection", "Secondary", "Unknown", "UpToDate", "DUnknown")


def stub(name: str, body: str) -> None:
    path = DIRECTORY / name
    path.write_text(f"#!/bin/bash\necho {name} $* $HA_NICEFAILBACK $HA_CURHOST >>{DIRECTORY}/calls\n{body}\n")
    path.chmod(0o755)


class Told(unittest.TestCase):
    def setUp(self):
        self.now = 100.0
        manager.time = types.SimpleNamespace(monotonic=lambda: self.now)
        manager.TOOLS, manager.ANSWER_S = str(DIRECTORY), 0.3
        for file in DIRECTORY.iterdir():
            file.unlink()
        self.heartbeat("active", "local")
        for name in ("hb_standby", "hb_takeover", "mach_down", "req_resource"):
            stub(name, "")
        stub("ResourceManager", "echo hanfs::data; echo other")
        self.books = manager.Books()

    def heartbeat(self, peer: str, resources: str) -> None:
        stub("cl_status", f"[[ $1 == nodestatus ]] && echo {peer}; [[ $1 == rscstatus ]] && echo {resources}")

    def calls(self) -> list[str]:
        lines = node.read(f"{DIRECTORY}/calls").split("\n")
        return [line for line in lines if line and not line.startswith("cl_status")]

    def look(self, wish: str, here: node.Drbd, seconds: float = 0, me: str = "n1", heals: bool = True) -> str | None:
        """One look, after so many seconds."""
        self.now += seconds
        return self.books.look(me, "n2" if me == "n1" else "n1", wish, here, heals)

    def test_what_is_right_is_left_alone(self):
        for wish, here in (("up", SERVES), ("down", PEER_SERVES), ("up", IDLE), ("up", AWAY), ("down", AWAY)):
            self.assertIsNone(self.look(wish, here))
            self.assertIsNone(self.look(wish, here, 60))
        self.assertEqual(self.calls(), [])

    def test_in_maintenance_nothing_is_told(self):
        self.look("up", PEER_SERVES, heals=False)
        self.assertIsNone(self.look("up", PEER_SERVES, 60, heals=False))
        self.assertEqual(self.calls(), [])

    def test_what_lasts_is_told_once_in_fifteen_seconds(self):
        self.assertIsNone(self.look("up", PEER_SERVES))
        self.assertIsNone(self.look("up", PEER_SERVES, 14))
        self.assertRegex(self.look("up", PEER_SERVES, 1), "wants the service here, and n2 has it: told heartbeat")
        self.assertIsNone(self.look("up", PEER_SERVES, 14))
        self.assertIsNotNone(self.look("up", PEER_SERVES, 1))
        self.assertEqual(self.calls(), ["hb_standby all"] * 2)

    def test_what_passes_is_not(self):
        self.look("up", PEER_SERVES)
        self.look("up", SERVES, 10)
        self.assertIsNone(self.look("up", PEER_SERVES, 10))
        self.assertEqual(self.calls(), [])

    def test_where_neither_serves_the_first_of_the_alphabet_takes_it(self):
        for me in ("n1", "n2"):
            self.books = manager.Books()
            self.look("down", IDLE, me=me)
            self.look("down", IDLE, 15, me=me)
        self.assertEqual(self.calls(), ["hb_takeover all"])

    def test_nothing_is_told_while_heartbeat_moves_it_or_has_no_peer(self):
        for peer, resources in (("active", "transition"), ("dead", "local"), ("", "")):
            self.heartbeat(peer, resources)
            self.look("up", PEER_SERVES)
            self.assertIsNone(self.look("up", PEER_SERVES, 15))
        self.assertEqual(self.calls(), [])

    def test_a_heartbeat_that_is_not_there_hangs_or_talks_rubbish_has_said_nothing(self):
        for body in ("exec sleep 5", r"printf '\xff\xfe'"):
            stub("cl_status", body)
            self.look("up", PEER_SERVES)
            self.assertIsNone(self.look("up", PEER_SERVES, 15))
        (DIRECTORY / "cl_status").unlink()
        self.assertIsNone(self.look("up", PEER_SERVES, 15))

    def test_one_that_does_not_take_the_word_is_told_of(self):
        for gone in (lambda: stub("hb_standby", "exec sleep 5"), (DIRECTORY / "hb_standby").unlink):
            gone()
            self.look("up", PEER_SERVES)
            self.assertRegex(self.look("up", PEER_SERVES, 15), "heartbeat does not listen")
            self.assertFalse(manager.hand_over())

    def test_a_takeover_that_it_has_lost_is_done_anew(self):
        self.look("down", PEER_SERVES)  # the two have met
        self.heartbeat("dead", "transition")
        self.assertIsNone(self.look("down", AWAY))
        self.assertIsNone(self.look("down", AWAY, 4))
        self.assertRegex(self.look("down", AWAY, 1), "lost a message")
        self.assertEqual(
            self.calls(),
            [
                "mach_down n2 yes n1",
                "ResourceManager listkeys n1 yes n1",
                "req_resource hanfs::data yes n1",
                "req_resource other yes n1",
            ],
        )

    def test_a_peer_that_was_never_there_has_its_time(self):
        node_read, node.read = node.read, lambda path, default="": "keepalive 1\ninitdead 20\n" if "ha.cf" in path else ""
        self.addCleanup(setattr, node, "read", node_read)
        self.heartbeat("dead", "transition")
        self.assertIsNone(self.look("down", AWAY))
        self.assertIsNone(self.look("down", AWAY, 24))
        self.assertIsNotNone(self.look("down", AWAY, 1))

    def test_initdead_has_a_unit_or_none_and_is_nothing_where_it_cannot_be_read(self):
        node_read = node.read
        self.addCleanup(setattr, node, "read", node_read)
        for text, seconds in (("initdead 20", 20), ("initdead 1500ms", 1.5), ("#initdead 3", 0), ("initdead x", 0), ("", 0)):
            node.read = lambda path, default="", text=text: f"keepalive 1\n{text}\n"
            self.assertEqual(manager.initdead_s(), seconds, text)

    def test_both_sign_with_the_new_key_in_one_moment_and_neither_where_the_peer_refuses(self):
        os.makedirs(f"{node.ETC}/secrets", exist_ok=True)
        Path(f"{node.ETC}/fence.conf").write_text("PEER=n2\n")
        Path(f"{node.ETC}/secrets/authkeys").write_text("auth 2\n2 sha1 x\n")
        manager.AUTHKEYS, manager.HEARTBEAT = str(DIRECTORY / "authkeys"), str(DIRECTORY / "heartbeat")
        stub("heartbeat", "")
        asked = []
        self.addCleanup(setattr, manager.wire, "ask_peer", manager.wire.ask_peer)
        for said, signs in (("rekeyed", True), ("hung", True), (None, True), ("error", False), ("stranger", False), ("other keys", False)):
            Path(manager.AUTHKEYS).write_text("auth 1\n1 sha1 y\n")
            manager.wire.ask_peer = lambda pair, words, silence, said=said: asked.append(words.split()) or said
            try:
                manager.main("rekey")
            except SystemExit as end:
                self.assertIn("n2", str(end.code))
            self.assertEqual(Path(manager.AUTHKEYS).read_text().startswith("auth 2"), signs, said)
            self.assertTrue(Path(manager.AUTHKEYS).read_text().endswith("\n"))
            self.assertEqual(os.stat(manager.AUTHKEYS).st_mode & 0o077 if signs else 0, 0)
        self.assertEqual(asked, [["rekey", manager.mark("auth 2\n2 sha1 x")]] * 6)
        self.assertEqual(self.calls(), ["heartbeat -r"] * 3)

    def test_as_a_program_it_says_what_it_knows_and_passes_words_on(self):
        stub("cl_status", """case $1 in
hbstatus) ;; nodestatus) echo "$HEARTBEAT_SEES" ;; rscstatus) echo "$HEARTBEAT_HAS" ;;
listhblinks) printf '\\teth2\\n\\teth1\\n' ;; hblinkstatus) [[ $3 == eth1 ]] && echo up || echo dead ;; esac""")
        stub("systemctl", "echo active; exit 0")

        def run(*words: str, sees: str = "active", has: str = "all") -> subprocess.CompletedProcess[str]:
            code = {"PYTHONPATH": str(SCRIPTS / "safety")}
            environment = {**os.environ, **code, "HEARTBEAT_SEES": sees, "HEARTBEAT_HAS": has}
            program = [sys.executable, "-s", manager.__file__, *words]
            return subprocess.run(program, env=environment, capture_output=True, text=True)

        report = json.loads(run("report", "n2").stdout)
        self.assertTrue(report["runs"])
        self.assertFalse(report["waitsForPeer"])
        self.assertEqual(report["peer"], "active")
        self.assertEqual(report["links"], {"eth2": "dead", "eth1": "up"})
        self.assertEqual([run("sees", "n2", sees=word).returncode for word in ("active", "dead", "")], [0, 1, 1])
        words = ("all", "local", "foreign", "none", "transition", "")
        self.assertEqual([run("is-settled", has=word).returncode for word in words], [0, 0, 0, 0, 1, 1])
        self.assertEqual(run("nonsense").returncode, 1)


if __name__ == "__main__":
    unittest.main()
