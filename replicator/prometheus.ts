/** One measurement: its labels, such as `{slave="s1"}`, or none, and its value; undefined: there is none now. */
export type Sample = readonly [labels: string, value: number | undefined];

/** One metric with all its measurements; the name is without `ha_nfs_`. */
export type Metric = readonly [
  name: string,
  type: "gauge" | "counter",
  help: string,
  samples: readonly Sample[],
];

/** Content-Type of what `exposition` returns. */
export const EXPOSITION = "text/plain; version=0.0.4";

/** Metrics in Prometheus' text format. */
export function exposition(metrics: readonly Metric[]): string {
  return metrics.map(text).join("");
}

function text([name, type, help, samples]: Metric): string {
  const metric = `ha_nfs_${name}`;
  const lines = samples.flatMap(([labels, value]) =>
    value === undefined ? [] : `${metric}${labels} ${value}\n`,
  );
  return `# HELP ${metric} ${help}\n# TYPE ${metric} ${type}\n${lines.join("")}`;
}
