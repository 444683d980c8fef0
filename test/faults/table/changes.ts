import { Manager } from "../../../components/enums";
import { READER, type Settings, WRITER } from "../configuration";
import type { Fault } from "../fault";
import type { Hands } from "../hands";
import { fault, move } from "./steps";

/** Seconds that a change may keep the clients waiting, and one that moves the service. */
const IN_PLACE = 2;
const BY_A_MOVE = 5;

const MASTER = {
  m1: "{ name: m1, serviceAddress: 10.10.1.11, linkAddress: 10.10.2.11 }",
  m2: "{ name: m2, serviceAddress: 10.10.1.12, linkAddress: 10.10.2.12 }",
  m3: "{ name: m3, serviceAddress: 10.10.1.15, linkAddress: 10.10.2.15 }",
};

/** A change of the configuration under load, and back. */
function change(name: string, settings: Settings, stall = IN_PLACE, manager?: Manager): Fault {
  return fault(name, "changes", { modes: ["both"], stall, ...(manager && { manager }) }, async (h) => {
    await h.change(settings);
    await h.change({});
  });
}

/** A change for which both guests need what they get at a start: each is refused until it has been started anew. */
async function withRestarts(h: Hands, settings: Settings, nodes: readonly [string, string]): Promise<void> {
  for (const node of nodes) {
    await refused(h.change(settings), new RegExp(`npm run lab -- restart ${node}`));
    if (node === nodes[1]) await move(h, node);
    await h.restart(node);
    if (!(await h.redundant(60))) throw new Error(`not redundant after ${node}'s restart`);
  }
  await h.change(settings);
}

async function refused(change: Promise<void>, words: RegExp): Promise<void> {
  const said = await change.then(
    () => "it was done",
    (error: Error) => error.message,
  );
  if (!words.test(said)) throw new Error(`not refused as it should be: ${said}`);
}

/** What a person changes in the configuration of a pair that serves. */
export const changes: readonly Fault[] = [
  change("an export added, and removed", { shares: "[{ name: data }, { name: more }]" }),
  fault("an export renamed", "changes", { modes: ["both"], stall: IN_PLACE }, async (h) => {
    await h.change({ shares: "[{ name: data }, { name: more }]" });
    await h.change({ shares: "[{ name: data }, { name: other }]" });
  }),
  change("an export read-only for a network", {
    shares: "[{ name: data, clients: [{ from: 10.10.1.0/24 }, { from: 10.99.0.0/16, access: ro }] }]",
  }),
  change("heartbeat.deadtime", { heartbeat: "{ deadtime: 4s, warntime: 2s }" }, IN_PLACE, Manager.Heartbeat),
  change("heartbeat.keepalive", { heartbeat: "{ keepalive: 300ms }" }, IN_PLACE, Manager.Heartbeat),
  change("heartbeat.udpPort", { heartbeat: "{ udpPort: 700 }" }, IN_PLACE, Manager.Heartbeat),
  change("heartbeat.transport", { heartbeat: "{ transport: mcast }" }, IN_PLACE, Manager.Heartbeat),
  change("heartbeat.autoFailback", { heartbeat: "{ autoFailback: true }" }, BY_A_MOVE, Manager.Heartbeat),
  change(
    "keepalived.advert and routerId",
    { keepalived: "{ advert: 200ms, routerId: 77 }" },
    IN_PLACE,
    Manager.Keepalived,
  ),
  change("pacemaker.token and port", { pacemaker: "{ token: 2s, port: 5415 }" }, IN_PLACE, Manager.Pacemaker),
  ...[Manager.Keepalived, Manager.Pacemaker].map((to) =>
    change(`the manager: ${to}`, { manager: to }, IN_PLACE, Manager.Heartbeat),
  ),
  change("timing", { timing: "patient" }),
  fault("replicationNetwork added", "changes", { modes: ["both"], stall: BY_A_MOVE }, async (h) => {
    await withRestarts(h, { replicationNetwork: "10.10.3.0/24" }, [h.standby, h.active]);
    await h.change({});
  }),
  fault("prefix of the service network", "changes", { modes: ["both"], stall: BY_A_MOVE }, async (h) => {
    const masters = `[${MASTER.m1}, ${MASTER.m2}]`; // by default they go by the network's start
    await withRestarts(h, { serviceNetwork: "10.10.0.0/23", masters }, [h.standby, h.active]);
    await withRestarts(h, {}, [h.active, h.standby]);
  }),
  change("drbd.port", { drbd: "{ port: 7799 }" }),
  change("drbd.verifyAlg and resyncMaxRateMiB", { drbd: "{ verifyAlg: sha256, resyncMaxRateMiB: 50 }" }),
  // the writer goes on at the old address
  change("vip", { vip: "10.10.1.110", vipAliases: "[10.10.1.100]" }),
  change(
    "nfs.threads and leaseSeconds",
    { nfs: "{ threads: 16, leaseSeconds: 15, graceSeconds: 15 }" },
    BY_A_MOVE,
  ),
  fault("secrets rotated under load", "7.10, changes", { modes: ["both", "neither"], stall: IN_PLACE }, (h) =>
    h.rotateSecrets(),
  ),
  change("fencing.silence", { fencing: `{ witness: ${READER}, silence: 600ms }` }),
  change("witness", { fencing: `{ witness: ${WRITER} }` }),
  // the one that stays has the service, and the other one is off: anything else is refused
  fault("a master replaced", "changes", { modes: ["both"], shots: 2 }, async (h) => {
    if (h.active !== "m1") await move(h, h.active);
    await h.redundant(60);
    await h.kill("m2");
    await h.service(30);
    await h.change({ masters: `[${MASTER.m1}, ${MASTER.m3}]` });
    await h.kill("m3");
    await h.service(30);
    await h.change({});
  }),
  // what is left of the change comes to the dead one at the next up
  fault("a change without a dead master", "changes", { modes: ["both"] }, async (h) => {
    if (h.active !== "m1") await move(h, h.active);
    await h.redundant(60);
    const shares = { shares: "[{ name: data }, { name: more }]" };
    await h.kill("m1");
    await h.service(30);
    await h.changeWithout("m1", shares);
    await h.start("m1");
    await h.redundant(60);
    await h.change(shares);
    await h.change({});
  }),
  change("the masters in the other order", { masters: `[${MASTER.m2}, ${MASTER.m1}]` }, BY_A_MOVE),
];
