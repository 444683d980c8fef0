import { type Fault, modes } from "../fault";
import type { Hands } from "../hands";
import { cutFor, DEVICE, endResync, fault, NETWORKS, pauseFor, slowResync, WITNESS } from "./steps";

/** A master that has booted alone serves where a witness alone decides, which knows that the other did not go on; else it waits. */
const alone = (h: Hands) => (h.hasWitnessAlone ? h.service(120) : h.noService(15));

/** Who may start alone, and proof that comes late or not at all. */
export const proof: readonly Fault[] = [
  fault("both killed, the active started first", "5.5, ha 23", {}, async (h) => {
    await h.kill(h.active, h.standby);
    await h.start(h.active);
    await alone(h);
    await h.start(h.standby);
  }),
  fault("both killed, the standby started first", "5.5, ha 23", { modes }, async (h) => {
    await h.kill(h.active, h.standby);
    await h.start(h.standby);
    await alone(h);
    await h.start(h.active);
  }),
  fault(
    "standby killed, active alone, then killed; standby started alone",
    "5.5, 7.5, ha 22",
    { modes, shots: 1, quick: true },
    async (h) => {
      await h.kill(h.standby);
      await h.service(30);
      await h.wait(3);
      await h.kill(h.active);
      await h.start(h.standby);
      await h.noService(30);
      await h.start(h.active);
    },
  ),
  fault("source of a resync killed", "5.5, ha 21", { shots: 1 }, async (h) => {
    await slowResync(h);
    await h.kill(h.active);
    await h.noService(20);
    await endResync(h);
  }),
  fault("target of a resync killed", "ha 21", { shots: 1 }, async (h) => {
    await slowResync(h);
    await h.kill(h.standby);
    await h.service(30);
    await endResync(h);
  }),
  fault(
    "a history of its own forced on the standby",
    "7.9, ha 20",
    { modes: ["witness"], hand: "a person: whose data go" },
    async (h) => {
      const write = "dd if=/dev/urandom of=/dev/drbd0 bs=4k seek=60000 count=1 conv=fsync status=none";
      await h.cut(h.standby, ...NETWORKS);
      await h.on(h.standby, "drbdadm disconnect data; drbdadm primary --force data");
      await h.on(h.standby, `${write}; drbdadm secondary data; drbdadm connect data`);
      await h.join(h.standby, ...NETWORKS);
    },
  ),

  ...["refuses", "hangs"].map((how) =>
    fault(
      `device ${how}, both networks cut from the active 20 s`,
      "5.5, ha 9, ha 31",
      { modes: DEVICE },
      async (h) => {
        h.device("broken", how);
        await h.cut(h.active, ...NETWORKS);
        await h.wait(3);
        await h.noService(17, "device");
        await h.join(h.active, ...NETWORKS);
        await h.service(60);
        h.device("broken");
      },
    ),
  ),
  ...[0.1, 1, 5].map((time) =>
    fault(
      `device takes ${time} s, both networks cut from the active 20 s`,
      "7.4",
      { modes: DEVICE, shots: 1 },
      async (h) => {
        h.device("delay", `${time}`);
        await cutFor(h, h.active, 20, ...NETWORKS);
        h.device("delay");
      },
    ),
  ),
  fault(
    "active paused 8 s, resumed while the standby asks a slow device",
    "7.3",
    { modes: DEVICE, shots: 1 },
    async (h) => {
      h.device("delay", "4");
      await pauseFor(h, h.active, 8);
      h.device("delay");
    },
  ),
  fault("witness away 20 s", "5.5", { modes: WITNESS }, (h) => cutFor(h, h.witness, 20, "service")),
  fault("witness away, active killed", "5.5", { modes: WITNESS }, async (h) => {
    await h.cut(h.witness, "service");
    await h.kill(h.active);
    await h.noService(20);
    await h.start(h.active);
    await h.join(h.witness, "service");
  }),
  fault(
    "witness away, device refuses, both networks cut from the active 20 s",
    "5.5, ha 9",
    { modes: WITNESS },
    async (h) => {
      h.device("broken", "refuses");
      await Promise.all([h.cut(h.witness, "service"), h.cut(h.active, ...NETWORKS)]);
      await h.wait(3);
      await h.noService(17);
      await Promise.all([h.join(h.witness, "service"), h.join(h.active, ...NETWORKS)]);
      h.device("broken");
    },
  ),
];
