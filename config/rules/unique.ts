import { formatPath, show, type Path, type Report } from "../report";

/** Reports each of `entries` whose value an earlier one has; an undefined value is none. */
export function checkUnique(
  entries: readonly { readonly path: Path; readonly value: string | number | undefined }[],
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
