import { spawn } from "node:child_process";

export interface Captured {
  /** Null when a signal has ended it. */
  status: number | null;
  stdout: string;
}

/** Runs a verb as a person does, with our stderr; its stdout is captured. */
export async function verb(...words: readonly string[]): Promise<Captured> {
  const child = spawn("toolchain/run.sh", words, { stdio: ["ignore", "pipe", "inherit"] });
  let stdout = "";
  child.stdout.on("data", (data) => (stdout += String(data)));
  const status = await new Promise<number | null>((resolve, reject) =>
    child.on("close", resolve).on("error", reject),
  );
  return { status, stdout };
}
