import { quote } from "../../components/render/shell";
import type { Outcome } from "./figures";
import { findLinks, read, usage } from "./meter";
import { count } from "./options";
import { COPY, SSH_CONFIG } from "./places";
import type { Stage } from "./stage";

/** One `rsync -a` of the files from the active master to one slave, and another with nothing to do. */
export async function plainRsync(stage: Stage): Promise<Outcome[]> {
  const { cluster, contender, sizes } = stage;
  await contender.stop();
  await stage.empty();
  await stage.build(sizes.files);
  await stage.cold();
  const [slave] = cluster.slaves.map(({ name }) => name);
  const links = new Map([...(await findLinks(cluster))].slice(0, 1));
  const pass = async (workload: Outcome["workload"]): Promise<Outcome> => {
    const from = await read(cluster, contender.unit, links);
    const [seconds = NaN, user = NaN, system = NaN] = (
      await cluster.run(
        cluster.active,
        `bash -c ${quote(`TIMEFORMAT='%R %U %S'; { time rsync -a -e 'ssh -F ${SSH_CONFIG}' ${stage.work}/ ${slave}:${COPY}/ >&3 2>&3; } 3>&2 2>&1`)}`,
        stage.limit,
      )
    )
      .trim()
      .split(" ")
      .map(Number);
    const files = count(sizes.files);
    return {
      contender: contender.name,
      workload,
      files,
      seconds,
      secondsBehind: seconds,
      filesPerSecond: files / seconds,
      writtenPerSecond: null,
      usage: { ...usage(from, await read(cluster, contender.unit, links)), masterCpuSeconds: user + system },
    };
  };
  return [await pass("catch-up"), await pass("nothing to do")];
}
