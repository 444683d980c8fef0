"""What parts.py says of the volume's mount, and of what a node script is at."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "components/scripts/safety"))
import node
import parts


class Mounted(unittest.TestCase):
    def test_is_read_only_by_hand_and_by_an_error(self):
        here = parts.Parts.__new__(parts.Parts)
        here.mount = "/srv/nfs"
        self.addCleanup(setattr, node, "read", node.read)
        for options, says in (("rw,noatime", False), ("ro,noatime", True), ("rw,errors=remount-ro,emergency_ro", True)):
            node.read = lambda path, options=options: f"/dev/drbd0 /srv/nfs ext4 {options} 0 0"
            self.assertEqual(here.is_read_only(), says, options)

    def test_the_address_is_not_ill_while_a_script_that_lives_changes_it(self):
        here = parts.Parts("/srv/nfs", ["192.0.2.1"])
        here.is_alive = here.has_exports = lambda *_: True
        for name in ("RUN", "LIB", "read"):
            self.addCleanup(setattr, node, name, getattr(node, name))
        node.read = lambda path, default="": "8"
        with tempfile.TemporaryDirectory() as directory:
            node.RUN = node.LIB = directory
            with node.lock("script"):
                self.assertEqual(here.ill(), "address", "another script is at work")
                Path(directory, "pending-vip.sh").touch()
                self.assertIsNone(here.ill())
            self.assertEqual(here.ill(), "address", "it has been killed")


if __name__ == "__main__":
    unittest.main()
