import { basename } from "node:path";
import { quote } from "../../toolchain/quote";

export { quote };

const END = "HA_NFS_END";

/**
 * One bash assignment. A text of several lines becomes a here-document, so that
 * `pulumi preview --diff` shows a changed line of it as one changed line.
 *
 * @throws RangeError when `name` is no shell name, or the text holds a line that would end the here-document.
 */
export function assign(name: string, value: string): string {
  if (!/^[A-Z][A-Z0-9_]*$/.test(name)) {
    throw new RangeError(`not a name for a shell variable: ${name}`);
  }
  if (!value.endsWith("\n")) {
    return `${name}=${quote(value)}\n`;
  }
  if (value.split("\n").includes(END)) {
    throw new RangeError(`${name}: no line may be ${END}`);
  }
  return `IFS= read -r -d '' ${name} <<'${END}' || :\n${value}${END}\n`;
}

/**
 * The text that a host's `bash -s -- apply|remove|verify` reads on stdin: the variables, the shared
 * functions and the script, which defines `apply`, `remove` and `verify`. Everything is read before the
 * first command runs, and the commands have no stdin, so none can swallow the rest of the text. `owner` is the
 * resource to which what the script makes belongs: `remove` leaves alone what another one has applied since.
 */
export function scriptText(
  name: string,
  owner: string,
  vars: Readonly<Record<string, string>>,
  library: string,
  script: string,
): string {
  const assignments = Object.entries(vars).map(([name, value]) => assign(name, value));
  return [
    "set -euo pipefail\n",
    ...assignments,
    library,
    script,
    `run ${quote(basename(name))} ${quote(owner)} "$@" </dev/null\nexit\n`,
  ].join("");
}
