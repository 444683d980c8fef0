/** How often a line is printed where there is no terminal, in milliseconds. */
const INTERVAL = 10_000;

/** The progress of something long, on stderr: in place on a terminal, else a line every ten seconds. */
export class Progress {
  private readonly began = Date.now();
  private readonly tick = setInterval(() => this.print(), process.stderr.isTTY ? 1000 : INTERVAL);

  /** @param state what is under way at first. */
  constructor(
    what: string,
    private state: string,
  ) {
    process.stderr.write(`${what}\n`);
  }

  show(state: string): void {
    this.state = state;
  }

  end(): void {
    clearInterval(this.tick);
    this.print();
    if (process.stderr.isTTY) process.stderr.write("\n");
  }

  private print(): void {
    const seconds = Math.round((Date.now() - this.began) / 1000);
    const line = `  ${seconds} s: ${this.state}`;
    process.stderr.write(
      process.stderr.isTTY ? `\r\x1b[K${line.slice(0, process.stderr.columns - 1)}` : `${line}\n`,
    );
  }
}
