import type { Deployment, Resource } from "./deployment";

/**
 * The state without the operations that a killed run has left in it, of which the engine would only warn, at every
 * run, for ever. A command may have run in part. So one that was being made joins the state, so that it is removed
 * with the rest; and one that was being made or changed differs from what the program asks for, whatever that is, so
 * that the next `up` runs it again: ours can all be run twice.
 */
export function settle(state: Deployment): Deployment {
  const { pending_operations: pending = [], resources = [], ...rest } = state.deployment;
  const cutOff = new Set(
    pending.filter(({ type }) => type !== "deleting").map(({ resource }) => resource.urn),
  );
  const known = new Set(resources.map(({ urn }) => urn));
  const made = pending.flatMap(({ type, resource }) =>
    type === "creating" && isCommand(resource) && !known.has(resource.urn) ? [adopt(resource)] : [],
  );
  const settled = [...resources, ...made].map((resource) =>
    isCommand(resource) && cutOff.has(resource.urn) ? differing(resource) : resource,
  );
  return { ...state, deployment: { ...rest, resources: settled } };
}

/** What was under way, in words. */
export function underWay({ deployment: { pending_operations: pending = [] } }: Deployment): string {
  return pending.map(({ type, resource }) => `${type} ${resource.urn.split("::").at(-1)}`).join(", ");
}

const isCommand = ({ type }: Resource) => type.startsWith("command:");

function adopt(resource: Resource): Resource {
  const id = `${resource.urn.split("::").at(-1)}-cut-off`;
  return { ...resource, id, outputs: { ...resource.inputs, stdout: "", stderr: "" } };
}

/** The other value of an input that matters to no run of it by itself. */
function differing({ inputs, outputs, ...rest }: Resource): Resource {
  const flipped = { addPreviousOutputInEnv: !inputs?.["addPreviousOutputInEnv"] };
  return { ...rest, inputs: { ...inputs, ...flipped }, outputs: { ...outputs, ...flipped } };
}
