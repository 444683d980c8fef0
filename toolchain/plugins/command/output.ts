import { StringDecoder } from "node:string_decoder";
import type { Readable } from "node:stream";
import type { Operation } from "../provider";
import type { CommonInputs, Printed } from "./resource";

/** Collects what a command prints, and shows it line by line as the `logging` input asks (default: all). */
export class Output {
  private readonly all: Buffer[] = [];
  private readonly chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };

  constructor(
    private readonly logging: CommonInputs["logging"],
    private readonly operation: Operation,
  ) {}

  collect(name: "stdout" | "stderr", stream: Readable): void {
    const logged = (this.logging ?? "stdoutAndStderr").toLowerCase().includes(name);
    const decoder = new StringDecoder("utf8");
    let rest = "";
    stream.on("data", (chunk: Buffer) => {
      this.chunks[name].push(chunk);
      this.all.push(chunk);
      if (!logged) return;
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.operation.log(line);
    });
    stream.on("end", () => rest && this.operation.log(rest));
  }

  printed(): Printed {
    return { stdout: text(this.chunks.stdout), stderr: text(this.chunks.stderr) };
  }

  /** The error of a command that failed, in the words of the official plugin. */
  failure(reason: string, command: string): Error {
    return new Error(
      `${reason}: running ${JSON.stringify(command)}:\n${Buffer.concat(this.all).toString("utf8")}`,
    );
  }
}

function text(chunks: Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8").replace(/\n$/, "");
}
