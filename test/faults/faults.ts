import { type Fault, type Mode, modes } from "./fault";
import type { Hands } from "./hands";

const PROVEN: Mode[] = ["device", "witness", "both"];
const DEVICE: Mode[] = ["device", "both"];
const WITNESS: Mode[] = ["witness", "both"];
const BOTH_NETWORKS = ["link", "service"] as const;
const PERSON = "a person: whose data go";

type More = Partial<Omit<Fault, "name" | "stands" | "inject">>;
const fault = (name: string, stands: string, inject: Fault["inject"], more: More = {}): Fault => ({
  modes: PROVEN,
  ...more,
  ...{ name, stands, inject },
});

/** Pulls cables for a time. */
const cutFor = async (h: Hands, node: string, time: number, ...roles: string[]) => {
  await h.cut(node, ...roles);
  await h.wait(time);
  await h.join(node, ...roles);
  await h.service(60);
};
const pauseFor = async (h: Hands, node: string, time: number) => {
  h.pause(node);
  await h.wait(time);
  h.resume(node);
  await h.service(60);
};
/** Does something to a node that whoever serves is to mend by itself, and waits for the service. */
const spoil = async (h: Hands, node: string, command: string, limit = 15) => {
  await h.on(node, command);
  await h.service(limit);
};
/** Cuts the active's power, sees whether the other one takes over, and starts it. */
const killActive = async (h: Hands, limit = 30) => {
  await h.kill(h.active);
  await h.service(limit);
  await h.start(h.active);
};
/** Takes the address of the link off a node for 15 s. */
const loseAddress = (h: Hands, node: string) =>
  spoil(
    h,
    node,
    "a=$(ip -o -4 address show dev eth2 | awk '{print $4}'); ip address del $a dev eth2; sleep 15; ip address add $a dev eth2",
  );
/** Has the standby copy slowly what it missed. */
const slowResync = async (h: Hands) => {
  await h.kill(h.standby);
  await h.service(20);
  await h.on(
    h.active,
    "dd if=/dev/urandom of=/srv/nfs/data/fault-bulk bs=1M count=60 conv=fsync status=none",
  );
  const slow = "drbdadm disk-options --c-plan-ahead=0 --resync-rate=1M data";
  await h.on(h.active, slow);
  await h.start(h.standby);
  await h.succeeds(h.standby, `${slow}; drbdadm cstate data | grep -q SyncTarget`, 60);
};
const endResync = async (h: Hands) => {
  await h.start(h.active, h.standby);
  for (const node of [h.active, h.standby]) await h.on(node, "drbdadm adjust data");
};
/** The bits of DRBD's own fault injection: writes and reads of data, every one. */
const DISK_FAILS =
  "cd /sys/module/drbd/parameters; echo 1 >fault_devs; echo 48 >enable_faults; echo 100 >fault_rate";

const KILLED_AFTER = [0, 0.5, 1, 1.3, 1.5, 3, 20];
const PAUSES = [0.5, 1, 1.4, 1.6, 3, 20];

/** All that the lab can do to a pair. */
export const faults: readonly Fault[] = [
  fault("active killed", "ha 1", (h) => killActive(h), { modes, shots: 1, quick: true }),
  fault(
    "standby killed",
    "5.5",
    async (h) => (await h.kill(h.standby), await h.service(30), await h.start(h.standby)),
    { shots: 1, quick: true },
  ),
  fault("active panics", "ha 2", async (h) => (await h.panic(h.active), await h.service(60)), { shots: 1 }),
  fault("active reboots", "5.5, 7.12", async (h) => (await h.reboot(h.active), await h.service(60)), {
    quick: true,
  }),
  fault(
    "standby reboots",
    "5.5, 7.12",
    async (h) => (await h.reboot(h.standby), await h.wait(5), await h.service(60)),
  ),
  fault("planned move", "7.12, ha 4", async (h) => (await h.moveFrom(h.active), await h.service(60)), {
    modes,
    quick: true,
  }),
  fault("planned move and back within one grace", "ha 26", async (h) => {
    await h.moveFrom(h.active);
    await h.service(60);
    await h.moveFrom(h.standby);
    await h.service(60);
  }),
  fault(
    "a client dies, then the active",
    "ha 24",
    async (h) => {
      await h.kill(h.witness);
      await killActive(h);
      await h.start(h.witness);
    },
    { modes: ["device"], shots: 1 },
  ),

  // one network, then the active's end: what one side had alone must not be lost
  ...KILLED_AFTER.map((time) =>
    fault(
      `link cut, active killed ${time} s later`,
      "5.5, 7.2, ha 6",
      async (h) => {
        await h.cut(h.active, "link");
        await h.wait(time);
        await killActive(h);
      },
      { shots: 1, quick: time === 3, ...(time === 3 && { modes }) },
    ),
  ),
  fault(
    "link cut and back, active killed",
    "5.5",
    async (h) => {
      await cutFor(h, h.active, 5, "link");
      await h.redundant(60);
      await killActive(h);
    },
    { shots: 1 },
  ),
  fault("link cut 20 s", "ha 5", (h) => cutFor(h, h.active, 20, "link"), { quick: true }),
  fault("service network cut from the active 30 s", "ha 12", (h) => cutFor(h, h.active, 30, "service"), {
    modes,
  }),
  fault("service network cut from the standby 15 s", "ha 12", (h) => cutFor(h, h.standby, 15, "service")),

  // both networks: one side goes on, by proof
  ...[5, 40].map((time) =>
    fault(
      `both networks cut from the active ${time} s`,
      "5.5, 7.4, ha 8",
      (h) => cutFor(h, h.active, time, ...BOTH_NETWORKS),
      { modes, shots: 1, quick: time === 5 },
    ),
  ),
  fault(
    "both networks cut from the standby 40 s",
    "5.5, ha 8",
    (h) => cutFor(h, h.standby, 40, ...BOTH_NETWORKS),
    { shots: 1 },
  ),
  fault("link cut both ways, heartbeat over the service network alone 15 s", "ha 7", (h) =>
    cutFor(h, h.standby, 15, "link"),
  ),

  ...PAUSES.map((time) =>
    fault(`active paused ${time} s`, "5.5, 7.3, ha 3", (h) => pauseFor(h, h.active, time), {
      shots: 1,
      quick: time === 20,
      ...(time === 20 && { modes }),
    }),
  ),
  fault("standby paused 20 s", "5.5", (h) => pauseFor(h, h.standby, 20), { shots: 1, quick: true }),
  fault(
    "active paused 8 s, resumed while the standby's device is slow",
    "7.3",
    async (h) => {
      h.device("delay", "4");
      await pauseFor(h, h.active, 8);
      h.device("delay");
    },
    { modes: DEVICE, shots: 1 },
  ),

  fault("link address away from the active 15 s", "5.5, 7.9", (h) => loseAddress(h, h.active)),
  fault("link address away from the standby 15 s", "5.5, 7.9", (h) => loseAddress(h, h.standby), { modes }),
  fault("link address away from both 15 s", "7.9", (h) =>
    Promise.all([loseAddress(h, h.active), loseAddress(h, h.standby)]),
  ),

  // parts of the service
  fault("nfsd has 0 threads", "5.5, 7.11, ha 17", (h) => spoil(h, h.active, "rpc.nfsd 0"), {
    modes: ["both", "neither"],
    quick: true,
  }),
  fault("nfsdcld killed", "5.5, 7.11, ha 17", (h) => spoil(h, h.active, "kill -9 $(pidof nfsdcld)")),
  fault("mountd killed", "7.11, ha 17", (h) =>
    spoil(h, h.active, "systemctl kill --signal=KILL ha-nfs-mountd"),
  ),
  fault(
    "address flushed",
    "5.5, 7.11",
    (h) => spoil(h, h.active, ". /etc/ha-nfs/vip.conf; ip address del $VIP/$PREFIX dev $NIC"),
    { quick: true },
  ),
  fault("exports removed by hand", "7.11", (h) => spoil(h, h.active, "exportfs -ua"), { mayFail: true }),
  fault("volume remounted read-only", "7.11", (h) => spoil(h, h.active, "mount -o remount,ro /srv/nfs", 60), {
    mayFail: true,
  }),
  fault(
    "volume hangs 20 s",
    "7.11",
    async (h) => {
      await h.on(
        h.active,
        "(fsfreeze --freeze /srv/nfs; sleep 20; fsfreeze --unfreeze /srv/nfs) >/dev/null 2>&1 </dev/null &",
      );
      await h.wait(25);
      await h.service(60);
    },
    { shots: 1 },
  ),
  fault("volume busy at a planned move", "ha 18", async (h) => {
    await h.on(h.active, "cd /srv/nfs/data && (sleep 60 >/dev/null 2>&1 </dev/null &)");
    await h.moveFrom(h.active);
    await h.service(60);
  }),
  fault("heartbeat killed on the active", "5.5, 7.11, ha 30", (h) =>
    spoil(h, h.active, "systemctl kill --kill-whom=main --signal=KILL heartbeat; sleep 15"),
  ),
  fault("heartbeat killed on the standby", "7.11, ha 30", (h) =>
    spoil(h, h.standby, "systemctl kill --kill-whom=main --signal=KILL heartbeat; sleep 15"),
  ),
  fault("door killed on both", "7.6, 7.11", async (h) => {
    const kill = "systemctl kill --signal=KILL ha-nfs-door";
    await Promise.all([h.on(h.active, kill), h.on(h.standby, kill)]);
    await cutFor(h, h.active, 10, "link");
  }),
  fault("guard killed on the active", "7.11", (h) =>
    spoil(h, h.active, "systemctl kill --kill-whom=main --signal=KILL ha-nfs@data"),
  ),
  fault("a foreign broken line in /etc/exports, then a planned move", "5.5, ha 19", async (h) => {
    for (const node of [h.active, h.standby])
      await h.on(node, "echo '/ha-nfs-fault nobody(nonsense' >>/etc/exports");
    await h.moveFrom(h.active);
    await h.service(60);
    for (const node of [h.active, h.standby]) await h.on(node, "sed -i /ha-nfs-fault/d /etc/exports");
  }),

  // who may start alone
  fault("both killed, the active started first", "5.5, ha 23", async (h) => {
    await h.kill(h.active, h.standby);
    await h.start(h.active);
    await h.wait(15);
    await h.start(h.standby);
  }),
  fault(
    "both killed, the standby started first",
    "5.5, ha 23",
    async (h) => {
      await h.kill(h.active, h.standby);
      await h.start(h.standby);
      await h.noService(15, "device", "both", "neither");
      await h.start(h.active);
    },
    { modes },
  ),
  fault(
    "standby killed, active alone, then killed; standby started alone",
    "5.5, 7.5, ha 22",
    async (h) => {
      await h.kill(h.standby);
      await h.service(30);
      await h.wait(3);
      await h.kill(h.active);
      await h.start(h.standby);
      await h.noService(30);
      await h.start(h.active);
    },
    { modes, shots: 1, quick: true },
  ),
  fault(
    "source of a resync killed",
    "5.5, ha 21",
    async (h) => {
      await slowResync(h);
      await h.kill(h.active);
      await h.noService(20);
      await endResync(h);
    },
    { shots: 1 },
  ),
  fault(
    "target of a resync killed",
    "ha 21",
    async (h) => {
      await slowResync(h);
      await h.kill(h.standby);
      await h.service(30);
      await endResync(h);
    },
    { shots: 1 },
  ),
  fault(
    "a history of its own forced on the standby",
    "7.9, ha 20",
    async (h) => {
      await h.cut(h.standby, ...BOTH_NETWORKS);
      await h
        .on(
          h.standby,
          "drbdadm disconnect data; drbdadm primary --force data && dd if=/dev/urandom of=/dev/drbd0 bs=4k seek=60000 count=1 conv=fsync status=none; drbdadm secondary data; drbdadm connect data",
        )
        .catch(() => "");
      await h.join(h.standby, ...BOTH_NETWORKS);
    },
    { modes: ["witness"], hand: PERSON },
  ),

  // proof that does not come
  ...["refuses", "hangs"].map((how) =>
    fault(
      `device ${how}, both networks cut from the active 20 s`,
      "5.5, ha 9, ha 31",
      async (h) => {
        h.device("broken", how);
        await h.cut(h.active, ...BOTH_NETWORKS);
        await h.wait(3);
        await h.noService(17, "device");
        await h.join(h.active, ...BOTH_NETWORKS);
        await h.service(60);
        h.device("broken");
      },
      { modes: DEVICE },
    ),
  ),
  ...[0.1, 1, 5].map((time) =>
    fault(
      `device takes ${time} s, both networks cut from the active 20 s`,
      "7.4",
      async (h) => {
        h.device("delay", `${time}`);
        await cutFor(h, h.active, 20, ...BOTH_NETWORKS);
        h.device("delay");
      },
      { modes: DEVICE, shots: 1 },
    ),
  ),
  fault("witness away 20 s", "5.5", (h) => cutFor(h, h.witness, 20, "service"), { modes: WITNESS }),
  fault(
    "witness away, active killed",
    "5.5",
    async (h) => {
      await h.cut(h.witness, "service");
      await h.kill(h.active);
      await h.noService(20);
      await h.start(h.active);
      await h.join(h.witness, "service");
    },
    { modes: WITNESS },
  ),
  fault(
    "witness away, device refuses, both networks cut from the active 20 s",
    "5.5, ha 9",
    async (h) => {
      h.device("broken", "refuses");
      await Promise.all([h.cut(h.witness, "service"), h.cut(h.active, ...BOTH_NETWORKS)]);
      await h.wait(3);
      await h.noService(17);
      await Promise.all([h.join(h.witness, "service"), h.join(h.active, ...BOTH_NETWORKS)]);
      h.device("broken");
    },
    { modes: WITNESS },
  ),

  // time, load, packets
  ...[3600, -3600].map((step) =>
    fault(`clock of the active steps ${step > 0 ? "+" : "-"}1 h`, "7.13, ha 28", async (h) => {
      await spoil(h, h.active, `date -s @$(($(date +%s) + ${step}))`);
      await h.wait(15);
      await h.on(h.active, `date -s @$(($(date +%s) - ${step}))`);
    }),
  ),
  ...(["active", "standby"] as const).map((who) =>
    fault(`processor hogged on the ${who} 20 s`, "7.13, ha 29", (h) =>
      spoil(h, h[who], "for i in 1 2 3 4; do timeout 20 sh -c 'while :; do :; done' & done; wait"),
    ),
  ),
  fault("10 % loss on both networks 20 s", "7.13, ha 11", async (h) => {
    for (const role of BOTH_NETWORKS) await h.netem(h.active, role, "loss 10%");
    await h.wait(20);
    for (const role of BOTH_NETWORKS) await h.netem(h.active, role, "off");
  }),
  fault("link 200 ms late, out of order, 20 s", "7.13, ha 11", async (h) => {
    await h.netem(h.active, "link", "delay 200ms 50ms reorder 25%");
    await h.wait(20);
    await h.netem(h.active, "link", "off");
  }),
  ...(["active", "standby"] as const).map((who) =>
    fault(`link takes nothing from the ${who} 20 s`, "7.13, ha 10", async (h) => {
      await h.netem(h[who], "link", "loss 100%");
      await h.wait(20);
      await h.netem(h[who], "link", "off");
    }),
  ),
  fault(
    "both networks take nothing from the active 20 s",
    "7.13, ha 10",
    async (h) => {
      await Promise.all(BOTH_NETWORKS.map((role) => h.netem(h.active, role, "loss 100%")));
      await h.wait(20);
      for (const role of BOTH_NETWORKS) await h.netem(h.active, role, "off").catch(() => undefined);
    },
    { shots: 1 },
  ),

  // disks
  ...(["active", "standby"] as const).map((who) =>
    fault(`disk of the ${who} fails`, "5.5, ha 14", (h) => spoil(h, h[who], DISK_FAILS, 60), {
      hand: "a person: the disk",
    }),
  ),
  fault(
    "disk of the active fails, then the link",
    "5.5",
    async (h) => {
      await h.on(h.active, DISK_FAILS);
      await h.wait(3);
      await cutFor(h, h.active, 20, "link");
    },
    { shots: 1, hand: "a person: the disk" },
  ),

  fault("secrets rotated under load", "7.10", async (h) => (await h.rotateSecrets(), await h.service(30)), {
    modes: ["both", "neither"],
  }),
];

/** Faults that the lab cannot make, and why. */
export const impossible: readonly (readonly [string, string])[] = [
  [
    "a power cut that takes what the disk had not written (ha 33)",
    "a guest's writes are in this machine's memory as soon as its disk has taken them",
  ],
  [
    "a disk that hangs and does not fail (5.5, ha 15)",
    "DRBD lies on the partition itself, so nothing can be put between that waits; root disk and data disk have one thread",
  ],
  [
    "a paused guest whose clock stands still, and one on tsc (7.3)",
    "a guest of user-mode Linux reads this machine's clock, which goes on",
  ],
  ["a throttled or refusing cloud (ha 32)", "there is none in the lab"],
  [
    "exit codes of the handler against the kernel (7.7), and what blocks meanwhile (7.8)",
    "a stub in the handler's place, no fault: a test of its own",
  ],
  ["slaves that are away, slow or full (ha 37 to 40)", "the pair has none here: `npm test -- fleet`"],
];
