import * as api from "@aws-sdk/client-ec2";
import { HalfMade } from "../halfMade";
import { ec2, ec2Arn } from "./clients";
import { ec2Kind, tagged, waiting } from "./ec2";
import { list, needed, object, refusal, tagsOf, text, type Tags } from "./kind";

interface InstanceInputs {
  ami: string;
  instanceType: string;
  networkInterfaces?: { deviceIndex: number; networkInterfaceId: string }[];
  userData?: string;
  iamInstanceProfile?: string;
  metadataOptions?: { httpTokens?: string; httpPutResponseHopLimit?: number };
  maintenanceOptions?: { autoRecovery?: string };
  rootBlockDevice?: { volumeSize?: number; volumeType?: string; encrypted?: boolean; tags?: Tags };
  tags?: Tags;
}

/** How long an instance may take to start or stop, in seconds: the official provider has ten minutes. */
const PATIENCE = 600;

async function image(id: string): Promise<api.Image> {
  const { Images: [it] = [] } = await ec2().send(new api.DescribeImagesCommand({ ImageIds: [id] }));
  if (it) return it;
  throw refusal("InvalidAMIID.NotFound", `The image id '[${id}]' does not exist`);
}

type Interfaces = InstanceInputs["networkInterfaces"];

async function interfaces(given: Interfaces = []): Promise<api.NetworkInterface[]> {
  if (given.length === 0) return [];
  const { NetworkInterfaces = [] } = await ec2().send(
    new api.DescribeNetworkInterfacesCommand({
      NetworkInterfaceIds: given.map(({ networkInterfaceId }) => networkInterfaceId),
    }),
  );
  return NetworkInterfaces;
}

/** Where EC2 puts an instance that is given its interfaces; moto would put it in the region's first zone. */
async function placement(given: Interfaces): Promise<api.Placement | undefined> {
  const [first] = await interfaces(given);
  return first && { AvailabilityZone: first.AvailabilityZone };
}

async function refuse({ ami, instanceType, networkInterfaces = [] }: InstanceInputs): Promise<void> {
  const { Architecture = "", ImageId } = await image(ami);
  const { InstanceTypes: [type] = [] } = await ec2().send(
    new api.DescribeInstanceTypesCommand({ InstanceTypes: [instanceType as api._InstanceType] }),
  );
  const fits = type?.ProcessorInfo?.SupportedArchitectures ?? [];
  if (!fits.includes(Architecture as api.ArchitectureType)) {
    const message = `The architecture '${fits.join(",")}' of the specified instance type does not match the architecture '${Architecture}' of the specified AMI ${ImageId}.`;
    throw refusal("InvalidParameterValue", message);
  }
  const given = await interfaces(networkInterfaces);
  for (const { NetworkInterfaceId, Attachment } of given) {
    if (!Attachment?.InstanceId) continue;
    const message = `Interface: [${NetworkInterfaceId}] in use.`;
    throw refusal("InvalidNetworkInterface.InUse", message);
  }
  if (new Set(given.map((each) => each.AvailabilityZone)).size > 1)
    throw refusal(
      "InvalidParameterCombination",
      "The network interfaces must be in the same availability zone",
    );
}

/** Changes what AWS changes only in an instance that is stopped. */
async function whileStopped(
  id: string,
  change: Partial<api.ModifyInstanceAttributeCommandInput>,
): Promise<void> {
  const InstanceIds = [id];
  await ec2().send(new api.StopInstancesCommand({ InstanceIds }));
  await api.waitUntilInstanceStopped(waiting(PATIENCE), { InstanceIds });
  await ec2().send(new api.ModifyInstanceAttributeCommand({ InstanceId: id, ...change }));
  await ec2().send(new api.StartInstancesCommand({ InstanceIds }));
  await api.waitUntilInstanceRunning(waiting(PATIENCE), { InstanceIds });
}

export const instance = ec2Kind<InstanceInputs>({
  inputs: {
    ami: needed,
    instanceType: needed,
    networkInterfaces: list,
    userData: text,
    iamInstanceProfile: text,
    metadataOptions: object,
    maintenanceOptions: object,
    rootBlockDevice: object,
  },
  outputs: ["arn", "availabilityZone", "privateIp", "primaryNetworkInterfaceId", "instanceState"],
  refuse,
  async make(of) {
    const root = of.rootBlockDevice;
    const made = await ec2().send(
      new api.RunInstancesCommand({
        ImageId: of.ami,
        InstanceType: of.instanceType as api._InstanceType,
        MinCount: 1,
        MaxCount: 1,
        Placement: await placement(of.networkInterfaces),
        IamInstanceProfile: of.iamInstanceProfile === undefined ? undefined : { Name: of.iamInstanceProfile },
        NetworkInterfaces: of.networkInterfaces?.map(({ deviceIndex, networkInterfaceId }) => ({
          DeviceIndex: deviceIndex,
          NetworkInterfaceId: networkInterfaceId,
        })),
        UserData: of.userData === undefined ? undefined : Buffer.from(of.userData).toString("base64"),
        MetadataOptions: of.metadataOptions && {
          HttpTokens: of.metadataOptions.httpTokens as api.HttpTokensState | undefined,
          HttpPutResponseHopLimit: of.metadataOptions.httpPutResponseHopLimit,
        },
        MaintenanceOptions: of.maintenanceOptions && {
          AutoRecovery: of.maintenanceOptions.autoRecovery as api.InstanceAutoRecoveryState | undefined,
        },
        BlockDeviceMappings: root && [
          {
            DeviceName: (await image(of.ami)).RootDeviceName,
            Ebs: {
              VolumeSize: root.volumeSize,
              VolumeType: root.volumeType as api.VolumeType | undefined,
              Encrypted: root.encrypted,
              DeleteOnTermination: true,
            },
          },
        ],
        TagSpecifications: [...tagged("instance", of.tags), ...tagged("volume", root?.tags)],
      }),
    );
    const id = made.Instances?.[0]?.InstanceId ?? "";
    await api
      .waitUntilInstanceRunning(waiting(PATIENCE), { InstanceIds: [id] })
      .catch((error: unknown) => Promise.reject(new HalfMade(id, error)));
    return id;
  },
  updates: {
    instanceType: (id, Value) => whileStopped(id, { InstanceType: { Value } }),
    userData: (id, text) => whileStopped(id, { UserData: { Value: Buffer.from(text) } }),
    metadataOptions: (InstanceId, { httpTokens, httpPutResponseHopLimit }) =>
      ec2().send(
        new api.ModifyInstanceMetadataOptionsCommand({
          InstanceId,
          HttpTokens: httpTokens as api.HttpTokensState | undefined,
          HttpPutResponseHopLimit: httpPutResponseHopLimit,
        }),
      ),
  },
  async look(id) {
    const { Reservations: [found] = [] } = await ec2().send(
      new api.DescribeInstancesCommand({ InstanceIds: [id] }),
    );
    const it = found?.Instances?.[0];
    if (!it || it.State?.Name === "terminated") return undefined;
    const first = it.NetworkInterfaces?.find(({ Attachment }) => Attachment?.DeviceIndex === 0);
    return {
      arn: await ec2Arn(found?.OwnerId, "instance", id),
      availabilityZone: it.Placement?.AvailabilityZone ?? "",
      privateIp: it.PrivateIpAddress ?? "",
      primaryNetworkInterfaceId: first?.NetworkInterfaceId ?? "",
      instanceState: it.State?.Name ?? "",
      instanceType: it.InstanceType ?? "",
      tags: tagsOf(it.Tags),
    };
  },
  async drop(id) {
    const InstanceIds = [id];
    await ec2().send(new api.TerminateInstancesCommand({ InstanceIds }));
    await api.waitUntilInstanceTerminated(waiting(PATIENCE), { InstanceIds });
  },
});
