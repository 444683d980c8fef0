import { DRILLS } from "../../scripts/drillOptions";
import { COLOURS } from "../../scripts/drillPage";
import { PHASE_NAMES } from "../../scripts/drillPhases";
import { type DrillSummary, summarize } from "../../scripts/drillSummary";
import type { Measured } from "./results";

const WIDTH = 900;
const LEFT = 190;
const RIGHT = 150;
const ROW = 58;
const HEAD = 34;
const FOOT = 30;

const STYLE = `text { font: 12px sans-serif; fill: #1a1a1a; } .title { font-weight: bold; } .paper { fill: #ffffff; } .faint { stroke: #d8d8d8; }
.writer { stroke: #1a1a1a; stroke-width: 1.5; } .fresh { stroke: #c0399f; stroke-width: 1.5; } .freshText { fill: #c0399f; }
@media (prefers-color-scheme: dark) { text { fill: #e6e6e6; } .paper { fill: #161616; } .faint { stroke: #3a3a3a; } .writer { stroke: #e6e6e6; }
.fresh { stroke: #ff8ae2; } .freshText { fill: #ff8ae2; } }`;

/** Pixels that the text of a mark takes. */
const MARK = 34;
/** Seconds that have a line, those of them that have room. */
const MARKS = [0, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];

/**
 * An SVG picture: a panel a drill, with the same scale, which is the square root's: of two setups one may take a hundred
 * times as long. Of each setup the phases' medians one after the other, and under them the stall of each run, of both series.
 */
export function picture(results: readonly Measured[]): string {
  const some = results.filter(({ runs }) => runs.length > 0);
  const most = Math.max(1, ...some.flatMap(({ runs }) => runs.flatMap(stalls)));
  const x = (seconds: number) => LEFT + Math.sqrt(seconds / (most * 1.02)) * (WIDTH - LEFT - RIGHT);
  let top = HEAD;
  const panels = DRILLS.flatMap((drill) => {
    const rows = some.filter((each) => each.drill === drill);
    if (rows.length === 0) return [];
    const text = panel(drill, rows, top, x, most);
    top += HEAD + rows.length * ROW + FOOT;
    return [text];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}">
<style>${STYLE}</style>
<rect class="paper" width="${WIDTH}" height="${top}"/>
${key()}${panels.join("")}</svg>
`;
}

const stalls = ({ stallSeconds, fresh }: Measured["runs"][number]) => [stallSeconds, fresh.stallSeconds];

type Scale = (seconds: number) => number;

function panel(drill: string, rows: readonly Measured[], top: number, x: Scale, most: number): string {
  const [first, bottom] = [top + HEAD, top + HEAD + rows.length * ROW];
  const marks = MARKS.filter((mark) => mark <= most).reduce<number[]>(
    (kept, mark) => (kept.length > 0 && x(mark) - x(kept.at(-1) ?? 0) < MARK ? kept : [...kept, mark]),
    [],
  );
  const grid = marks.map((mark) => {
    const at = pixel(x(mark));
    return `<line class="faint" x1="${at}" x2="${at}" y1="${first}" y2="${bottom}"/>
<text x="${at}" y="${bottom + 16}" text-anchor="middle">${mark} s</text>
`;
  });
  const title = `<text class="title" x="10" y="${top + 22}">${drill}</text>\n`;
  const content = rows.map((row, i) => setup(row, first + i * ROW, x));
  return title + grid.join("") + content.join("");
}

function setup({ setup: name, drill, runs }: Measured, top: number, x: Scale): string {
  const all = summarize(drill, runs);
  const bars: string[] = [];
  let begin = 0;
  for (const phase of PHASE_NAMES) {
    const median = all.phases[phase]?.p50 ?? 0;
    if (median > 0)
      bars.push(
        `<rect x="${pixel(x(begin))}" y="${top + 6}" width="${pixel(x(begin + median) - x(begin))}" height="16" fill="${COLOURS[phase]}"><title>${phase} ${median.toFixed(2)} s</title></rect>\n`,
      );
    begin += Math.max(0, median);
  }
  const strip = (series: "writer" | "fresh", from: number) =>
    runs
      .map((run) => pixel(x(series === "writer" ? run.stallSeconds : run.fresh.stallSeconds)))
      .map((at) => `<line class="${series}" x1="${at}" x2="${at}" y1="${from}" y2="${from + 12}"/>\n`)
      .join("");
  return `<text x="10" y="${top + 19}">${name}</text>
${bars.join("")}${strip("writer", top + 24)}${strip("fresh", top + 38)}${medians(all, top)}`;
}

function medians({ writer, fresh }: DrillSummary, top: number): string {
  const label = (style: string, y: number, name: string, p50 = NaN) =>
    `<text class="${style}" x="${WIDTH - RIGHT + 14}" y="${y}">${name} p50 ${p50.toFixed(2)} s</text>\n`;
  return label("", top + 34, "writer", writer?.p50) + label("freshText", top + 49, "fresh", fresh?.p50);
}

function key(): string {
  return PHASE_NAMES.map(
    (phase, i) => `<rect x="${10 + i * 100}" y="10" width="10" height="10" fill="${COLOURS[phase]}"/>
<text x="${25 + i * 100}" y="20">${phase}</text>
`,
  ).join("");
}

const pixel = (value: number) => Number(value.toFixed(1));
