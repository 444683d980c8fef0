import { PHASE_NAMES, PHASES, type PhaseName, stopOf } from "./drillPhases";
import type { Drill, Ticks } from "./drillReport";
import { type DrillSummary, summaryText } from "./drillSummary";

/** Fill of each phase, and of what the old master does last: seen on white and on black, and white is legible on it. */
export const COLOURS: Record<PhaseName | "stop", string> = {
  detection: "#c4472b",
  manager: "#b56a0c",
  promote: "#857608",
  mount: "#3f8a35",
  nfsd: "#177a7f",
  address: "#3b6fd0",
  client: "#8a55c9",
  stop: "#707070",
};

const WIDTH = 960;
const LEFT = 200;
const RIGHT = 24;
const ROW = 26;
const BAR = 16;
const TOP = 8;
/** Pixels that a bar's time takes. */
const LABEL = 30;
/** Seconds that are shown before the injection, and at least after the last gap. */
const BEFORE_S = 1;
const AFTER_S = 1;

const STYLE = `:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --faint: #d8d8d8; --gap: #f6d5cd; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #161616; --faint: #3a3a3a; --gap: #58261a; } }
body { margin: 2em auto; max-width: ${WIDTH}px; padding: 0 1em; font: 14px sans-serif; color: var(--ink); background: var(--paper); }
svg { width: 100%; height: auto; } svg text { font: 12px sans-serif; fill: var(--ink); } svg text.on { fill: #ffffff; text-anchor: middle; }
.faint { stroke: var(--faint); } .ink { stroke: var(--ink); fill: none; } .gap { fill: var(--gap); }
.key span { display: inline-block; margin-right: 1em; white-space: nowrap; } .key i { display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.3em; }
pre { overflow-x: auto; }`;

/** Where a second after the injection is, in pixels. */
type Scale = (seconds: number) => number;

/** The timelines of some drills, each with the same scale, as one HTML page that needs nothing else. */
export function drillPage(drills: readonly Drill[], summary: DrillSummary): string {
  const last =
    Math.max(1, ...drills.map(({ writer, fresh }) => Math.max(writer.gap.end, fresh.gap.end))) + AFTER_S;
  const x: Scale = (seconds) => LEFT + ((seconds + BEFORE_S) / (last + BEFORE_S)) * (WIDTH - LEFT - RIGHT);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(summary.drill)}</title>
<style>
${STYLE}
</style>
<h1>${escape(summary.drill)}</h1>
<p>Seconds after the injection. The ticks are acknowledgements to two processes on a client.</p>
${drills.map((drill, i) => section(drill, i + 1, x, last)).join("")}<h2>Summary</h2>
<pre>${escape(summaryText(summary))}</pre>
</html>
`;
}

function section({ report, writer, fresh }: Drill, run: number, x: Scale, last: number): string {
  const { phases, timeline, from, to } = report;
  const stop = stopOf(timeline, from);
  const bars = phases.map(({ phase, begin, end }) =>
    bar(phase, `${phase}, until ${PHASES[phase]}`, begin, end, x, 1),
  );
  const rows = [
    row(0, from, stop ? bar("stop", "the service's stop", stop.begin, stop.end, x, 0) : ""),
    row(1, to, bars.join("")),
    row(2, "writer on an open file", ticks(writer, x, 2, last)),
    row(3, "fresh open with a lock", ticks(fresh, x, 3, last)),
  ];
  const bottom = TOP + rows.length * ROW;
  const height = bottom + 24;
  const lost = report.missing.length;
  const words = `${from} to ${to}, stall ${seconds(writer.gap.end - writer.gap.begin)} and ${seconds(fresh.gap.end - fresh.gap.begin)}, ${lost} of ${report.acknowledged} records lost`;
  return `<h2>Run ${run}: ${escape(words)}</h2>
<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(words)}">
${axis(x, last, bottom)}${rows.join("")}</svg>
<p class="key">${key(report.phases, stop)}</p>
`;
}

function axis(x: Scale, last: number, bottom: number): string {
  const step = [0.2, 0.5, 1, 2, 5, 10, 20, 50].find((each) => last / each <= 16) ?? 100;
  const count = Math.floor((last + 1e-9) / step) + 1;
  const lines = Array.from({ length: count }, (_, i) => {
    const at = pixel(x(i * step));
    return `<line class="${i === 0 ? "ink" : "faint"}" x1="${at}" x2="${at}" y1="${TOP}" y2="${bottom}"/>
<text x="${at}" y="${bottom + 16}" text-anchor="middle">${Number((i * step).toFixed(1))} s</text>
`;
  });
  return lines.join("");
}

function row(index: number, name: string, content: string): string {
  return `<text x="0" y="${TOP + index * ROW + 17}">${escape(name)}</text>\n${content}`;
}

function bar(
  name: keyof typeof COLOURS,
  what: string,
  begin: number,
  end: number,
  x: Scale,
  index: number,
): string {
  const [left, right] = [x(begin), x(end)];
  const label = `${what}: ${seconds(end - begin)}, from ${seconds(begin)} to ${seconds(end)}`;
  const width = Math.max(1, right - left); // a phase of no time is there all the same
  const top = TOP + index * ROW + 5;
  const time = `<text class="on" x="${pixel((left + right) / 2)}" y="${top + 12}">${(end - begin).toFixed(2)}</text>\n`;
  return `<rect x="${pixel(left)}" y="${top}" width="${pixel(width)}" height="${BAR}" fill="${COLOURS[name]}"><title>${escape(label)}</title></rect>
${width < LABEL ? "" : time}`;
}

function ticks({ acknowledged, gap }: Ticks, x: Scale, index: number, last: number): string {
  const top = TOP + index * ROW + 5;
  const [left, right] = [x(gap.begin), x(gap.end)];
  const marks = acknowledged
    .filter((at) => at >= -BEFORE_S && at <= last)
    .map((at) => `M${pixel(x(at))} ${top}v${BAR}`)
    .join("");
  return `<rect class="gap" x="${pixel(left)}" y="${top}" width="${pixel(right - left)}" height="${BAR}"/>
<path class="ink" d="${marks}"/>
<text x="${pixel((left + right) / 2)}" y="${top + 12}" text-anchor="middle">${seconds(gap.end - gap.begin)}</text>
`;
}

/** The phases with their times in words: most bars are too narrow for a label. */
function key(phases: Drill["report"]["phases"], stop: { begin: number; end: number } | null): string {
  const spans = PHASE_NAMES.flatMap((name) => {
    const found = phases.find(({ phase }) => phase === name);
    return found ? [{ name, time: found.end - found.begin }] : [];
  });
  return [...(stop ? [{ name: "stop" as const, time: stop.end - stop.begin }] : []), ...spans]
    .map(
      ({ name, time }) => `<span><i style="background: ${COLOURS[name]}"></i>${name} ${seconds(time)}</span>`,
    )
    .join("\n");
}

const seconds = (value: number) => `${value.toFixed(2)} s`;
const pixel = (value: number) => Number(value.toFixed(1));

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
