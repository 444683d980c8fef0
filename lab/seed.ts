import { management } from "./guest";
import type { VmSpec } from "./spec";

/** A file of the seed, as the guest gets it, owned by root. */
export interface SeedFile {
  /** Without the leading /. A directory ends with /. */
  path: string;
  mode: number;
  content: string;
}

/** What a node unpacks into its root at every boot: its name, addresses and keys. */
export function seedFiles(spec: VmSpec, keys: { hostPrivateKey: string; publicKey: string }): SeedFile[] {
  const hosts = [{ address: "127.0.0.1", name: "localhost" }, ...spec.hosts];
  return [
    { path: "etc/hostname", mode: 0o644, content: `${spec.name}\n` },
    {
      path: "etc/hosts",
      mode: 0o644,
      content: hosts.map(({ address, name }) => `${address} ${name}\n`).join(""),
    },
    { path: "etc/lab/network.sh", mode: 0o644, content: networkScript(spec) },
    { path: "etc/ssh/ssh_host_ed25519_key", mode: 0o600, content: keys.hostPrivateKey },
    { path: "root/.ssh/", mode: 0o700, content: "" },
    { path: "root/.ssh/authorized_keys", mode: 0o600, content: `${keys.publicKey}\n` },
  ];
}

/** Plain addresses and no daemon that minds them, so that a lost carrier changes none. */
function networkScript({ nics }: VmSpec): string {
  const all = [{ device: "eth0", address: `${management.guest}/${management.prefix}` }, ...nics];
  return `tries=0
for device in ${all.map(({ device }) => device).join(" ")}; do
	until [ -e "/sys/class/net/$device" ]; do
		tries=$((tries + 1))
		[ "$tries" -le 600 ] || { echo "$device has not appeared in 60 s" >&2; break; }
		sleep 0.1
	done
done
ip -force -batch - <<'END'
link set lo up
${all.map(({ device, address }) => `address replace ${address} dev ${device}\nlink set ${device} up\n`).join("")}END
`;
}

/** A tar archive (ustar) of files owned by root, a whole number of tar's 10 KiB records long. */
export function tar(files: SeedFile[]): Buffer {
  const blocks = files.flatMap((file) => {
    const content = Buffer.from(file.content);
    return [tarHeader(file, content.length), content, Buffer.alloc(-content.length & 511)];
  });
  const size = blocks.reduce((sum, block) => sum + block.length, 0);
  return Buffer.concat(blocks, Math.ceil((size + 1024) / 10240) * 10240);
}

function tarHeader({ path, mode }: SeedFile, size: number): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number) => value.toString(8).padStart(width, "0");
  header.write(path, 0, 100);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(0, 11), 136);
  header.write(path.endsWith("/") ? "5" : "0", 156);
  header.write("ustar\x0000", 257);
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}
