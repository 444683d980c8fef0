/** The resources that a master may act on, by their ARNs. */
export interface MasterRights {
  /** Whose routes to the virtual address it replaces. @default none */
  routeTables: readonly string[];
  /** Between which it moves the address. */
  interfaces: readonly string[];
  /** Both masters: each switches the other off. */
  instances: readonly string[];
}

interface Statement {
  Sid: string;
  Effect: "Allow";
  Action: string[];
  Resource: string[];
  Principal?: Record<string, string>;
}

const policy = (statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });

/** Who may take the role: EC2, for an instance that has it. */
export const ec2Trust = policy([
  { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "ec2.amazonaws.com" } },
]);

/**
 * What a master may do: move the address, and switch the other off and on again. Describing has no rights by resource in
 * EC2, so only there stands `*`.
 */
export function masterPolicy({ routeTables, interfaces, instances }: MasterRights): string {
  const allow = (Sid: string, actions: string[], Resource: readonly string[]): Statement[] =>
    Resource.length === 0
      ? []
      : [{ Sid, Effect: "Allow", Action: actions.map((name) => `ec2:${name}`), Resource: [...Resource] }];
  return policy([
    ...allow("MoveRoute", ["CreateRoute", "ReplaceRoute"], routeTables),
    ...allow("MoveAddress", ["AssignPrivateIpAddresses"], interfaces),
    ...allow("Fence", ["StopInstances", "StartInstances"], instances),
    ...allow("Look", ["DescribeInstances", "DescribeNetworkInterfaces", "DescribeRouteTables"], ["*"]),
  ]);
}
