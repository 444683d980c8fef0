import * as pulumi from "@pulumi/pulumi";
import type { MasterPair } from "./masterPair";
import { FencingTimes, withDefaults } from "./options";
import { type Host, type HostNamed, NicRole } from "./remote/host";
import { HostScript, nodeFile } from "./remote/hostScript";
import { DOOR_PORT, fenceConf, WITNESS_PORT } from "./render/fencing";
import { doorUnit, witnessUnit } from "./render/units";

/** A command that has power over the masters. */
export interface FenceDevice {
  /**
   * Run on a master as `COMMAND off|on|status NAME-OF-THE-OTHER`. `off` ends with 0 only once the other is proved to be
   * off; `status` prints `on` or `off`; any other end is no answer, with its reason on stderr.
   */
  command: string;
  /** Text of a program that is installed as /usr/local/lib/ha-nfs/fence-device for `command`. @default none */
  program?: string;
  /** Debian's fence agent that `program` runs. @default none */
  agent?: string;
  /** By the name of the master that is switched off: what `program` reads on the other one. @default none */
  options?: Record<string, pulumi.Input<string>>;
}

/** How a master proves that its peer can acknowledge nothing, when the peer itself does not say so. */
export interface FencingOptions extends FencingTimes {
  /** @default none */
  device?: FenceDevice | undefined;
  /** Name of a third host that lets one of the two go on alone, and never both. @default none */
  witness?: string | undefined;
}

export interface FencingArgs extends FencingOptions {
  pair: MasterPair;
  /** Name of the volume. */
  volume: string;
  hostNamed: HostNamed;
}

/** What fence-peer and the doors import. */
export const safetyFiles = (): Record<string, string> => ({
  NODE_PY: nodeFile("safety/node.py"),
  RULES_PY: nodeFile("safety/rules.py"),
  WIRE_PY: nodeFile("safety/wire.py"),
  DOOR: nodeFile("safety/door"),
});

/**
 * The proof that a master needs before it goes on without its peer: DRBD's fence-peer handler, the masters' doors, by
 * which one outdates the other over any network, and the door of a witness.
 */
export class Fencing extends pulumi.ComponentResource {
  /** Ready once the masters, and the witness, answer. */
  public readonly scripts: readonly HostScript[];

  constructor(name: string, args: FencingArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:Fencing", name, {}, opts);
    const { pair, volume, device } = args;
    const witness = args.witness === undefined ? undefined : args.hostNamed(args.witness);
    const scripts = pair.rollOut(
      name,
      "fencing.sh",
      (host, peer) => {
        const addressesOf = (master: Host) =>
          pulumi.all([NicRole.Link, NicRole.Service].map((role) => master.address(role)));
        const peerAddresses = addressesOf(peer);
        return {
          ...safetyFiles(),
          FENCE_CONF: pulumi
            .output({
              me: host.name,
              peer: peer.name,
              volume,
              addresses: addressesOf(host),
              peerAddresses,
              ...withDefaults(FencingTimes, args),
              device: device?.command ?? "",
              witness: witness?.address(NicRole.Service) ?? "",
            })
            .apply(fenceConf),
          FENCE_PEER: nodeFile("safety/fence-peer"),
          FENCE_DEVICE: device?.program ?? "",
          FENCE_AGENT: device?.agent ?? "",
          SPLIT_BRAIN: nodeFile("safety/split-brain"),
          DOOR_UNIT: peerAddresses.apply((addresses) => doorUnit(DOOR_PORT, addresses)),
          DOOR_ADDRESS: `127.0.0.1:${DOOR_PORT}`,
        };
      },
      { parent: this, dependsOn: [...pair.prepared] },
    );
    this.scripts = witness ? [...scripts, this.witness(name, witness, pair)] : scripts;
    this.registerOutputs({});
  }

  private witness(name: string, host: Host, pair: MasterPair): HostScript {
    const masters = pulumi.all(
      [pair.preferred, pair.second].map((master) => master.address(NicRole.Service)),
    );
    const key = new HostScript(
      `${name}-witness-key-${host.name}`,
      { host, script: "witness-key.sh", vars: { WITNESS_KEYS: pair.witnessKeys } },
      // after the masters, which refuse a jump of generations: the witness would take it, and be a stranger to them
      { parent: this, dependsOn: [...pair.prepared] },
    );
    return new HostScript(
      `${name}-witness-${host.name}`,
      {
        host,
        script: "witness.sh",
        vars: {
          ...safetyFiles(),
          WITNESS_UNIT: masters.apply((addresses) => witnessUnit(WITNESS_PORT, addresses)),
        },
      },
      { parent: this, dependsOn: key },
    );
  }
}
