import { readConfig } from "./config";
import { Daemon } from "./daemon";

/** The volume is about to be unmounted: whatever has not ended by then ends with the process; milliseconds. */
const STOP = 1900;

/**
 * Runs the master's daemon until SIGTERM. SIGHUP reads the configuration anew.
 *
 * @throws Error when the configuration is wrong or the journal cannot be opened
 */
export async function runMaster(configFile: string): Promise<void> {
  const log = (line: string) => console.error(line);
  let daemon = undefined as Daemon | undefined;
  const stop = () => {
    setTimeout(() => process.exit(1), STOP);
    const stopped = daemon?.stop() ?? Promise.resolve();
    stopped.then(
      () => process.exit(0),
      (error: unknown) => {
        log(String(error));
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  const running = await Daemon.start(readConfig(configFile), { log, queue: leftWithSystemd() });
  daemon = running;
  let last = Promise.resolve();
  process.on("SIGHUP", () => {
    last = last
      .then(() => running.reconfigure(readConfig(configFile)))
      .catch((error: unknown) => log(`the configuration stays as it was: ${String(error)}`));
  });
}

/** The descriptor that systemd has kept for this process, which is the only one; see sd_listen_fds(3). */
function leftWithSystemd(): number | undefined {
  const { LISTEN_PID, LISTEN_FDS } = process.env;
  delete process.env.LISTEN_PID;
  delete process.env.LISTEN_FDS;
  delete process.env.LISTEN_FDNAMES;
  return LISTEN_PID === String(process.pid) && LISTEN_FDS === "1" ? 3 : undefined;
}
