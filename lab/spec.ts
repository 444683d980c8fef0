import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../toolchain/process";
import { MachineType } from "./machines/type";
import { nodeDir, nodes, stackDir, stacks } from "./paths";
import { writeWhole } from "./support";

/** One NIC on a LAN of the stack. */
export interface NicSpec {
  /** What the NIC is for: `service`, `link`, … Names it in link-down and link-up. */
  role: string;
  /** The guest's name of it: `eth1` for the first, `eth2` for the second, and so on. */
  device: string;
  /** Locally administered, unicast, as `02:1f:…`. See `macAddress` in ports.ts. */
  mac: string;
  /** The LAN under QEMU: the multicast group and UDP port that its members share. See `lanAddress` in ports.ts. */
  group: string;
  /** IPv4 address with prefix length, as `10.10.1.11/24`. */
  address: string;
}

/** A virtual machine. Its management NIC, `eth0` behind the SSH forward, is not listed. */
export interface VmSpec {
  /** The Pulumi stack it belongs to. */
  stack: string;
  /** Host name, and the name of its directory. */
  name: string;
  /** RAM in MiB, 256 or more. */
  memoryMiB: number;
  /** Virtual CPUs, 1 to 16. */
  cpus: number;
  /** TCP port on 127.0.0.1 of the operator's machine that leads to its sshd. See `reservePorts` in ports.ts. */
  sshPort: number;
  nics: NicSpec[];
  /** Size of the data disk in MiB, 0 for none. A disk that exists is grown, never shrunk or remade. */
  dataDiskMiB: number;
  /** What goes into /etc/hosts. */
  hosts: { name: string; address: string }[];
  /** The nodes of the stack that its fence device has power over. Default: none, and no device. */
  fences?: string[] | undefined;
  /** What shall execute it. Default: see `chooseMachine`. */
  machine?: MachineType | undefined;
  /** The image to make its root disk from (the hash in its name). Default: that of lab/image as it is now. */
  image?: string | undefined;
}

const stackName = z.string().regex(/^[A-Za-z0-9_][\w.-]*$/, "must be letters, digits, _ - or .");
const hostName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, "must be a host name: a to z, 0 to 9 and -, at most 31, a letter first");
const port = z.int().min(1024).max(65535);
const group = /^2(2[4-9]|3\d)(\.\d{1,3}){3}:\d{4,5}$/;

const nicSchema: z.ZodType<NicSpec> = z.object({
  role: z.string().regex(/^[a-z][a-z0-9-]*$/, "must be a to z, 0 to 9 and -, a letter first"),
  device: z.string(),
  mac: z
    .string()
    .regex(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/, "must be a locally administered unicast MAC, lower case"),
  group: z.string().regex(group, "must be a multicast group and a port, as 239.1.2.3:20000"),
  address: z.cidrv4("must be an IPv4 address with its prefix length, as 10.10.1.11/24"),
});

const vmSchema: z.ZodType<VmSpec> = z
  .object({
    stack: stackName,
    name: hostName,
    memoryMiB: z.int().min(256),
    cpus: z.int().min(1).max(16),
    sshPort: port,
    nics: z.array(nicSchema),
    dataDiskMiB: z.int().min(0),
    hosts: z.array(z.object({ name: z.string().regex(/^\S+$/, "must be a name"), address: z.ipv4() })),
    fences: z.array(hostName).optional(),
    machine: z.enum(MachineType).optional(),
    image: z.string().optional(),
  })
  .superRefine(({ nics }, context) => {
    nics.forEach(({ device, role }, index) => {
      const refuse = (key: keyof NicSpec, message: string) =>
        context.addIssue({ code: "custom", path: ["nics", index, key], message });
      if (device !== `eth${index + 1}`)
        refuse("device", `must be eth${index + 1}: NICs are named in their order`);
      if (nics.findIndex((nic) => nic.role === role) !== index)
        refuse("role", "is the role of another NIC too");
    });
  });

/** A node of a stack, all that `identity apply|remove` and `vm remove` need. */
export interface NodeName {
  stack: string;
  node: string;
}

const nodeSchema: z.ZodType<NodeName> = z.object({ stack: stackName, node: hostName });

/** Checks a VmSpec that came from outside. Throws one UserError that names every wrong key and what it got. */
export function parseVmSpec(input: unknown): VmSpec {
  return parse(vmSchema, "VM spec", input);
}

/** Checks `{stack, node}`, or the `{stack, name}` of any VmSpec, also one that is no longer valid otherwise. */
export function parseNodeName(input: unknown): NodeName {
  const { name, ...rest } = Object(input) as { name?: unknown };
  return parse(nodeSchema, "node", { node: name, ...rest });
}

function parse<T>(schema: z.ZodType<T>, what: string, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => {
    const got = path.reduce<unknown>(
      (value, key) => (Object(value) as Record<PropertyKey, unknown>)[key],
      input,
    );
    return `  ${path.join(".") || what}: ${message}, got ${JSON.stringify(got)}`;
  });
  throw new UserError(`invalid ${what}:\n${lines.join("\n")}`);
}

/** Names what a VM that runs was started with; not by image or type, as what it has of both stays until all stop. */
export function specHash(spec: VmSpec): string {
  const parsed = parseVmSpec({ ...spec, image: undefined, machine: undefined });
  return createHash("sha256").update(JSON.stringify(parsed)).digest("hex").slice(0, 12);
}

export function writeSpec(spec: VmSpec): void {
  writeWhole(join(nodeDir(spec.stack, spec.name), "spec.json"), `${JSON.stringify(spec, undefined, 2)}\n`);
}

/** The spec of a node that exists. An unknown stack or node is a UserError that names those there are. */
export function readSpec(stack: string, node: string): VmSpec {
  const file = join(nodeDir(stack, node), "spec.json");
  if (!existsSync(file)) {
    const known = existsSync(stackDir(stack)) ? nodes(stack) : undefined;
    if (!known) throw new UserError(`no stack ${stack} in this lab; there is: ${listed(stacks())}`);
    throw new UserError(`no node ${node} in stack ${stack}; there is: ${listed(known)}`);
  }
  return parseVmSpec(JSON.parse(readFileSync(file, "utf8")));
}

/** The names in one line, or `none`. */
export function listed(names: string[]): string {
  return names.join(", ") || "none";
}
