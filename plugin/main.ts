import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Provider } from "./provider";

const schema = readFileSync(join(__dirname, "../schema.json"), "utf8");
void pulumi.provider.main(new Provider(schema), process.argv.slice(2));
