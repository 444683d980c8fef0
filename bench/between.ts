/** The markers of the part of a document that a bench writes. */
export const markers = (bench: string): readonly [begin: string, end: string] => [
  `<!-- bench ${bench}: begin -->`,
  `<!-- bench ${bench}: end -->`,
];

/**
 * The document with `text` between the markers of a bench.
 *
 * @throws Error when it lacks one
 */
export function between(document: string, bench: string, text: string): string {
  const [begin, end] = markers(bench);
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document lacks ${begin} or ${end}: put them back`);
  return `${document.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${document.slice(to)}`;
}

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
