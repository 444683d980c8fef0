import type { ClusterConfig, CommonConfig, MasterConfig } from "./config";
import { Platform } from "./config";
import { ExistingHosts, type Host, Lab, type Nic, NicRole } from "./components";

/** The hosts of a stack, whichever platform they come from. */
export interface Hosts {
  readonly masters: readonly [Host, Host];
  readonly clients: readonly Host[];
}

/** Makes the hosts that the configuration asks for, or finds them. */
export function createHosts(config: ClusterConfig): Hosts {
  const { connectTimeoutSeconds } = config;
  const [first, second] = config.masters;
  switch (config.platform) {
    case Platform.Lab: {
      const { masterMemoryMiB, clientMemoryMiB, dataDiskMiB } = config.lab;
      const master = (m: MasterConfig) => ({
        name: m.name,
        nics: nics(config, m),
        memoryMiB: masterMemoryMiB,
        dataDiskMiB,
      });
      return new Lab("lab", {
        masters: [master(first), master(second)],
        clients: config.lab.clients.map(({ name, serviceAddress }) => ({
          name,
          nics: { [NicRole.Service]: nic("eth1", serviceAddress, config.serviceNetwork) },
          memoryMiB: clientMemoryMiB,
        })),
        connectTimeoutSeconds,
      });
    }
    case Platform.Hosts: {
      const { sshPrivateKey: privateKey } = config;
      const master = (m: (typeof config.masters)[0]) => ({
        name: m.name,
        ssh: { host: m.sshHost, port: m.sshPort, user: m.sshUser, hostKey: m.hostKey, privateKey },
        nics: nics(config, m),
        dataDisk: m.dataDisk,
      });
      return new ExistingHosts("hosts", {
        masters: [master(config.masters[0]), master(config.masters[1])],
        connectTimeoutSeconds,
      });
    }
  }
}

function nic(device: string, address: string, network: string): Nic {
  return { device, address: `${address}/${network.split("/")[1]}` };
}

function nics(config: CommonConfig, m: MasterConfig): Partial<Record<NicRole, Nic>> {
  const { replicationDevice, replicationAddress } = m;
  return {
    [NicRole.Service]: nic(m.serviceDevice, m.serviceAddress, config.serviceNetwork),
    [NicRole.Link]: nic(m.linkDevice, m.linkAddress, config.linkNetwork),
    ...(config.replicationNetwork && replicationDevice && replicationAddress
      ? { [NicRole.Replication]: nic(replicationDevice, replicationAddress, config.replicationNetwork) }
      : {}),
  };
}
