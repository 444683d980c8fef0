"""Pacemaker's manager.py, and its fence agent: with stubs for Pacemaker's tools and for DRBD's handler."""

import importlib.machinery
import importlib.util
import io
import os
import sys
import tempfile
import unittest
from contextlib import redirect_stderr
from pathlib import Path

DIRECTORY = Path(tempfile.mkdtemp())
os.environ.update(HA_NFS_ETC=str(DIRECTORY), HA_NFS_RUN=str(DIRECTORY), HA_NFS_PROC_DRBD=f"{DIRECTORY}/drbd")
os.environ["PATH"] = f"{DIRECTORY}:/usr/bin:/bin"
SCRIPTS = Path(__file__).parents[2] / "components/scripts"
os.environ["HA_NFS_CODE"] = str(SCRIPTS / "safety")
sys.path[:0] = [str(SCRIPTS / "safety"), str(SCRIPTS / "managers/pacemaker")]
import manager
import node
import rules


def program(name: str):
    loader = importlib.machinery.SourceFileLoader(name, str(SCRIPTS / "managers/pacemaker" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


agent = program("fence_ha_nfs")
SERVES = node.Drbd("Connected", "Primary", "Secondary", "UpToDate", "UpToDate")
PEER_SERVES = SERVES._replace(role="Secondary", peer_role="Primary")
LINKS = """Local node ID 1, transport knet
LINK ID 0 udp
\taddr\t= 10.10.2.11
\tstatus:
\t\tnodeid:          1:\tlocalhost
\t\tnodeid:          2:\tconnected
LINK ID 1 udp
\taddr\t= 10.10.1.11
\tstatus:
\t\tnodeid:          1:\tlocalhost
\t\tnodeid:          2:\tdisconnected
"""


QUORUM = """Flags:            Quorate Qdevice

Membership information
----------------------
    Nodeid      Votes    Qdevice Name
         1          1    A,V,NMW m1
         2          1    FLAGS m2 (local)
         0          1            Qdevice
"""


def stub(name: str, body: str) -> None:
    path = DIRECTORY / name
    path.write_text(f"#!/bin/bash\necho {name} $* >>{DIRECTORY}/calls\n{body}\n")
    path.chmod(0o755)


def calls() -> list[str]:
    return node.read(f"{DIRECTORY}/calls").splitlines()


class Manager(unittest.TestCase):
    def setUp(self):
        (DIRECTORY / "calls").unlink(missing_ok=True)
        node.forget(manager.LEAVING)
        stub("attrd_updater", "")

    def test_a_hand_over_is_an_attribute_that_goes_once_the_peer_has_it(self):
        self.assertTrue(manager.hand_over())
        books = manager.Books()
        books.look("m1", "m2", "up", SERVES, True)
        self.assertEqual(calls(), ["attrd_updater --name ha-nfs-leaves --update 1"])
        books.look("m1", "m2", "down", PEER_SERVES, True)
        books.look("m1", "m2", "down", PEER_SERVES, True)
        self.assertEqual(calls()[1:], ["attrd_updater --name ha-nfs-leaves --delete"])

    def test_nor_does_it_stay_where_the_peer_does_not_take_it(self):
        manager.hand_over()
        os.utime(manager.LEAVING, (1, 1))
        manager.Books().look("m1", "m2", "up", SERVES, True)
        self.assertEqual(calls()[1:], ["attrd_updater --name ha-nfs-leaves --delete"])

    def test_says_that_pacemaker_is_down(self):
        stub("attrd_updater", "exit 1")
        self.assertFalse(manager.hand_over())
        self.assertFalse(os.path.exists(manager.LEAVING))

    def test_links(self):
        (DIRECTORY / "links").write_text(LINKS)
        stub("corosync-cfgtool", f"cat {DIRECTORY}/links")
        self.assertEqual(manager.links(), {"link": "up", "service": "disconnected"})

    def test_sees_the_peer_that_is_in_its_partition(self):
        stub("crm_node", "echo m1 m2")
        self.assertTrue(manager.sees("m2"))
        stub("crm_node", "echo m1")
        self.assertFalse(manager.sees("m2"))


    def test_a_person_s_word_is_worth_the_other_votes_until_the_peer_is_back(self):
        alone = SERVES._replace(connection="WFConnection", peer_role="Unknown", peer_disk="Outdated")
        for tool in ("corosync-cmapctl", "corosync-cfgtool"):
            stub(tool, "")
        stub("corosync-quorumtool", "echo 'Quorate:          No'")
        books = manager.Books()
        books.vote(alone)
        self.assertEqual(calls(), [])
        node.put(node.ALONE, "word")
        self.addCleanup(node.forget, node.ALONE)
        books.vote(alone)
        self.assertEqual(calls()[1:], ["corosync-cmapctl -D quorum.device.", "corosync-quorumtool -e 1"])
        stub("corosync-quorumtool", "echo 'Quorate:          Yes'")
        books.vote(alone)
        self.assertEqual(calls()[3:], ["corosync-quorumtool -s"])
        node.forget(node.ALONE)
        books.vote(alone)
        books.vote(SERVES)
        books.vote(SERVES)
        self.assertEqual(calls()[4:], ["corosync-cfgtool -R"])

    def test_the_quorum_device_is_one_more_path_where_there_is_one(self):
        manager.CONF = f"{DIRECTORY}/corosync.conf"
        conf = Path(manager.CONF)
        conf.write_text("quorum {\n}\n")
        self.assertEqual(manager.device(), "")
        conf.write_text("quorum {\n  device {\n  }\n}\n")
        for flags, state in (("A,V,NMW", "up"), ("A,NV,NMW", "without a vote for this node"), ("NR", "without a vote for this node")):
            stub("corosync-quorumtool", f"cat <<'EOF'\n{QUORUM.replace('FLAGS', flags)}\nEOF")
            self.assertEqual(manager.device(), state)

    def test_whose_interface_to_the_clients_is_down_leaves_and_takes_nothing(self):
        (DIRECTORY / "vip.conf").write_text("VIP=10.10.1.100\nNIC=eth0\n")
        manager.NETWORK = str(DIRECTORY)
        manager.runs = lambda: True
        (DIRECTORY / "eth0").mkdir(exist_ok=True)
        for state, why, unable in (("up", "", ""), ("unknown", "", ""), ("down", "no client", "interface")):
            (DIRECTORY / "eth0/operstate").write_text(f"{state}\n")
            self.assertEqual((manager.cut_off()[: len(why)], manager.unable()[: len(unable)]), (why, unable))
            self.assertEqual(manager.cut_off() != "", state == "down")
        manager.runs = lambda: False
        self.assertEqual(manager.unable(), "pacemaker is down")


class FenceAgent(unittest.TestCase):
    """Whether `off` ends with 0, and whether DRBD's handler was asked."""

    def setUp(self):
        self.asked, self.code = [], rules.PEER_OFF
        agent.handler = lambda volume: self.asked.append(volume) or self.code
        agent.node.generations = lambda volume: rules.Generations(2, 0, (0, 0))
        agent.PATIENCE_S = 0.2
        agent.wire.hears = lambda *_: self.answers
        self.answers = True
        (DIRECTORY / "calls").unlink(missing_ok=True)
        stub("drbdsetup", "exit 1")
        (DIRECTORY / "fence.conf").write_text("ME=m1\nPEER=m2\nVOLUME=data\nDEVICE=/power\nDEVICE_SECONDS=1\n")
        (DIRECTORY / "data.conf").write_text("MINOR=0\n")

    def off(self, line: str) -> tuple[int, int]:
        (DIRECTORY / "drbd").write_text(f" 0: {line} C r-----\n")
        with redirect_stderr(io.StringIO()):
            return agent.main("off"), len(self.asked)

    def test_who_lives_and_serves_is_not_shot(self):
        self.assertEqual(self.off("cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate"), (1, 0))

    def test_who_lives_and_does_not_serve_needs_no_shot(self):
        self.assertEqual(self.off("cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate"), (0, 0))

    def test_nor_who_is_on_record_as_outdated(self):
        self.assertEqual(self.off("cs:WFConnection ro:Secondary/Unknown ds:UpToDate/Outdated"), (0, 0))

    def test_of_a_lost_peer_the_handler_says_it(self):
        for code, result in (
            (rules.PEER_OFF, 0),
            (rules.PEER_OUTDATED, 0),
            (rules.PEER_INCONSISTENT, 0),
            (rules.SELF_OUTDATED, 1),
            (rules.NO_PROOF, 1),
        ):
            self.asked, self.code = [], code
            self.assertEqual(self.off("cs:WFConnection ro:Secondary/Unknown ds:UpToDate/DUnknown"), (result, 1))
        self.assertEqual(node.parse_generations(node.read(f"{DIRECTORY}/data.generations")).current, 2)

    def test_a_primary_waits_for_what_drbd_itself_has_asked(self):
        self.assertEqual(self.off("cs:WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown"), (1, 0))
        self.assertEqual(self.off("cs:WFConnection ro:Primary/Unknown ds:UpToDate/Outdated"), (0, 0))

    def test_of_a_primary_that_is_silent_drbd_is_to_find_out_at_once(self):
        self.answers = False
        gone = " 0: cs:WFConnection ro:Secondary/Unknown ds:UpToDate/Outdated C r-----"
        stub("drbdsetup", f"echo '{gone}' >{DIRECTORY}/drbd; exit 17")  # what its handler has proved
        self.assertEqual(self.off("cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate"), (0, 0))
        self.assertEqual(calls(), ["drbdsetup primary 0"])
        self.assertEqual(node.parse_generations(node.read(f"{DIRECTORY}/data.generations")).current, 2)

    def test_and_has_all_the_time_that_the_handler_takes(self):
        self.answers = False
        gone = " 0: cs:WFConnection ro:Secondary/Unknown ds:UpToDate/Outdated C r-----"
        stub("drbdsetup", f"sleep 0.4; echo '{gone}' >{DIRECTORY}/drbd; exit 17")  # longer than PATIENCE_S
        self.assertEqual(self.off("cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate"), (0, 0))

    def test_and_does_not_stay_primary_itself(self):
        self.answers = False
        stub("drbdsetup", "")
        self.assertEqual(self.off("cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate"), (1, 0))
        self.assertEqual(calls(), ["drbdsetup primary 0", "drbdsetup secondary 0"])

    def test_without_a_device_there_is_nothing_to_ask(self):
        (DIRECTORY / "fence.conf").write_text("ME=m1\nPEER=m2\nVOLUME=data\nDEVICE=\nDEVICE_SECONDS=1\n")
        self.assertEqual(self.off("cs:WFConnection ro:Secondary/Unknown ds:UpToDate/DUnknown"), (1, 0))


if __name__ == "__main__":
    unittest.main()
