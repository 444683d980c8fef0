import { Manager } from "../../../components/enums";
import { UNITS } from "../../../components/managers/manager";
import { type Fault, modes } from "../fault";
import { cutFor, killActive, DISK_FAILS, fault, move, spoil } from "./steps";

const PARTS = ["active", "standby"] as const;
const DISK = "a person: the disk";
const BY_HEARTBEAT = { shots: 1, manager: Manager.Heartbeat };
/** A line that exportfs complains of. */
const FOREIGN = "echo '/ha-nfs-fault nobody(nonsense' >>/etc/exports";

/** Parts of a machine: programs, files, clock, disk. */
export const parts: readonly Fault[] = [
  fault("nfsd has 0 threads", "5.5, 7.11, ha 17", { modes: ["both", "neither"], quick: true }, (h) =>
    spoil(h, h.active, "rpc.nfsd 0"),
  ),
  fault("nfsdcld killed", "5.5, 7.11, ha 17", {}, (h) => spoil(h, h.active, "kill -9 $(pidof nfsdcld)")),
  fault("mountd killed", "7.11, ha 17", {}, (h) =>
    spoil(h, h.active, "systemctl kill --signal=KILL ha-nfs-mountd"),
  ),
  fault("address flushed", "5.5, 7.11", { quick: true }, (h) =>
    spoil(h, h.active, ". /etc/ha-nfs/vip.conf; ip address del $VIP/$PREFIX dev $NIC"),
  ),
  fault("exports removed by hand", "7.11", { mayFail: true }, (h) => spoil(h, h.active, "exportfs -ua")),
  fault("volume remounted read-only", "7.11", { mayFail: true }, (h) =>
    spoil(h, h.active, "echo 1 >/sys/fs/ext4/drbd0/trigger_fs_error", 60),
  ),
  fault("volume hangs 20 s", "7.11", { shots: 1 }, async (h) => {
    const hang = "fsfreeze --freeze /srv/nfs; sleep 20; fsfreeze --unfreeze /srv/nfs";
    await h.on(h.active, `(${hang}) >/dev/null 2>&1 </dev/null &`);
    await h.wait(25);
    await h.service(60);
  }),
  fault("volume busy at a planned move", "ha 18", {}, async (h) => {
    await h.on(h.active, "cd /srv/nfs/data && (sleep 60 >/dev/null 2>&1 </dev/null &)");
    await move(h, h.active);
  }),
  fault("a foreign broken line in /etc/exports, then a planned move", "5.5, ha 19", { modes }, async (h) => {
    for (const node of [h.active, h.standby]) await h.on(node, FOREIGN);
    await move(h, h.active);
    for (const node of [h.active, h.standby]) await h.on(node, "sed -i /ha-nfs-fault/d /etc/exports");
  }),
  ...Object.values(Manager).flatMap((manager) =>
    PARTS.map((who) =>
      fault(`${manager} killed on the ${who}`, "5.5, 7.11, ha 30", { manager }, (h) =>
        spoil(h, h[who], `systemctl kill --kill-whom=main --signal=KILL ${UNITS[manager]}; sleep 15`),
      ),
    ),
  ),
  fault("active killed, and heartbeat loses its own messages", "5.5", BY_HEARTBEAT, async (h) => {
    const once =
      "for f in mach_down req_resource; do mv $f $f.real; printf '#!/bin/sh\\nmv $0.real $0\\n' >$f; chmod 755 $f; done";
    await h.on(h.standby, `cd /usr/share/heartbeat; ${once}`);
    await killActive(h);
    await h.on(h.standby, "cd /usr/share/heartbeat; for f in *.real; do mv $f ${f%.real} || :; done; sync");
  }),
  fault("door killed on both, link cut 10 s", "7.6, 7.11", {}, async (h) => {
    const kill = "systemctl kill --signal=KILL ha-nfs-door";
    await Promise.all([h.on(h.active, kill), h.on(h.standby, kill)]);
    await cutFor(h, h.active, 10, "link");
  }),
  fault("guard killed on the active", "7.11", {}, (h) =>
    spoil(h, h.active, "systemctl kill --kill-whom=main --signal=KILL ha-nfs@data"),
  ),
  ...[3600, -3600].map((step) =>
    fault(`clock of the active steps ${step > 0 ? "+" : "-"}1 h`, "7.13, ha 28", {}, async (h) => {
      await spoil(h, h.active, `date -s @$(($(date +%s) + ${step}))`);
      await h.wait(15);
      await spoil(h, h.active, `date -s @$(($(date +%s) - ${step}))`);
    }),
  ),
  ...PARTS.map((who) =>
    fault(`processor hogged on the ${who} 20 s`, "7.13, ha 29", {}, (h) =>
      spoil(h, h[who], "for i in 1 2 3 4; do timeout 20 sh -c 'while :; do :; done' & done; wait"),
    ),
  ),
  ...PARTS.map((who) =>
    fault(`disk of the ${who} fails`, "5.5, ha 14", { hand: DISK }, (h) => spoil(h, h[who], DISK_FAILS, 60)),
  ),
  fault("disk of the active fails, then the link 20 s", "5.5", { shots: 1, hand: DISK }, async (h) => {
    await h.on(h.active, DISK_FAILS);
    await h.wait(3);
    await cutFor(h, h.active, 20, "link");
  }),
];
