import { Manager } from "../../../components/enums";
import { WRITER_ADDRESS } from "../configuration";
import { type Fault, modes } from "../fault";
import { cutFor, fault, killActive, loseAddress, move, netemFor, NETWORKS, pauseFor } from "./steps";

const KILLED_AFTER = [0, 0.5, 1, 1.3, 1.5, 3, 20];
const PAUSES = [0.5, 1, 1.4, 1.6, 3, 20];
/** Both masters, each in its part. */
const PARTS = ["active", "standby"] as const;

/** Whole machines and their networks. */
export const machines: readonly Fault[] = [
  fault("active killed", "5.5, ha 1", { modes, shots: 1, quick: true }, killActive),
  fault("standby killed", "5.5", { shots: 1, quick: true }, async (h) => {
    await h.kill(h.standby);
    await h.service(30);
    await h.start(h.standby);
  }),
  fault("active panics", "ha 2", { shots: 1 }, async (h) => {
    await h.panic(h.active);
    await h.wait(2);
    await h.service(60);
  }),
  ...PARTS.map((who) =>
    fault(`${who} reboots`, "5.5, 7.12", { quick: who === "active" }, async (h) => {
      await h.reboot(h[who]);
      await h.wait(5);
      await h.service(60);
    }),
  ),
  fault("planned move", "7.12, ha 4", { modes, quick: true }, (h) => move(h, h.active)),
  fault("planned move and back within one grace", "ha 26", {}, async (h) => {
    await move(h, h.active);
    await move(h, h.standby);
  }),
  fault("50 planned moves", "7.12", { modes: ["both"] }, async (h) => {
    for (let i = 0; i < 50; i++) {
      await move(h, i % 2 === 0 ? h.active : h.standby);
      if (!(await h.redundant(60))) throw new Error(`not redundant after move ${i + 1}`);
    }
  }),
  fault("a client dies, then the active", "ha 24", { modes: ["device"], shots: 1 }, async (h) => {
    await h.kill(h.witness);
    await killActive(h);
    await h.start(h.witness);
  }),

  // one network
  ...KILLED_AFTER.map((time) => {
    const more = { shots: 1, quick: time === 3, ...(time >= 3 && { modes }) };
    return fault(`link cut, active killed ${time} s later`, "5.5, 7.2, ha 6", more, async (h) => {
      await h.cut(h.active, "link");
      await h.wait(time);
      await killActive(h);
    });
  }),
  fault("link cut and back, active killed", "5.5", { shots: 1 }, async (h) => {
    await cutFor(h, h.active, 5, "link");
    await h.redundant(60);
    await killActive(h);
  }),
  ...PARTS.flatMap((who) => [
    fault(`link cut from the ${who} 20 s`, "ha 5, ha 7", { quick: who === "active" }, (h) =>
      cutFor(h, h[who], 20, "link"),
    ),
    fault(`service network cut from the ${who} 30 s`, "ha 12", who === "active" ? { modes } : {}, (h) =>
      cutFor(h, h[who], 30, "service"),
    ),
    fault(`link address away from the ${who} 15 s`, "5.5, 7.9", who === "standby" ? { modes } : {}, (h) =>
      loseAddress(h, h[who]),
    ),
    fault(`link takes nothing from the ${who} 20 s`, "7.13, ha 10", {}, (h) =>
      netemFor(h, h[who], "loss 100%", "link"),
    ),
  ]),
  // without a witness a master knows by its ping node that the cut cable is its own
  fault(
    "service network cut from the active 30 s, with a ping node",
    "ha 12",
    { modes: ["device", "neither"], stall: 25, manager: Manager.Heartbeat },
    async (h) => {
      await h.change({ heartbeat: `{ pingNodes: [${WRITER_ADDRESS}] }` });
      await cutFor(h, h.active, 30, "service");
      await h.change({});
    },
  ),
  fault("link address away from both 15 s", "7.9", {}, (h) =>
    Promise.all([loseAddress(h, h.active), loseAddress(h, h.standby)]),
  ),
  fault("link 200 ms late, out of order, 20 s", "7.13, ha 11", {}, (h) =>
    netemFor(h, h.active, "delay 200ms 50ms reorder 25%", "link"),
  ),

  // both networks: one side goes on, by proof
  ...[5, 40].map((time) =>
    fault(
      `both networks cut from the active ${time} s`,
      "5.5, 7.4, ha 8",
      { modes, shots: 1, quick: time === 5 },
      (h) => cutFor(h, h.active, time, ...NETWORKS),
    ),
  ),
  fault("both networks cut from the standby 40 s", "5.5, ha 8", { shots: 1 }, (h) =>
    cutFor(h, h.standby, 40, ...NETWORKS),
  ),
  fault("both networks take nothing from the active 20 s", "7.13, ha 10", { shots: 1 }, (h) =>
    netemFor(h, h.active, "loss 100%", ...NETWORKS),
  ),
  fault("10 % loss on both networks 20 s", "7.13, ha 11", {}, (h) =>
    netemFor(h, h.active, "loss 10%", ...NETWORKS),
  ),

  // machines that stand still
  ...PAUSES.map((time) => {
    const more = { shots: 1, ...(time === 20 && { modes, quick: true }) };
    return fault(`active paused ${time} s`, "5.5, 7.3, ha 3", more, (h) => pauseFor(h, h.active, time));
  }),
  fault("standby paused 20 s", "5.5", { shots: 1, quick: true }, (h) => pauseFor(h, h.standby, 20)),
];
