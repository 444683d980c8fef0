"""What parts.py says of the volume's mount."""

import sys
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


if __name__ == "__main__":
    unittest.main()
