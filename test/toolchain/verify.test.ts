import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { Project } from "./project";

/** Runs what a node is told on this machine. */
const HERE = `sh -c 'for last; do :; done; exec sh -c "$last"' sh`;
const NOBODY = `sh -c 'echo no route to it >&2; exit 255'`;

describe("verify", () => {
  let project: Project;
  afterEach(() => project.remove());

  it("says once of a host that it is away, and goes on to the others", () => {
    project = new Project();
    const script = (name: string, stdin: string) => ({
      urn: `urn:pulumi:dev::it::command:remote:Command::${name}`,
      type: "command:remote:Command",
      inputs: { create: "bash -s -- apply", stdin },
    });
    const resources = [
      script("part-m1", "exit 0"),
      script("more-m1", "exit 0"),
      script("part-m2", "exit 0"),
      script("more-m2", "echo drift: a file; exit 3"),
    ];
    const nodes = { m1: { sshCommand: NOBODY }, m2: { sshCommand: HERE } };
    project.write("state", JSON.stringify({ deployment: { resources } }));
    project.write("outputs", JSON.stringify({ nodes }));
    project.fake(
      "pulumi",
      `case $2 in export) cat ${project.file("state")} ;; *) cat ${project.file("outputs")} ;; esac`,
    );
    const command = ["--import", "tsx", "scripts/verify.ts"];
    const { status, stdout } = spawnSync(process.execPath, command, { env: project.env, encoding: "utf8" });
    assert.equal(
      stdout,
      "AWAY   m1\n       no route to it\nok     part-m2\nDRIFT  more-m2\n       drift: a file\n",
    );
    assert.equal(status, 1);
  });
});
