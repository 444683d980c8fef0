import { quote } from "../../../components/render/shell";
import type { Condition } from "../../../scripts/pair";
import { VIP } from "../machines";

/** Root's command with which a master says how it is; `settled` as a Rival has it. */
export const question = (settled: string): string =>
  `grep -o ' cs:.*' /proc/drbd || :
[ -z "$(ip -4 -o address show to ${VIP})" ] || echo serves
if timeout 10 sh -c ${quote(settled)} >/dev/null 2>&1; then echo settled; fi`;

/** What the masters' answers come to, by the masters' names; an Error: it has not answered. */
export function conditionOf(answers: Readonly<Record<string, string | Error>>): Condition {
  const why = Object.entries(answers).flatMap(([master, answer]) => {
    if (answer instanceof Error) return [`${master} does not answer: ${answer.message}`];
    const drbd = /^ ?cs:.*/m.exec(answer)?.[0].trim() ?? "no DRBD";
    return [
      ...(/^ ?cs:Connected .*ds:UpToDate\/UpToDate /m.test(answer) ? [] : [`${master}: ${drbd}`]),
      ...(/^settled$/m.test(answer) ? [] : [`${master}: its manager is not settled`]),
    ];
  });
  const serve = Object.entries(answers).flatMap(([master, answer]) =>
    typeof answer === "string" && /^serves$/m.test(answer) ? [master] : [],
  );
  const [active] = serve;
  if (active === undefined || serve.length > 1)
    why.push(`${serve.join(" and ") || "nobody"} has the address`);
  return why.length === 0 && active !== undefined
    ? { active }
    : { active: null, why: `not whole: ${why.join("; ")}.` };
}
