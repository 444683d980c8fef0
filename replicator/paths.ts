/** The directory that a path is in; empty for a tree. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The tree that a path is in. */
export function treeOf(path: string): string {
  const slash = path.indexOf("/");
  return slash < 0 ? path : path.slice(0, slash);
}

/** Where `path` is after a rename; undefined when that does not move it. */
export function moved(path: string, { from, to }: { from: string; to: string }): string | undefined {
  if (!path.startsWith(from)) return undefined;
  return path.length === from.length || path[from.length] === "/" ? to + path.slice(from.length) : undefined;
}
