import * as pulumi from "@pulumi/pulumi";
import { Access, Host, NfsCluster, type NfsClusterArgs, NicRole, Squash } from "../../components";

/** A host that exists, with addresses that end in `n`. */
export function host(name: string, n: number, opts: pulumi.ComponentResourceOptions): Host {
  return new Host(
    name,
    {
      ssh: {
        host: "192.0.2.1",
        port: 22,
        user: "root",
        privateKey: pulumi.secret("PRIVATE"),
        hostKey: "ssh-ed25519 AAAA",
      },
      nics: {
        [NicRole.Service]: { device: "eth1", address: `10.10.1.${n}/24` },
        [NicRole.Link]: { device: "eth2", address: `10.10.2.${n}/24` },
      },
      managementAddress: "192.0.2.1",
      sshCommand: `ssh ${name}`,
      dataDisk: "/dev/vdb",
    },
    opts,
  );
}

/** A cluster of the masters m1 and m2 with one share. */
export function buildCluster(
  opts: pulumi.ComponentResourceOptions,
  more: Partial<NfsClusterArgs> = {},
): NfsCluster {
  const client = {
    from: "10.10.1.0/24",
    access: Access.ReadWrite,
    squash: Squash.Root,
    anonUid: 65534,
    anonGid: 65534,
  };
  return new NfsCluster(
    "nfs",
    {
      masters: [host("m1", 11, opts), host("m2", 12, opts)],
      vip: "10.10.1.100",
      shares: [{ name: "data", clients: [client] }],
      ...more,
    },
    opts,
  );
}
