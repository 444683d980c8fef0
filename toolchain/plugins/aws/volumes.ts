import * as api from "@aws-sdk/client-ec2";
import { ec2, ec2Arn } from "./clients";
import { ec2Kind, tagged, waiting } from "./ec2";
import { count, flag, kind, needed, refusal, tagsOf, text, type Tags } from "./kind";

interface VolumeInputs {
  availabilityZone: string;
  size: number;
  type?: string;
  iops?: number;
  throughput?: number;
  encrypted?: boolean;
  tags?: Tags;
}

async function volumeOf(id: string): Promise<api.Volume | undefined> {
  const { Volumes: [it] = [] } = await ec2().send(new api.DescribeVolumesCommand({ VolumeIds: [id] }));
  return it;
}

const modify = (change: (value: number) => object) => (VolumeId: string, value: number) =>
  ec2().send(new api.ModifyVolumeCommand({ VolumeId, ...change(value) }));

export const volume = ec2Kind<VolumeInputs>({
  inputs: {
    availabilityZone: needed,
    size: count,
    type: text,
    iops: count,
    throughput: count,
    encrypted: flag,
  },
  outputs: ["arn"],
  async make(of) {
    const made = await ec2().send(
      new api.CreateVolumeCommand({
        AvailabilityZone: of.availabilityZone,
        Size: of.size,
        VolumeType: of.type as api.VolumeType | undefined,
        Iops: of.iops,
        Throughput: of.throughput,
        Encrypted: of.encrypted,
        TagSpecifications: tagged("volume", of.tags),
      }),
    );
    return made.VolumeId ?? "";
  },
  updates: {
    size: modify((Size) => ({ Size })),
    iops: modify((Iops) => ({ Iops })),
    throughput: modify((Throughput) => ({ Throughput })),
  },
  async look(id) {
    const it = await volumeOf(id);
    return (
      it && {
        arn: await ec2Arn("", "volume", id),
        size: it.Size ?? 0,
        encrypted: it.Encrypted ?? false,
        tags: tagsOf(it.Tags),
      }
    );
  },
  drop: (VolumeId) => ec2().send(new api.DeleteVolumeCommand({ VolumeId })),
});

interface AttachmentInputs {
  volumeId: string;
  instanceId: string;
  deviceName: string;
  stopInstanceBeforeDetaching?: boolean;
}

/** Of one that is stopped first, a file system on the volume is left whole. */
async function detach(_id: string, of: AttachmentInputs): Promise<void> {
  const [VolumeId, InstanceIds] = [of.volumeId, [of.instanceId]];
  if (of.stopInstanceBeforeDetaching) {
    await ec2().send(new api.StopInstancesCommand({ InstanceIds }));
    await api.waitUntilInstanceStopped(waiting(600), { InstanceIds });
  }
  await ec2().send(new api.DetachVolumeCommand({ VolumeId, InstanceId: of.instanceId }));
  await api.waitUntilVolumeAvailable(waiting(300), { VolumeIds: [VolumeId] });
}

export const volumeAttachment = kind<AttachmentInputs>({
  inputs: { volumeId: needed, instanceId: needed, deviceName: needed, stopInstanceBeforeDetaching: flag },
  outputs: [],
  async refuse({ volumeId, instanceId }) {
    const { Reservations: [found] = [] } = await ec2().send(
      new api.DescribeInstancesCommand({ InstanceIds: [instanceId] }),
    );
    const zone = found?.Instances?.[0]?.Placement?.AvailabilityZone;
    const it = await volumeOf(volumeId);
    if (it?.AvailabilityZone !== zone) {
      const message = `The volume '${volumeId}' is not in the same availability zone as instance '${instanceId}'`;
      throw refusal("InvalidVolume.ZoneMismatch", message);
    }
    if (it?.State === "in-use")
      throw refusal("VolumeInUse", `${volumeId} is already attached to an instance`);
  },
  async make({ volumeId, instanceId, deviceName }) {
    await ec2().send(
      new api.AttachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId, Device: deviceName }),
    );
    await api.waitUntilVolumeInUse(waiting(300), { VolumeIds: [volumeId] });
    return `vai-${volumeId}-${instanceId}`;
  },
  async look(_id, { volumeId, instanceId }) {
    const attachments = (await volumeOf(volumeId))?.Attachments;
    return attachments?.some(({ InstanceId }) => InstanceId === instanceId) ? {} : undefined;
  },
  updates: { stopInstanceBeforeDetaching: () => Promise.resolve() },
  drop: detach,
});
