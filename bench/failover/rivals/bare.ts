import path from "node:path";
import type { NodeOutput } from "../../../components/nfsCluster";
import { quote } from "../../../components/render/shell";
import { applyVm, removeVm } from "../../../lab/apply";
import { applyIdentity, removeIdentity } from "../../../lab/identity";
import { running } from "../../../lab/machines/choice";
import { nodes, stackDir } from "../../../lab/paths";
import { lanAddress, macAddress, reservePorts } from "../../../lab/ports";
import type { VmSpec } from "../../../lab/spec";
import { startNode, stopNode } from "../../../lab/vm";
import type { Nodes } from "../../../scripts/nodes";
import { CLIENT, CLIENT_MEMORY, DISK, MASTER_MEMORY } from "../machines";

export const MASTERS = ["m1", "m2"] as const;
export type Master = (typeof MASTERS)[number];

/** The bare machines' addresses: those that a stack of ours has by default. */
export const SERVICE = { m1: "10.10.1.11", m2: "10.10.1.12", client: CLIENT };
export const LINK = { m1: "10.10.2.11", m2: "10.10.2.12" };

const NAMES = [...MASTERS, "client"] as const;

function specOf(stack: string, name: (typeof NAMES)[number], sshPort: number): VmSpec {
  const addresses = { service: SERVICE[name], ...(name === "client" ? {} : { link: LINK[name] }) };
  return {
    ...{ stack, name, sshPort, cpus: 1 },
    memoryMiB: name === "client" ? CLIENT_MEMORY : MASTER_MEMORY,
    dataDiskMiB: name === "client" ? 0 : DISK,
    nics: Object.entries(addresses).map(([role, address], i) => ({
      ...{ role, device: `eth${i + 1}`, address: `${address}/24` },
      ...{ mac: macAddress(stack, name, role), group: lanAddress(stack, role) },
    })),
    hosts: NAMES.map((each) => ({ name: each, address: SERVICE[each] })),
    ...(name === "client" ? {} : { fences: MASTERS.filter((master) => master !== name) }),
  };
}

/** Machines of the lab as a stack of ours has them, with blank disks and nothing of ours on them. */
export async function makeBare(stack: string): Promise<Nodes> {
  await removeBare(stack);
  const ports = reservePorts(stack, [...NAMES], { persist: true });
  for (const node of NAMES) await applyIdentity({ stack, node });
  const made = await Promise.all(NAMES.map((name) => applyVm(specOf(stack, name, ports[name] ?? 0))));
  const config = quote(path.join(stackDir(stack), "ssh_config"));
  const output = ({ node, sshPort }: (typeof made)[number]): [string, NodeOutput] => [
    node,
    {
      role: node === "client" ? "client" : "master",
      serviceAddress: SERVICE[node as keyof typeof SERVICE],
      managementAddress: `127.0.0.1:${sshPort}`,
      sshCommand: `ssh -F ${config} ${node}`,
    },
  ];
  return Object.fromEntries(made.map(output));
}

/** Takes them away, with their disks. */
export async function removeBare(stack: string): Promise<void> {
  for (const node of nodes(stack)) {
    await removeVm({ stack, node });
    await removeIdentity({ stack, node });
  }
}

/**
 * Powers all machines of a stack on or off: those of another one must not take the processors.
 *
 * @returns whether one was not so already
 */
export async function power(stack: string, on: boolean): Promise<boolean> {
  const others = nodes(stack).filter((node) => (running(stack, node) !== undefined) !== on);
  await Promise.all(others.map((node) => (on ? startNode : stopNode)(stack, node)));
  return others.length > 0;
}
