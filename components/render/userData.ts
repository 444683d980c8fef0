import type { SshKey } from "./sshKey";

export interface UserData {
  /** The host's name, which `uname -n` is to say. */
  name: string;
  /** Login, with sudo and without a password. */
  user: string;
  /** One line of authorized_keys. */
  authorizedKey: string;
  /** By which the host is known. */
  hostKey: SshKey;
}

/** Instance metadata has the host key and the role's credentials: for root alone. */
const IMDS_RULES = `# made by ha-nfs
destroy table inet ha-nfs-imds
table inet ha-nfs-imds {
  chain output {
    type filter hook output priority filter
    ip daddr 169.254.169.254 meta skuid != 0 reject
  }
}
`;

const IMDS_UNIT = `# made by ha-nfs
[Unit]
Description=Instance metadata for root alone
Before=network-pre.target
Wants=network-pre.target
DefaultDependencies=no

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/ha-nfs-imds.nft

[Install]
WantedBy=sysinit.target
`;

/**
 * What an instance needs before SSH reaches it, for cloud-init: its name, its host key, the login. JSON is YAML too, and
 * quotes itself.
 */
export function userData({ name, user, authorizedKey, hostKey }: UserData): string {
  const config = {
    hostname: name,
    fqdn: name,
    prefer_fqdn_over_hostname: true,
    manage_etc_hosts: "localhost",
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
    users: [
      {
        name: user,
        shell: "/bin/bash",
        lock_passwd: true,
        sudo: "ALL=(ALL) NOPASSWD:ALL",
        ssh_authorized_keys: [authorizedKey],
      },
    ],
    disable_root: true,
    ssh_pwauth: false,
    packages: ["nftables"],
    write_files: [
      { path: "/etc/ha-nfs-imds.nft", content: IMDS_RULES },
      { path: "/etc/systemd/system/ha-nfs-imds.service", content: IMDS_UNIT },
    ],
    runcmd: [["systemctl", "enable", "--now", "ha-nfs-imds.service"]],
  };
  return `#cloud-config\n${JSON.stringify(config, undefined, 2)}\n`;
}
