/** What executes the guests of a stack: all of them the same, since each type has networks of its own. */
export enum MachineType {
  /** User-mode Linux: a kernel that is a process. Near native speed. */
  Uml = "uml",
  /** QEMU, with KVM where that works: Debian's own kernel. */
  Qemu = "qemu",
}

/** The type of that name. */
export function asMachineType(name: unknown): MachineType | undefined {
  return Object.values<unknown>(MachineType).includes(name) ? (name as MachineType) : undefined;
}

/** How a stack's configuration asks for a type. */
export function configured(type: MachineType): string {
  return `ha-nfs:lab: { machine: ${type} }`;
}

/** What to do where a type does not work here. */
export function otherWay(type: MachineType): string {
  const other = type === MachineType.Uml ? MachineType.Qemu : MachineType.Uml;
  return `or take the other type of machine: ${configured(other)} in the stack's configuration`;
}
