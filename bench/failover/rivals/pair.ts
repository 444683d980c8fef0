import { mountAdvice } from "../../../components/render/nfs";
import type { NodeOutput, ShareOutput } from "../../../components/nfsCluster";
import { startNode } from "../../../lab/vm";
import { tar } from "../../../lab/seed";
import type { Nodes } from "../../../scripts/nodes";
import type { Pair } from "../../../scripts/pair";
import { onNode } from "../../../scripts/remote";
import { VIP } from "../machines";
import { type Master, MASTERS } from "./bare";
import { conditionOf, question } from "./condition";
import { DEVICE, RESOURCE } from "./drbd";
import type { Rival } from "./rival";

/** Milliseconds that a command of the set-up may take. */
const LIMIT_MS = 180_000;
/** Seconds in which the address must have moved. */
const MOVE_LIMIT = 300;

/** Makes bare machines a pair of this kind. */
export async function install(rival: Rival, nodes: Nodes): Promise<void> {
  const on = (master: Master, command: string, stdin = "") =>
    onNode(nodes[master] as NodeOutput, `set -eu; export LC_ALL=C; ${command}`, LIMIT_MS, stdin);
  const both = (command: string) => Promise.all(MASTERS.map((master) => on(master, command)));
  const [first] = MASTERS;
  await Promise.all(
    MASTERS.map((master) => on(master, "tar -C / -xf -", tar(rival.files(master)).toString())),
  );
  await both(
    `mkdir -p ${rival.volume}; modprobe drbd; drbdadm create-md --force ${RESOURCE}; drbdadm up ${RESOURCE}`,
  );
  await on(
    first,
    `drbdadm wait-connect ${RESOURCE}; drbdadm new-current-uuid --clear-bitmap ${RESOURCE}/0
    drbdadm primary ${RESOURCE}; mkfs.ext4 -q ${DEVICE}; mount ${DEVICE} ${rival.volume}
    mkdir -p ${rival.share}; chmod 1777 ${rival.share}; ${rival.fill ?? ":"}
    umount ${rival.volume}; drbdadm secondary ${RESOURCE}`,
  );
  await both(rival.start);
  if (rival.load) await on(first, rival.load);
}

/** The pair of the machines that have been made so. */
export function pairOf(rival: Rival, stack: string, nodes: Nodes): Pair {
  const { client, ...masters } = nodes as Record<Master | "client", NodeOutput>;
  const on = (master: string, command: string, limit?: number) =>
    onNode(masters[master as Master], command, limit);
  const { options: mountOptions, command: mountCommand, fstab } = mountAdvice(VIP, rival.share, "data");
  const share: ShareOutput = { server: VIP, path: rival.share, mountOptions, mountCommand, fstab };
  return {
    ...{ stack, client, masters, shares: { data: share } },
    condition: async () => {
      const answers = MASTERS.map(async (master) => {
        const answer = on(master, question(rival.settled(master))).catch((error: Error) => error);
        return [master, await answer] as const;
      });
      return conditionOf(Object.fromEntries(await Promise.all(answers)));
    },
    handOver: async (from, to) => {
      await on(from, rival.handOver(from as Master, to as Master), LIMIT_MS);
      // once a second on one of them: little of what it has to do meanwhile
      const arrived = `until [ "$(ip -4 -o address show to ${VIP})" ]; do sleep 1; done`;
      await on(to, arrived, MOVE_LIMIT * 1000);
      if (rival.handedOver) await on(to, rival.handedOver(to as Master), LIMIT_MS);
    },
    bringBack: async (master) => {
      await startNode(stack, master);
      if (rival.rejoin) await on(master, rival.rejoin, LIMIT_MS);
    },
    account: () => Promise.resolve([]),
  };
}
