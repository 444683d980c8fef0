import { BlockList } from "node:net";

/** Debian's name of an instance type's processor: of AWS's own there is a g behind the generation, as in m7g.large. */
export function architecture(instanceType: string): "amd64" | "arm64" {
  return /^([a-z]+\d+[a-z]*g[a-z]*[.-]|a1\.)/.test(instanceType) ? "arm64" : "amd64";
}

/** Where a volume is on its instance: the kernel's own names of NVMe disks change from boot to boot. */
export function volumePath(volumeId: string): string {
  return `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volumeId.replace("-", "")}`;
}

/** Whether an IPv4 address is in a network in CIDR form. */
export function isInside(network: string, address: string): boolean {
  const [first = "", prefix = "32"] = network.split("/");
  const list = new BlockList();
  list.addSubnet(first, Number(prefix));
  return list.check(address);
}
