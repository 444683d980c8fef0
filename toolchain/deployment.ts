/** The parts of a stack's exported state that are read here. */
export interface Deployment {
  deployment: {
    resources?: Resource[];
    pending_operations?: { resource: Resource; type: string }[];
  };
}

export interface Resource {
  urn: string;
  type: string;
  id?: string;
  protect?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}
