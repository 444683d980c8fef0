/** Quotes one word for a POSIX shell: whatever it holds, the shell sees exactly `value`. */
export function quote(value: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
