import { ConfigError, parseConfig } from "../../config";

/** What a lab needs: everything else has a default. */
export const lab = { vip: "10.10.1.100" };

/** A cluster on machines that exist. */
export const hosts = {
  platform: "hosts",
  vip: "10.10.1.100",
  masters: [host(1), host(2)],
  sshPrivateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----",
};

export function host(n: number) {
  return {
    name: `m${n}`,
    serviceAddress: `10.10.1.1${n}`,
    linkAddress: `10.10.2.1${n}`,
    hostKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${String(n).repeat(43)} root@m${n}`,
    serviceDevice: "eth0",
    linkDevice: "eth1",
    dataDisk: `/dev/disk/by-id/wwn-${n}`,
  };
}

/** The error lines for `raw`, without the namespace; none if it is valid. */
export function errors(raw: Record<string, unknown>): string[] {
  try {
    parseConfig(raw);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.errors.map((text) => text.replace(/^ha-nfs:/, ""));
    throw error;
  }
}
