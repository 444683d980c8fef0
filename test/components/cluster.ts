import * as pulumi from "@pulumi/pulumi";
import { Access, type HostArgs, NfsCluster, type NfsClusterArgs, Squash } from "../../components";

/** A host that exists, with addresses that end in `n`. */
export function host(name: string, n: number): HostArgs {
  return {
    ssh: { host: "192.0.2.1", privateKey: pulumi.secret("PRIVATE"), hostKey: "ssh-ed25519 AAAA" },
    nics: {
      service: { device: "eth1", address: `10.10.1.${n}/24` },
      link: { device: "eth2", address: `10.10.2.${n}/24` },
    },
    sshCommand: `ssh ${name}`,
    dataDisk: "/dev/vdb",
  };
}

/** A cluster of the masters m1 and m2 with one share, and more hosts by name. */
export function buildCluster(
  opts: pulumi.ComponentResourceOptions,
  { hosts = {}, ...more }: Partial<NfsClusterArgs> = {},
  name = "nfs",
): NfsCluster {
  const client = {
    from: "10.10.1.0/24",
    access: Access.ReadWrite,
    squash: Squash.Root,
    anonUid: 65534,
    anonGid: 65534,
  };
  return new NfsCluster(
    name,
    {
      hosts: name === "nfs" ? { m1: host("m1", 11), m2: host("m2", 12), ...hosts } : hosts,
      masters: ["m1", "m2"],
      vip: "10.10.1.100",
      shares: [{ name: "data", clients: [client] }],
      ...more,
    },
    opts,
  );
}
