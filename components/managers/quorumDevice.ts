import * as pulumi from "@pulumi/pulumi";
import type { MasterPair } from "../masterPair";
import { type Host, NicRole } from "../remote/host";
import { HostScript } from "../remote/hostScript";
import { CLUSTER, pems, qdeviceDropIn, qnetdDropIn } from "../render/quorumDevice";

const FOLDER = "managers/pacemaker";

export interface QuorumDeviceArgs {
  pair: MasterPair;
  /** The host that has the third vote. */
  witness: Host;
  /** What must be in place first: corosync. */
  after: readonly pulumi.Resource[];
}

/**
 * Corosync-qnetd on the witness, and corosync-qdevice on the masters. Each master's key is made there and stays there: what
 * travels are a request for a certificate, and certificates.
 */
export class QuorumDevice extends pulumi.ComponentResource {
  public readonly scripts: readonly HostScript[];

  constructor(name: string, args: QuorumDeviceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:QuorumDevice", name, {}, opts);
    const { pair, witness } = args;
    const parent = { parent: this };
    const requests = pair.rollOut(
      `${name}-key`,
      `${FOLDER}/qdevice-key.sh`,
      () => ({ CLUSTER, SECRETS_GENERATION: pair.secretsGeneration }),
      { ...parent, dependsOn: [...pair.prepared] },
    );
    const masters = [pair.second, pair.preferred]; // in the order of the requests, see rollOut
    const qnetd = new HostScript(
      `${name}-${witness.name}`,
      {
        host: witness,
        script: `${FOLDER}/qnetd.sh`,
        vars: {
          CLUSTER,
          REQUESTS: pulumi
            .all(requests.map(({ stdout }) => stdout))
            .apply((all) => pems(all.join("")).join("")),
          QNETD_DROP_IN: pulumi.all(masters.map((host) => host.address(NicRole.Service))).apply(qnetdDropIn),
        },
      },
      { ...parent, dependsOn: requests },
    );
    const certificates = qnetd.stdout.apply(pems);
    const devices = pair.rollOut(
      name,
      `${FOLDER}/qdevice.sh`,
      (host) => ({
        CA: certificates.apply(([ca = ""]) => ca),
        CERTIFICATE: certificates.apply(([, ...own]) => own[masters.indexOf(host)] ?? ""),
        QDEVICE_DROP_IN: qdeviceDropIn,
      }),
      { ...parent, dependsOn: [...args.after, qnetd] },
    );
    this.scripts = [...requests, qnetd, ...devices];
    this.registerOutputs({});
  }
}
