import { randomBytes } from "node:crypto";
import path from "node:path";
import type { ShareOutput } from "../../components/nfsCluster";
import { quote } from "../../components/render/shell";
import { REPLICATOR } from "../../components/render/replication";
import { sshKey } from "../../components/render/sshKey";
import { onNode } from "../../scripts/remote";
import { notice } from "../../toolchain/process";
import type { Cluster, Machine } from "./cluster";
import {
  COPY,
  KEY_COMMENT,
  LSYNCD_UNIT,
  MOUNT,
  OUR_UNIT,
  RUN,
  SSH_CONFIG,
  WORK,
  WRITER_UNIT,
} from "./places";

const key = sshKey(randomBytes(32).toString("hex"), KEY_COMMENT);

/** The same ciphers as ours has (components/render/replication.ts). */
const sshConfig = `Include ${REPLICATOR}/ssh.d/*.conf
Host *
User root
IdentityFile ${RUN}/key
IdentitiesOnly yes
BatchMode yes
StrictHostKeyChecking yes
HostKeyAlgorithms ssh-ed25519
Ciphers aes128-gcm@openssh.com,chacha20-poly1305@openssh.com
`;

const SLAVES = `${REPLICATOR}/slaves`;
/** Replicas that ours must not send to meanwhile: lsyncd does not either. */
const HELD = `${REPLICATOR}/bench-held`;
const DROP_IN = `/run/systemd/system/${OUR_UNIT}.d/ha-nfs-bench.conf`;
/** While it is there, nobody starts our daemon. */
const STOPPED = `${RUN}/stopped`;
const AUTHORIZED = "~/.ssh/authorized_keys";
const DROP_QUEUE = `systemctl clean --what=fdstore ${OUR_UNIT}`;
const QUEUES = "fs.inotify.max_queued_events fs.fanotify.max_queued_events";

/** Prints a machine's time, seconds since 1970. */
export const TIME = "date +%s.%6N";

const TRIES = 3;
const CLEAN_LIMIT_MS = 900_000;

/** Removes from all nodes what a run leaves there, and has ours running again, to all replicas. Says what it can't. */
export async function clean(cluster: Cluster, share: ShareOutput): Promise<void> {
  const client = `systemctl stop ${WRITER_UNIT} 2>/dev/null
    ! mountpoint -q ${MOUNT} || umount ${MOUNT} || umount -f -l ${MOUNT}; rm -rf ${RUN}`;
  const master = `systemctl stop ${LSYNCD_UNIT} ${WRITER_UNIT} 2>/dev/null
    ! [ -e ${RUN}/queues ] || sysctl -qp ${RUN}/queues
    rm -rf ${DROP_IN} ${RUN}; systemctl daemon-reload
    ! mountpoint -q ${path.dirname(share.path)} || rm -rf ${quote(`${share.path}/${WORK}`)}
    if [ -e ${HELD} ]; then mv ${HELD}/* ${SLAVES}/; rmdir ${HELD}; systemctl reload ${OUR_UNIT} 2>/dev/null; fi
    systemctl start ${OUR_UNIT}`;
  const slave = `! [ -e ${AUTHORIZED} ] || sed -i '/ ${KEY_COMMENT}$/d' ${AUTHORIZED}; rm -rf ${COPY}`;
  await Promise.all([
    cleanNode(cluster.client, client),
    ...cluster.masters.map((machine) => cleanNode(machine, master)),
    ...cluster.slaves.map((machine) => cleanNode(machine, slave)),
  ]);
}

/** More than once: Ctrl-C ends the ssh of the moment too. */
async function cleanNode({ name, node }: Machine, command: string): Promise<void> {
  for (let tries = 1; tries <= TRIES; tries++) {
    try {
      await onNode(node, command, CLEAN_LIMIT_MS);
      return;
    } catch (error) {
      if (tries === TRIES) notice(`could not clean up on ${name}: ${(error as Error).message}`);
    }
  }
}

/** Puts on a master what lsyncd, rsync and the comparison need. */
export async function equipMaster(cluster: Cluster, master: Machine): Promise<void> {
  await cluster.run(
    master,
    `mkdir -p ${RUN} $(dirname ${DROP_IN}) && (umask 077 && cat >${RUN}/key) &&
     printf '[Unit]\\nConditionPathExists=!${STOPPED}\\n' >${DROP_IN} && systemctl daemon-reload &&
     [ -e ${RUN}/queues ] || sysctl ${QUEUES} >${RUN}/queues`,
    60,
    key.privateKey,
  );
  await cluster.run(master, `cat >${SSH_CONFIG}`, 60, sshConfig);
}

/** Lets the masters' bench key in, has ours send to the bench's slaves alone, and mounts the share on the client. */
export async function equip(cluster: Cluster, share: ShareOutput): Promise<void> {
  const names = cluster.slaves.map(({ name }) => `${name}.json`).join("|");
  await Promise.all([
    ...cluster.masters.map(async (master) => {
      await equipMaster(cluster, master);
      await cluster.run(
        master,
        `cd ${SLAVES} && for file in *; do case $file in ${names}) ;; *) mkdir -p ${HELD} && mv "$file" ${HELD}/ ;; esac; done
         systemctl reload ${OUR_UNIT} 2>/dev/null || :`,
      );
    }),
    cluster.all(
      cluster.slaves,
      `umask 077; mkdir -p ~/.ssh; touch ${AUTHORIZED}; sed -i '$a\\' ${AUTHORIZED}
       echo ${quote(`restrict ${key.publicKey}`)} >>${AUTHORIZED}`,
    ),
    cluster.run(
      cluster.client,
      `mkdir -p ${MOUNT} && mount -t nfs -o ${share.mountOptions} ${share.server}:${share.path} ${MOUNT} && mkdir -p ${MOUNT}/${WORK}`,
      180,
    ),
  ]);
}

/** Keeps our daemon from running, and from being started by a failover. Changes wait for it in the kernel's queue. */
export async function stopOurs(cluster: Cluster): Promise<void> {
  await cluster.all(cluster.masters, `mkdir -p ${RUN}; touch ${STOPPED}; systemctl stop ${OUR_UNIT}`);
}

/** The same without a queue, which would cost the contender that runs instead. */
export async function holdOurs(cluster: Cluster): Promise<void> {
  await stopOurs(cluster);
  await cluster.all(cluster.masters, DROP_QUEUE);
}

/** The contrary of `stopOurs`: our daemon starts. Returns when, seconds on the active master's clock. */
export async function releaseOurs(cluster: Cluster): Promise<number> {
  await cluster.all(cluster.masters, `rm -f ${STOPPED}`);
  return Number(await cluster.run(cluster.active, `${TIME}; systemctl start ${OUR_UNIT}`));
}

/** How many events the queue of a watcher that is started next holds; undefined: as before the bench. None runs. */
export async function limitQueue(cluster: Cluster, events?: number): Promise<void> {
  const command = events
    ? `sysctl -q ${QUEUES.replaceAll(/\S+/g, (name) => `${name}=${events}`)}`
    : `sysctl -qp ${RUN}/queues`;
  await cluster.run(cluster.active, `${command}; ${DROP_QUEUE}`);
}
