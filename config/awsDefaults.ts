import { AWS_NETWORKS, type AwsSettings } from "./awsSchema";
import type { Draft } from "./draft";
import { AWS_DEVICE } from "./fencingSchema";
import { cut } from "./network";
import type { Lookup } from "./report";
import { Platform } from "./variant";

/** Gives the masters on AWS their names, and their power over each other, where none are written. */
export function withAwsDefaults(draft: Draft, written: Lookup): Draft {
  if (draft.platform !== Platform.Aws) return draft;
  const { masters, fencing } = draft;
  const device = written(["fencing", "device"]) === undefined ? AWS_DEVICE : fencing?.device;
  return {
    ...draft,
    masters: written(["masters"]) === undefined ? [{ name: "m1" }, { name: "m2" }] : masters,
    fencing: fencing && { ...fencing, device },
  };
}

/** What a zone has of each network: the CIDR of a subnet to make, or the id of one that is there. */
interface Zone {
  service: string;
  link: string;
  public?: string;
}

/** Where in AWS all is: a VPC to make or one that is there, its subnets by zone, and who the clients are. */
export function awsPlaces(
  { serviceNetwork, linkNetwork }: { serviceNetwork: string; linkNetwork: string },
  { vpcId, subnets, zones, clientNetworks, ...aws }: AwsSettings,
) {
  const { vpcCidr, publicNetwork } = { ...AWS_NETWORKS, ...aws };
  const parts = zones.length === 1 ? 1 : 2;
  const made = [serviceNetwork, linkNetwork, publicNetwork].map((network) => cut(network, parts));
  const given = [subnets?.service ?? [], subnets?.link ?? [], []];
  const [service = [], link = [], outside = []] = vpcId === undefined ? made : given;
  const byZone = zones.map((zone, i): [string, Zone] => [
    zone,
    {
      service: service[i] ?? "",
      link: link[i] ?? "",
      ...(outside[i] !== undefined && { public: outside[i] }),
    },
  ]);
  return {
    network: {
      zones: Object.fromEntries(byZone),
      routeTableIds: aws.routeTableIds,
      ...(vpcId === undefined ? { vpcCidr } : { vpcId }),
    },
    clientNetworks: clientNetworks ?? [vpcCidr],
  };
}
