import { HeartbeatTransport, VipMode } from "../../components/enums";
import { AWS_NETWORKS } from "../awsSchema";
import type { Draft } from "../draft";
import { isHostAddress, isWithin, overlap, prefixLength } from "../network";
import { nearest, show, type Lookup, type Path, type Report } from "../report";
import { Platform } from "../variant";
import { machines } from "./machines";
import { checkUnique, listed } from "./unique";

type Aws = NonNullable<Draft["aws"]>;

/** What AWS has not, and what holds between the keys of `aws`. */
export function checkAws(draft: Draft, written: Lookup, report: Report): void {
  const { aws, platform, heartbeat, pacemaker } = draft;
  if (platform !== Platform.Aws) return;
  for (const key of ["replicationNetwork", "readPool", "pushTargets"]) {
    const found = written([key]);
    if (found !== undefined)
      report([key], show(found), "nothing on platform aws, where there is none yet", "remove it");
  }
  if (heartbeat?.transport === HeartbeatTransport.Multicast) {
    report(
      ["heartbeat", "transport"],
      show(heartbeat.transport),
      "ucast on platform aws",
      "a VPC carries no multicast",
    );
  }
  if (pacemaker?.quorumDevice) {
    const mend = "leave it out: whether a master may serve alone, DRBD and the witness decide";
    report(
      ["pacemaker", "quorumDevice"],
      "true",
      "false on platform aws, where no port is open for it yet",
      mend,
    );
  }
  if (!aws) return;
  checkZones(draft, aws, report);
  checkVpc(draft, aws, written, report);
  checkVips(draft, aws, report);
  checkVolumes(draft, aws, report);
}

function checkZones({ slaves }: Draft, { region, zones, vipMode }: Aws, report: Report): void {
  const count = vipMode === VipMode.SecondaryIp ? 1 : 2;
  if (zones && vipMode !== undefined && zones.length !== count) {
    const found = zones.length === 1 ? "one zone" : `a list of ${zones.length}`;
    const [allowed, mend] =
      count === 2
        ? ["two zones with vipMode route-table", "a master in each, or a zone that fails takes both with it"]
        : ["one zone with vipMode secondary-ip", "such an address stays within one subnet"];
    report(["aws", "zones"], found, allowed, mend);
  }
  const found = listed(["aws", "zones"], zones);
  checkUnique(found, "a zone not listed before", "choose another one of the region", report);
  for (const { path, value } of found) {
    if (value === undefined || region === undefined || value.slice(0, -1) === region) continue;
    report(path, show(value), `a zone of aws.region ${region}`, `such as ${region}a, or correct aws.region`);
  }
  slaves?.forEach((slave, i) => {
    if (slave?.zone === undefined || zones === undefined || zones.includes(slave.zone)) return;
    report(
      ["slaves", i, "zone"],
      show(slave.zone),
      `one of aws.zones: ${zones.join(", ")}`,
      "choose one of these",
    );
  });
}

/** A VPC to make has CIDRs, and one that is there has ids. */
function checkVpc(draft: Draft, aws: Aws, written: Lookup, report: Report): void {
  const isGiven = written(["aws", "vpcId"]) !== undefined;
  const [is, other] = isGiven ? ["with aws.vpcId", "aws.vpcId"] : ["without aws.vpcId", "aws.vpcId"];
  const given = ["subnets", "routeTableIds"];
  for (const key of isGiven ? ["vpcCidr", "publicNetwork"] : given) {
    const found = written(["aws", key]);
    if (found !== undefined)
      report(
        ["aws", key],
        show(found),
        `nothing ${is}`,
        `remove it, or ${isGiven ? "remove" : "set"} ${other}`,
      );
  }
  if (isGiven) {
    const needed = [...(aws.vipMode === VipMode.RouteTable ? given : ["subnets"]), "clientNetworks"];
    for (const key of needed) {
      if (written(["aws", key]) !== undefined) continue;
      report(["aws", key], "nothing", "a value with aws.vpcId", `see aws.${key} in docs/config.md`);
    }
    checkSubnets(aws, report);
  } else checkNetworks(draft, aws, report);
}

function checkSubnets({ subnets, zones }: Aws, report: Report): void {
  for (const role of ["service", "link"] as const) {
    const ids = subnets?.[role];
    const path = ["aws", "subnets", role];
    checkUnique(listed(path, ids), "a subnet not listed before", "one for each zone", report);
    if (!ids || !zones || ids.length === zones.length) continue;
    report(
      path,
      `a list of ${ids.length}`,
      `a list of ${zones.length}, one for each of aws.zones`,
      "correct one of them",
    );
  }
}

/** Each network is cut into one subnet a zone, for a subnet is of one zone. */
function checkNetworks(draft: Draft, aws: Aws, report: Report): void {
  const { vpcCidr = AWS_NETWORKS.vpcCidr, publicNetwork = AWS_NETWORKS.publicNetwork, zones } = aws;
  const least = zones?.length === 1 ? 28 : 27;
  const all: [Path, string | undefined][] = [
    [["serviceNetwork"], draft.serviceNetwork],
    [["linkNetwork"], draft.linkNetwork],
    [["aws", "publicNetwork"], publicNetwork],
  ];
  for (const [path, network] of all) {
    if (network === undefined) continue;
    if (!isWithin(network, vpcCidr)) {
      report(
        path,
        show(network),
        `a network within aws.vpcCidr ${vpcCidr}`,
        "choose one inside, or correct aws.vpcCidr",
      );
    }
    if (prefixLength(network) <= least) continue;
    report(
      path,
      show(network),
      `a network of /${least} or more: a subnet for each zone, of /28 at least`,
      "widen it",
    );
  }
  for (const [path, network] of all.slice(0, 2)) {
    if (network === undefined || !overlap(network, publicNetwork)) continue;
    report(
      ["aws", "publicNetwork"],
      show(publicNetwork),
      `a network apart from ${path.join(".")} ${network}`,
      "choose another one",
    );
  }
}

function checkVips(draft: Draft, aws: Aws, report: Report): void {
  const { vpcId, vipMode, vpcCidr = AWS_NETWORKS.vpcCidr } = aws;
  if (vpcId !== undefined || vipMode === undefined) return; // of a VPC that is there, only AWS tells where it is
  for (const { path, value } of [
    { path: ["vip"], value: draft.vip },
    ...listed(["vipAliases"], draft.vipAliases),
  ]) {
    if (value === undefined) continue;
    if (vipMode === VipMode.RouteTable && isHostAddress(vpcCidr, value)) {
      const mend = "such as 192.168.99.100: AWS routes no address of a VPC to another place within it";
      report(path, show(value), `an address outside aws.vpcCidr ${vpcCidr}, with vipMode route-table`, mend);
    }
    const { serviceNetwork } = draft;
    if (vipMode === VipMode.SecondaryIp && serviceNetwork && !isHostAddress(serviceNetwork, value)) {
      const allowed = `an address of serviceNetwork ${serviceNetwork}, with vipMode secondary-ip`;
      report(path, show(value), allowed, "choose one inside, or correct serviceNetwork");
    }
  }
}

function checkVolumes(
  draft: Draft,
  { dataVolumeIds, dataVolumeGiB, iops, throughput }: Aws,
  report: Report,
): void {
  if (dataVolumeGiB !== undefined && iops !== undefined && iops > Math.max(3000, 500 * dataVolumeGiB)) {
    const allowed = `at most 500 a GiB of aws.dataVolumeGiB ${dataVolumeGiB}`;
    report(["aws", "iops"], `${iops}`, allowed, "lower it, or make the volume larger");
  }
  if (iops !== undefined && throughput !== undefined && throughput > iops / 4) {
    report(
      ["aws", "throughput"],
      `${throughput}`,
      `at most a quarter of aws.iops ${iops}`,
      "lower it, or raise iops",
    );
  }
  const names = machines(draft).flatMap(({ machine }) => machine.name ?? []);
  const ids = Object.entries(dataVolumeIds ?? {}).map(([name, value]) => ({
    path: ["aws", "dataVolumeIds", name],
    value,
  }));
  checkUnique(ids, "a volume for each host", "name another one", report);
  for (const { path } of ids) {
    const name = path.at(-1) ?? "";
    if (names.includes(name)) continue;
    const guess = nearest(name, names);
    const mend = guess === undefined ? "remove it" : `did you mean ${guess}?`;
    report(path, "a host that is not there", `the name of a master or slave: ${names.join(", ")}`, mend);
  }
}
