import { formatPath, show, type Path, type Report } from "../report";

/** A value and where it is; an undefined value is none. */
export interface Found<V> {
  readonly path: Path;
  readonly value: V | undefined;
}

/** The values of a list that is at `path`. */
export function listed<V>(path: Path, list: readonly (V | undefined)[] = []): Found<V>[] {
  return list.map((value, i) => ({ path: [...path, i], value }));
}

/** Reports each of `entries` whose value an earlier one has. */
export function checkUnique(
  entries: readonly Found<string | number>[],
  allowed: string,
  mend: string,
  report: Report,
): void {
  const first = new Map<string | number, Path>();
  for (const { path, value } of entries) {
    if (value === undefined) continue;
    const earlier = first.get(value);
    if (earlier === undefined) first.set(value, path);
    else report(path, `${show(value)}, which ${formatPath(earlier)} has too`, allowed, mend);
  }
}
