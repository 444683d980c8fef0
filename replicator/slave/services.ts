import { connect } from "node:net";

/** How often each is asked, and how long it may take; milliseconds. */
const EVERY = 1000;
const PATIENCE = 2000;

/** What serves the copies. */
export interface Service {
  /** For people. */
  name: string;
  protocol: "http" | "nfs";
  address: string;
  port: number;
}

/** RPC's NULL call of NFS 4, which only a server that works answers: RFC 5531, with a record mark before it. */
const NULL_CALL = [0x8000_0028, 1, 0, 2, 100003, 4, 0, 0, 0, 0, 0];
const QUESTIONS = {
  http: Buffer.from("HEAD / HTTP/1.0\r\n\r\n"),
  nfs: Buffer.concat(NULL_CALL.map((word) => Buffer.from(word.toString(16).padStart(8, "0"), "hex"))),
};

/** Asks services over and over whether they answer. */
export class Services {
  /** Those that have answered last, or have not yet been asked. */
  private readonly answering: Set<Service>;
  /** When each was asked what it has answered, or not, last: questions overlap. */
  private readonly judged = new Map<Service, number>();
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(private readonly services: readonly Service[]) {
    this.answering = new Set(services);
  }

  start(): void {
    for (const service of this.services) {
      const look = () => void this.look(service);
      look();
      this.timers.push(setInterval(look, EVERY));
    }
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  /** Which do not answer; undefined: all do. */
  get trouble(): string | undefined {
    const silent = this.services.filter((service) => !this.answering.has(service));
    return silent.length > 0 ? `${silent.map(({ name }) => name).join(", ")}: no answer` : undefined;
  }

  private async look(service: Service): Promise<void> {
    const asked = performance.now();
    const good = await answers(service);
    if (asked < (this.judged.get(service) ?? 0)) return;
    this.judged.set(service, asked);
    if (good) this.answering.add(service);
    else this.answering.delete(service);
  }
}

function answers({ protocol, address, port }: Service): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect({ host: address, port, timeout: PATIENCE });
    const end = (good: boolean) => {
      connection.destroy();
      done(good);
    };
    connection.once("connect", () => connection.write(QUESTIONS[protocol]));
    connection.once("data", () => end(true));
    for (const bad of ["error", "timeout", "close"]) connection.once(bad, () => end(false));
  });
}
