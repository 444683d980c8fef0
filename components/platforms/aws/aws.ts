import { Provider } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import { VipMode } from "../../enums";
import type { HostArgs } from "../../remote/host";
import { nodeFile } from "../../remote/hostScript";
import { awsConf, credentialsTimer, credentialsUnit } from "../../render/awsAgent";
import type { Platform, PlatformAgent } from "../platform";
import type { AwsArgs } from "./args";
import { Machine } from "./machine";
import { Network } from "./network";
import { OverlayRoutes } from "./overlayRoutes";
import { MasterRole } from "./role";
import { SecurityGroups } from "./securityGroups";

/** Instances on EC2, in two zones, with all that they need around them. `destroy` leaves the data volumes. */
export class Aws extends pulumi.ComponentResource implements Platform {
  public readonly hosts: Record<string, HostArgs>;
  /** What the masters run to claim the address, and to stop the other's instance. */
  public readonly agent: PlatformAgent;

  constructor(name: string, args: AwsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:Aws", name, {}, opts);
    const provider = new Provider(name, { region: args.region }, { parent: this });
    const within = { parent: this, provider };
    const network = new Network(`${name}-net`, args.network, within);
    const groups = new SecurityGroups(
      `${name}-groups`,
      {
        vpcId: network.vpcId,
        ports: args.ports,
        networks: { clients: args.clientNetworks, ssh: args.sshNetworks },
      },
      within,
    );
    const role = new MasterRole(`${name}-masters`, within);
    const machine = (node: string, isMaster: boolean, after?: Machine) => {
      const of = args.nodes[node];
      if (!of) throw new Error(`aws: no node is named ${node}`);
      return new Machine(
        `${name}-${node}`,
        {
          ...of,
          node,
          network,
          group: isMaster ? groups.masters : groups.slaves,
          ...(isMaster && { profile: role.profile }),
          after: after?.instance,
          ssh: args,
        },
        within,
      );
    };
    const [first = "", second = ""] = args.masters;
    const order = args.active === second ? [first, second] : [second, first];
    // one master stops for a change only when the other has started again
    const standby = machine(order[0] ?? "", true);
    const active = machine(order[1] ?? "", true, standby);
    // in an order of their own: who serves changes nothing that names both
    const pair = order[0] === first ? [standby, active] : [active, standby];
    const masters = Object.fromEntries(pair.map((of) => [of.node, of]));
    if (args.vipMode === VipMode.RouteTable)
      new OverlayRoutes(
        `${name}-vip`,
        { vips: args.vips, network, interfaceId: masters[first]?.service.id ?? "" },
        within,
      );
    this.agent = agent(args, network, masters);
    role.allow({
      routeTables:
        args.vipMode === VipMode.RouteTable ? [...network.tables.values()].map(({ arn }) => arn) : [],
      interfaces: args.vipMode === VipMode.SecondaryIp ? pair.map(({ service }) => service.arn) : [],
      instances: pair.map(({ instance }) => instance.arn),
    });
    const slaves = Object.keys(args.nodes).filter((node) => !args.masters.includes(node));
    this.hosts = Object.fromEntries([
      ...pair.map((of) => [of.node, of.host] as const),
      ...slaves.map((node) => [node, machine(node, false).host] as const),
    ]);
    this.registerOutputs({});
  }
}

/** What each master has to know to speak to EC2, and the programs that do. */
function agent(
  { region, vipMode }: AwsArgs,
  network: Network,
  masters: Readonly<Record<string, Machine>>,
): PlatformAgent {
  const ids = Object.entries(masters).map(([name, { instance }]) => [name, instance.id] as const);
  const tables = vipMode === VipMode.RouteTable ? [...network.tables.values()].map(({ id }) => id) : [];
  const vars = (machine: Machine) => ({
    AWS_CONF: pulumi
      .output({
        region,
        mode: vipMode,
        interfaceId: machine.service.id,
        routeTableIds: tables,
        instanceIds: Object.fromEntries(ids),
      })
      .apply(awsConf),
    NODE_PY: nodeFile("safety/node.py"),
    EC2_PY: nodeFile("aws/ec2.py"),
    CLAIM_ADDRESS: nodeFile("aws/claim-address"),
    FENCE_EC2: nodeFile("aws/fence-ec2"),
    CREDENTIALS: nodeFile("aws/credentials"),
    CREDENTIALS_UNIT: credentialsUnit,
    CREDENTIALS_TIMER: credentialsTimer,
  });
  return {
    script: "aws/agent.sh",
    vars: Object.fromEntries(Object.entries(masters).map(([name, machine]) => [name, vars(machine)])),
    mover: "/usr/local/lib/ha-nfs/claim-address",
  };
}
