import { createInterface } from "node:readline/promises";
import { UserError } from "./process";

/**
 * Has a person type the stack's name, after `show` has shown what would be done. Where it fails, so do we.
 *
 * @returns an exit status, 0 if the person wants it.
 * @throws UserError where no person is, or types something else.
 */
export async function consent(verb: string, stack: string, show: () => Promise<number>): Promise<number> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UserError(
      `the stack ${stack} is on machines that exist, so ${verb} asks first, and here is no terminal: ` +
        `run it on one, or add --yes (npm run ${verb} -- --stack ${stack} --yes); nothing was changed`,
    );
  }
  const status = await show();
  if (status !== 0) return status;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  const question = `${verb} on the stack ${stack}, which is on machines that exist: type its name to go on: `;
  const typed = await Promise.race([terminal.question(question), ended]);
  terminal.close();
  if (typed.trim() !== stack) throw new UserError(`that is not ${stack}: nothing was changed`);
  return 0;
}
