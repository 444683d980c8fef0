"""The rules one by one: every answer for every kind of node, and what a node may rely on."""

import itertools
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "components/scripts/safety"))
import rules
from rules import NO_PROOF, PEER_INCONSISTENT, PEER_OFF, PEER_OUTDATED, SELF_OUTDATED, Generations

SAME, LATER, FOREIGN = Generations(0xA0, 0), Generations(0xB0, 0xA0), Generations(0xF0, 0xE0)
ANSWERS = ("outdated", "inconsistent", "primary", "newer", "diverged", "busy", "hung", "error", "diskless", "rubbish", None)
DISKS = ("UpToDate", "Consistent", "Outdated", "Inconsistent", "Diskless", "Attaching", "Failed", "DUnknown", "")


class Relation(unittest.TestCase):
    def test_each(self):
        self.assertEqual(rules.relation(SAME, SAME), "same")
        self.assertEqual(rules.relation(SAME, LATER), "older")
        self.assertEqual(rules.relation(LATER, SAME), "newer")
        self.assertEqual(rules.relation(SAME, FOREIGN), "diverged")

    def test_that_one_is_primary_makes_no_difference(self):
        self.assertEqual(rules.relation(Generations(0xA1, 0), SAME), "same")
        self.assertEqual(rules.relation(SAME, Generations(0xB1, 0xA1)), "older")

    def test_one_that_has_resynced_since_names_it_in_its_history(self):
        self.assertEqual(rules.relation(SAME, Generations(0xC0, 0, (0xB0, 0xA0))), "older")
        self.assertEqual(rules.relation(Generations(0xC0, 0, (0xB0, 0xA0)), SAME), "newer")

    def test_both_went_on_alone(self):
        self.assertEqual(rules.relation(Generations(0xB0, 0xA0), Generations(0xC0, 0xA0)), "diverged")


class Door(unittest.TestCase):
    def test_obeys_only_data_as_new_as_its_own(self):
        for disk in ("UpToDate", "Consistent"):
            self.assertEqual(rules.outdate("Secondary", disk, SAME, SAME), "obey")
            self.assertEqual(rules.outdate("Secondary", disk, SAME, LATER), "obey")
            self.assertEqual(rules.outdate("Secondary", disk, LATER, SAME), "newer")
            self.assertEqual(rules.outdate("Secondary", disk, SAME, FOREIGN), "diverged")

    def test_a_primary_never_obeys(self):
        for mine, asker in itertools.product((SAME, LATER, FOREIGN), repeat=2):
            self.assertIn(rules.outdate("Primary", "UpToDate", mine, asker), ("primary", "newer", "diverged"))

    def test_says_what_it_is_already(self):
        self.assertEqual(rules.outdate("Secondary", "Outdated", SAME, SAME), "outdated")
        self.assertEqual(rules.outdate("Secondary", "Inconsistent", SAME, FOREIGN), "inconsistent")

    def test_one_without_a_disk_does_not_know_and_says_so(self):
        for disk in rules.NO_DISK:
            self.assertEqual(rules.outdate("Secondary", disk, Generations(0, 0), SAME), "diskless")
            self.assertEqual(rules.outdate("Primary", disk, Generations(0, 0), SAME), "error")

    def test_one_whose_drbd_is_down_obeys_too(self):
        self.assertEqual(rules.outdate("", "", SAME, SAME), "obey")


class Witness(unittest.TestCase):
    def test_is_a_compare_and_set(self):
        self.assertTrue(rules.claim("both", "n1"))
        self.assertTrue(rules.claim("n1", "n1"))
        self.assertFalse(rules.claim("n2", "n1"))


class Node:
    """A run of the handler's rules, and what it has done."""

    def __init__(self, role, disk, answer, claim="none", shoot=None, away=True, told=False):
        self.done = []
        self.code = rules.fence(
            role,
            disk,
            rules.Means(
                ask_peer=lambda: self.does("ask", answer),
                claim=None if claim == "none" else lambda: self.does("claim", claim),
                shoot=None if shoot is None else lambda: self.does("shoot", shoot),
                is_away=lambda: away,
                depose=lambda why: self.does("depose", why),
                told=told,
            ),
        )

    def does(self, what, answer):
        self.done.append(what)
        return answer


def everything():
    for role, disk, answer, claim, shoot, away, told in itertools.product(
        ("Primary", "Secondary"),
        DISKS,
        ANSWERS,
        ("none", "granted", "denied", None),
        (None, True, False),
        (True, False),
        (True, False),
    ):
        yield (role, disk, answer, claim, shoot, away, told)


class Handler(unittest.TestCase):
    def test_never_answers_5_and_never_a_code_that_drbd_does_not_know(self):
        codes = {Node(*case).code for case in everything()}
        self.assertEqual(codes, {NO_PROOF, PEER_INCONSISTENT, PEER_OUTDATED, SELF_OUTDATED, PEER_OFF})

    def test_a_node_without_data_asks_nobody(self):
        for case in everything():
            if case[1] not in ("UpToDate", "Consistent"):
                node = Node(*case)
                self.assertEqual((node.code, node.done), (NO_PROOF, []), case)

    def test_off_needs_a_shot_a_grant_or_a_person(self):
        for role, disk, answer, claim, shoot, away, told in everything():
            node = Node(role, disk, answer, claim, shoot, away, told)
            if node.code == PEER_OFF:
                self.assertTrue(("shoot" in node.done and shoot) or claim == "granted" or told)
                self.assertTrue(away)

    def test_a_peer_without_a_disk_is_enough_for_a_primary_that_the_witness_lets_go_on(self):
        def code(role, *more):
            node = Node(role, "UpToDate", "diskless", *more)
            self.assertNotIn("shoot", node.done if node.code == PEER_INCONSISTENT else [])
            return node.code

        self.assertEqual(code("Primary", "none", True), PEER_INCONSISTENT)
        self.assertEqual(code("Primary", "granted", True), PEER_INCONSISTENT)
        self.assertEqual(code("Primary", "granted"), PEER_INCONSISTENT)
        self.assertEqual(code("Primary", None, True), NO_PROOF)
        self.assertEqual(code("Primary", None), NO_PROOF)
        self.assertEqual(code("Primary", "denied", True), NO_PROOF)
        self.assertEqual(code("Secondary", "granted", True), NO_PROOF)
        self.assertEqual(Node("Primary", "UpToDate", "diskless", shoot=True, away=False).code, NO_PROOF)

    def test_without_a_person_it_takes_what_the_node_may_rely_on(self):
        for role, disk, answer, claim, shoot, away, told in everything():
            node = Node(role, disk, answer, claim, shoot, away, told)
            if told or node.code != PEER_OFF:
                continue
            if disk == "Consistent":
                self.assertTrue(claim == "granted" and shoot is None)
            elif claim != "none":
                self.assertEqual(claim, "granted")
            else:
                self.assertTrue(shoot)

    def test_nobody_is_shot_who_answers_but_for_one_that_cannot_outdate_itself_while_we_serve(self):
        for case in everything():
            role, _, answer, *_ = case
            if "shoot" in Node(*case).done:
                self.assertTrue(answer is None or (role == "Primary" and answer in ("hung", "error", "diskless")), case)

    def test_nobody_is_shot_who_is_back(self):
        for case in everything():
            if "shoot" in Node(*case).done:
                self.assertTrue(case[5], case)

    def test_only_a_primary_reboots_itself_and_then_has_no_proof(self):
        for case in everything():
            node = Node(*case)
            if "depose" in node.done:
                self.assertEqual((case[0], node.code), ("Primary", NO_PROOF), case)
                self.assertTrue(case[2] == "newer" or case[3] == "denied", case)

    def test_a_primary_that_is_deposed_does_so_before_it_shoots(self):
        for case in everything():
            node = Node(*case)
            self.assertFalse({"depose", "shoot"} <= set(node.done), case)


    def test_where_there_is_a_witness_nobody_is_shot_without_its_grant_for_the_peer_may_have_it(self):
        for case in everything():
            role, disk, answer, claim, shoot, away, told = case
            node = Node(*case)
            if claim in ("denied", None) and not told:
                self.assertNotIn("shoot", node.done, case)
                self.assertNotEqual(node.code, PEER_OFF, case)


class Boot(unittest.TestCase):
    def joins(self, connection="WFConnection", disk="Consistent", witness=False, device=True, told=False, foreign=False):
        return rules.joins(connection, disk, witness, device, told, foreign)

    def test_a_node_that_has_booted_alone_waits(self):
        self.assertFalse(self.joins())
        self.assertFalse(self.joins(witness=True))
        for disk in ("Outdated", "Inconsistent", "Diskless", ""):
            self.assertFalse(self.joins(disk=disk, witness=True, device=False), disk)

    def test_it_takes_part_with_its_peer_with_drbds_word_by_the_witness_or_a_person(self):
        for connection in ("Connected", "SyncTarget", "PausedSyncT", "VerifyS"):
            self.assertTrue(self.joins(connection=connection, disk="Inconsistent"), connection)
        self.assertTrue(self.joins(disk="UpToDate"))
        self.assertTrue(self.joins(witness=True, device=False))
        self.assertTrue(self.joins(told=True))

    def test_that_the_peer_is_on_record_is_not_enough_where_the_witness_has_it_go_on(self):
        self.assertFalse(self.joins(disk="UpToDate", witness=True, foreign=True))
        self.assertTrue(self.joins(disk="UpToDate", witness=True, foreign=True, told=True))
        self.assertTrue(self.joins(disk="UpToDate", connection="Connected", witness=True, foreign=True))


if __name__ == "__main__":
    unittest.main()
