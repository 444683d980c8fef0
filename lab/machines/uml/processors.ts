import { readFileSync } from "node:fs";
import { nodes, stacks } from "../../paths";
import { findRunner } from "./runner";

/** The processors that this process may use, by number, each with how many guests of this lab are pinned to it. */
export function usedProcessors(): Map<number, number> {
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const used = new Map(processorList(allowed).map((processor) => [processor, 0]));
  for (const stack of stacks())
    for (const node of nodes(stack)) {
      const processor = Number(findRunner(stack, node)?.command[4]);
      const count = used.get(processor);
      if (count !== undefined) used.set(processor, count + 1);
    }
  return used;
}

/** The numbers of a list as `0-2,5`. */
export function processorList(list: string): number[] {
  return list.split(",").flatMap((range) => {
    const [first = NaN, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** The processor with the fewest guests, the first of several. */
export function leastUsed(used: ReadonlyMap<number, number>): number {
  const [first = 0] = [...used].sort(([a, n], [b, m]) => n - m || a - b).map(([processor]) => processor);
  return first;
}
