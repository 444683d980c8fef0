import { Volume } from "@pulumi/aws/ebs/volume";
import { getAmiOutput } from "@pulumi/aws/ec2/getAmi";
import { Instance } from "@pulumi/aws/ec2/instance";
import { NetworkInterface } from "@pulumi/aws/ec2/networkInterface";
import type { SecurityGroup } from "@pulumi/aws/ec2/securityGroup";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random";
import { architecture, volumePath } from "../../render/awsNames";
import { publicKeyOf, sshKey } from "../../render/sshKey";
import { userData } from "../../render/userData";
import { CONNECT_TIMEOUT_SECONDS, SSH_PORT } from "../../options";
import { type HostArgs, NicRole } from "../../remote/host";
import { nodeFile } from "../../remote/hostScript";
import type { AwsArgs, AwsNodeArgs } from "./args";
import type { Network } from "./network";
import { tags } from "./tags";

export interface MachineArgs extends AwsNodeArgs {
  /** Host name. */
  node: string;
  network: Network;
  group: SecurityGroup;
  /** @default none, the host may do nothing in AWS */
  profile?: pulumi.Output<string>;
  /** The machine that changes before this one. */
  after?: pulumi.Resource | undefined;
  ssh: Pick<AwsArgs, "privateKey" | "bastion" | "connectTimeoutSeconds">;
}

/** Debian's own account, the same in all regions (wiki.debian.org/Cloud/AmazonEC2Image). */
const DEBIAN = "136693071363";
const USER = "admin";
/** Of the root device, GiB: all data is on the volume. */
const ROOT_GIB = 8;

/** One host: an instance, its two interfaces, which keep their addresses when it is replaced, and its data volume, which stays. */
export class Machine extends pulumi.ComponentResource {
  /** Host name. */
  public readonly node: string;
  public readonly instance: Instance;
  public readonly service: NetworkInterface;
  public readonly host: HostArgs;

  constructor(name: string, args: MachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:AwsMachine", name, {}, opts);
    const { node, ssh } = args;
    this.node = node;
    this.service = this.nic(name, NicRole.Service, args);
    const link = this.nic(name, NicRole.Link, args);
    const secret = new RandomPassword(`${name}-host-key`, { length: 48, special: false }, { parent: this });
    const hostKey = pulumi.secret(secret.result.apply((seed) => sshKey(seed, node)));
    this.instance = this.run(name, args, link, hostKey);
    const volumeId = this.attach(name, args);
    const access = {
      host: this.service.privateIp,
      port: SSH_PORT,
      user: USER,
      privateKey: ssh.privateKey,
      hostKey: hostKey.apply(({ publicKey }) => publicKey),
      ...(ssh.bastion && { proxy: ssh.bastion }),
    };
    const cidr = (nic: NetworkInterface, role: NicRole) =>
      pulumi.interpolate`${nic.privateIp}/${args.network.place(args.zone, role).prefixLength}`;
    const devices = this.devices(name, access, [this.service, link], ssh.connectTimeoutSeconds);
    this.host = {
      ssh: access,
      nics: {
        service: {
          device: devices.apply(([first]) => first ?? ""),
          address: cidr(this.service, NicRole.Service),
        },
        link: { device: devices.apply(([, second]) => second ?? ""), address: cidr(link, NicRole.Link) },
      },
      dataDisk: pulumi.output(volumeId).apply(volumePath),
      machine: this.instance.urn,
      ...(ssh.connectTimeoutSeconds && { connectTimeoutSeconds: ssh.connectTimeoutSeconds }),
    };
    this.registerOutputs({});
  }

  /** It lets through what is for the virtual address, which is not its own. */
  private nic(name: string, role: NicRole, { network, zone, group }: MachineArgs): NetworkInterface {
    const named = `${name}-${role}`;
    return new NetworkInterface(
      named,
      {
        subnetId: network.place(zone, role).id,
        securityGroups: [group.id],
        sourceDestCheck: role !== NicRole.Service,
        description: named,
        tags: tags(named),
      },
      { parent: this },
    );
  }

  private run(
    name: string,
    { node, instanceType, profile, after, ssh, network }: MachineArgs,
    link: NetworkInterface,
    hostKey: pulumi.Output<ReturnType<typeof sshKey>>,
  ): Instance {
    const image = getAmiOutput(
      {
        owners: [DEBIAN],
        mostRecent: true,
        filters: [
          { name: "name", values: [`debian-13-${architecture(instanceType)}-*`] },
          { name: "virtualization-type", values: ["hvm"] },
        ],
      },
      { parent: this },
    );
    return new Instance(
      name,
      {
        ami: image.id,
        instanceType,
        // Deprecated, and the only way to have both before the first boot: one that is attached later needs cloud-init's hotplug.
        networkInterfaces: [
          { deviceIndex: 0, networkInterfaceId: this.service.id },
          { deviceIndex: 1, networkInterfaceId: link.id },
        ],
        ...(profile && { iamInstanceProfile: profile }),
        userData: pulumi
          .all([hostKey, ssh.privateKey])
          .apply(([key, own]) =>
            userData({ name: node, user: USER, authorizedKey: publicKeyOf(own), hostKey: key }),
          ),
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
        // it would start elsewhere a master whose peer has taken over
        maintenanceOptions: { autoRecovery: "disabled" },
        rootBlockDevice: {
          volumeType: "gp3",
          volumeSize: ROOT_GIB,
          encrypted: true,
          tags: tags(`${name}-root`),
        },
        tags: tags(name),
      },
      {
        parent: this,
        // the interfaces are one instance's at a time
        deleteBeforeReplace: true,
        // a newer image, or another text for a first boot that is over, is no reason to stop a host
        ignoreChanges: ["ami", "userData"],
        dependsOn: [...network.ways, ...(after ? [after] : [])],
      },
    );
  }

  /** @returns the volume's id */
  private attach(name: string, { zone, volume }: MachineArgs): pulumi.Input<string> {
    const named = `${name}-data`;
    const { sizeGiB: size, iops, throughput } = volume;
    const volumeId =
      volume.volumeId ??
      new Volume(
        named,
        { availabilityZone: zone, type: "gp3", size, iops, throughput, encrypted: true, tags: tags(named) },
        { parent: this, protect: true, retainOnDelete: true },
      ).id;
    new VolumeAttachment(
      named,
      { volumeId, instanceId: this.instance.id, deviceName: "/dev/sdf", stopInstanceBeforeDetaching: true },
      { parent: this, deleteBeforeReplace: true },
    );
    return volumeId;
  }

  /** The kernel's names of the interfaces, which depend on the instance's type. */
  private devices(
    name: string,
    access: HostArgs["ssh"],
    nics: NetworkInterface[],
    patience = CONNECT_TIMEOUT_SECONDS,
  ): pulumi.Output<string[]> {
    const addresses = pulumi.all(nics.map(({ privateIp }) => privateIp));
    const script = nodeFile("aws/devices");
    const found = new command.remote.Command(
      `${name}-devices`,
      {
        connection: pulumi.secret({ ...access, dialErrorLimit: -1 }),
        create: "bash -s",
        stdin: pulumi
          .all([addresses, this.instance.id, this.instance.instanceType])
          .apply(([all, id, type]) => `# of ${id}, ${type}\nset -- ${all.join(" ")}\n${script}`),
        addPreviousOutputInEnv: false,
        logging: command.remote.Logging.None,
      },
      {
        parent: this,
        customTimeouts: { create: `${patience}s`, update: `${patience}s` },
        deletedWith: this.instance,
      },
    );
    return found.stdout.apply((lines) => lines.split("\n"));
  }
}
