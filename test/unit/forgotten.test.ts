import assert from "node:assert/strict";
import { withoutHost } from "../../scripts/forgotten";
import { hostOf } from "../../scripts/stored";
import type { Deployment, Resource } from "../../toolchain/deployment";

const urn = (type: string, name: string) => `urn:pulumi:dev::ha-nfs::${type}::${name}`;
const HOST = "ha-nfs:index:Host";
const COMMAND = "command:remote:Command";
const resource = (type: string, name: string, more: object = {}): Resource => ({
  ...{ urn: urn(type, name), type },
  ...more,
});

describe("a host that is forgotten", () => {
  const hosts = ["m1", "m2", "x-m2"];
  const state: Deployment = {
    deployment: {
      resources: [
        resource("ha-nfs:index:NfsCluster", "nfs"),
        ...hosts.flatMap((name) => [resource(HOST, name), resource(COMMAND, `${name}-ready`)]),
        resource(COMMAND, "nfs-drbd-m2", { dependencies: [urn(COMMAND, "m2-ready")] }),
        resource(COMMAND, "nfs-drbd-x-m2"),
        resource(COMMAND, "nfs-drbd-m1", {
          dependencies: [urn(COMMAND, "nfs-drbd-m2"), urn(COMMAND, "m1-ready")],
          propertyDependencies: { stdin: [urn(COMMAND, "nfs-drbd-m2")], create: null },
          deletedWith: urn(COMMAND, "m2-ready"),
        }),
      ],
    },
  };
  const { kept, dropped } = withoutHost(state, "m2", hosts);

  it("goes with all that runs on it, and nothing else does", () => {
    assert.deepEqual(dropped, ["m2", "m2-ready", "nfs-drbd-m2"]);
    const names = kept.deployment.resources?.map((each) => each.urn.split("::").at(-1));
    assert.deepEqual(names, ["nfs", "m1", "m1-ready", "x-m2", "x-m2-ready", "nfs-drbd-x-m2", "nfs-drbd-m1"]);
  });

  it("is waited for by nobody any more: the engine refuses a state with a tie to what is not there", () => {
    assert.deepEqual(
      kept.deployment.resources?.at(-1),
      resource(COMMAND, "nfs-drbd-m1", {
        dependencies: [urn(COMMAND, "m1-ready")],
        propertyDependencies: { stdin: [], create: null },
      }),
    );
  });

  it("is told from one whose name ends alike", () => {
    assert.equal(hostOf("nfs-drbd-x-m2", hosts), "x-m2");
    assert.equal(hostOf("nfs-drbd-m2", hosts), "m2");
    assert.equal(hostOf("nfs", hosts), undefined);
  });
});
