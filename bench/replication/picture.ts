import type { Outcome } from "./figures";

const COLOURS: Record<string, string> = { ours: "#1b7f4d", "lsyncd-1": "#c4472b", "lsyncd-15": "#3b5fb0" };
const WIDTH = 900;
const HEIGHT = 260;
const MARGIN = { left: 64, right: 20, top: 34, bottom: 40 };
const LEAST = 0.01;

/** An SVG picture: lag over time, one panel a workload, one colour a contender; the median and, thinner, the maximum. */
export function picture(outcomes: readonly Outcome[]): string {
  const workloads = [...new Set(outcomes.filter((o) => o.lagOverTime?.length).map((o) => o.workload))];
  const panels = workloads.map((workload, i) =>
    panel(
      workload,
      outcomes.filter((o) => o.workload === workload && o.lagOverTime?.length),
      i * HEIGHT,
    ),
  );
  const height = Math.max(1, workloads.length) * HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${height}" fill="white"/>
${panels.join("")}</svg>
`;
}

function panel(title: string, outcomes: readonly Outcome[], top: number): string {
  const points = outcomes.flatMap((o) => o.lagOverTime ?? []);
  const lastSecond = Math.max(1, ...points.map((point) => point.second));
  const decades = {
    from: Math.log10(LEAST),
    to: Math.max(0, Math.ceil(Math.log10(Math.max(...points.map((p) => p.max))))),
  };
  const x = (second: number) => MARGIN.left + (second / lastSecond) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (lag: number) => {
    const part = (Math.log10(Math.max(LEAST, lag)) - decades.from) / (decades.to - decades.from);
    return top + HEIGHT - MARGIN.bottom - part * (HEIGHT - MARGIN.top - MARGIN.bottom);
  };
  const ticks = Array.from({ length: decades.to - decades.from + 1 }, (_, i) => 10 ** (decades.from + i));
  const grid = ticks.map(
    (
      lag,
    ) => `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at(y(lag))}" y2="${at(y(lag))}" stroke="#ddd"/>
<text x="${MARGIN.left - 6}" y="${at(y(lag) + 4)}" text-anchor="end">${Number(lag.toPrecision(1))} s</text>
`,
  );
  const lines = outcomes.map((o) => {
    const path = (of: "p50" | "max") =>
      (o.lagOverTime ?? []).map((point) => `${at(x(point.second))},${at(y(point[of]))}`).join(" ");
    const colour = COLOURS[o.contender] ?? "#555";
    return `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${path("p50")}"/>
<polyline fill="none" stroke="${colour}" stroke-width="0.7" points="${path("max")}"/>
`;
  });
  const legend = [...new Set(outcomes.map((o) => o.contender))].map(
    (name, i) =>
      `<text x="${MARGIN.left + 160 + i * 90}" y="${top + 20}" fill="${COLOURS[name] ?? "#555"}">${name}</text>\n`,
  );
  const bottom = top + HEIGHT - 12;
  return `<text x="${MARGIN.left}" y="${top + 20}" font-weight="bold">${title}: lag</text>
${legend.join("")}${grid.join("")}${lines.join("")}<text x="${MARGIN.left}" y="${bottom}">0</text>
<text x="${WIDTH - MARGIN.right}" y="${bottom}" text-anchor="end">${lastSecond} s after the first write</text>
`;
}

const at = (pixel: number) => pixel.toFixed(1);
