import { cpSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { bundle } from "../replicator/bundle";
import { manifest, schema } from "./schema";

/** Where tsc has put its part: see tsconfig.package.json. */
const DIST = path.join(__dirname, "../dist");

/** The folders whose files that are no TypeScript are read or run from beside it. */
const FOLDERS = ["components", "lab", "replicator"];

for (const folder of FOLDERS) {
  const source = path.join(__dirname, "..", folder);
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || /\.(ts|md|pyc)$/.test(entry.name)) continue;
    const file = path.join(entry.parentPath, entry.name);
    cpSync(file, path.join(DIST, folder, path.relative(source, file)));
  }
}
// what runs on the nodes is bundled here, once: who uses the package has neither its sources nor esbuild
const text = JSON.stringify(bundle());
writeFileSync(path.join(DIST, "replicator/bundle.js"), `exports.bundle = () => ${text};\n`);

const { name, version } = manifest();
const plugin = { name, version, private: true, main: "plugin/main.js" };
cpSync(path.join(__dirname, "PulumiPlugin.yaml"), path.join(DIST, "PulumiPlugin.yaml"));
writeFileSync(path.join(DIST, "package.json"), `${JSON.stringify(plugin, undefined, 2)}\n`);
writeFileSync(path.join(DIST, "schema.json"), `${JSON.stringify(schema(), undefined, 2)}\n`);
