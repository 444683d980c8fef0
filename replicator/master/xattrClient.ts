import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { bytesOf } from "../protocol";

interface Question {
  paths: readonly string[];
  answer: string;
  done: (marked: Set<string>) => void;
  fail: (error: Error) => void;
}

/** The program `xattrs`, which runs as long as it is asked. */
export class Xattrs {
  private child: ChildProcessWithoutNullStreams | undefined;
  private question: Question | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly program: string,
    private readonly root: string,
  ) {}

  /**
   * Those of the paths that have extended attributes.
   *
   * @throws Error when the program fails; it is started again with the next call
   */
  among(paths: readonly string[]): Promise<Set<string>> {
    const answer = this.last.then(() => (paths.length === 0 ? new Set<string>() : this.ask(paths)));
    this.last = answer.catch(() => undefined);
    return answer;
  }

  /** Ends the program, and waits until it has gone: it holds the volume. */
  async stop(): Promise<void> {
    const { child } = this;
    if (!child) return;
    const gone = new Promise((done) => child.once("close", done));
    child.kill("SIGKILL");
    await gone;
  }

  private ask(paths: readonly string[]): Promise<Set<string>> {
    return new Promise((done, fail) => {
      this.question = { paths, answer: "", done, fail };
      this.child ??= this.start();
      this.child.stdin.write(bytesOf(paths.map((path) => `${path}\0`).join("")));
    });
  }

  private start(): ChildProcessWithoutNullStreams {
    const child = spawn("perl", [this.program, this.root]);
    let said = "";
    const ended = (reason: string) => {
      if (this.child !== child) return;
      this.child = undefined;
      this.question?.fail(new Error(`xattrs: ${said.trim() || reason}`));
      this.question = undefined;
    };
    child.on("error", ({ message }) => ended(message));
    child.on("close", (code, signal) => ended(`it has ended with ${signal ?? code}`));
    child.stdin.on("error", () => undefined);
    child.stderr.on("data", (text: Buffer) => (said = text.toString()));
    child.stdout.on("data", (text: Buffer) => this.answered(text.toString("latin1")));
    return child;
  }

  private answered(text: string): void {
    const { question } = this;
    if (!question) return;
    question.answer += text;
    const { paths, answer } = question;
    if (answer.length < paths.length) return;
    this.question = undefined;
    question.done(new Set(paths.filter((_, index) => answer[index] === "1")));
  }
}
