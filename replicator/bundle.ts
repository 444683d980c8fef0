import { buildSync } from "esbuild";
import { join } from "node:path";

/**
 * The program of both roles as one file, for the nodes' Node 20 and without anything besides. The same sources always
 * make the same text.
 *
 * @throws Error when the sources do not compile
 */
export function bundle(): string {
  const { outputFiles } = buildSync({
    absWorkingDir: join(__dirname, ".."),
    entryPoints: ["replicator/main.ts"],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
    legalComments: "none",
    tsconfigRaw: {},
    banner: { js: "// made by ha-nfs from replicator/: do not edit" },
  });
  return outputFiles.map(({ text }) => text).join("");
}
