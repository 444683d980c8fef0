import { LINK, MASTERS } from "./bare";

/** Of the one resource, whose device is /dev/drbd0. */
export const RESOURCE = "data";
export const DEVICE = "/dev/drbd0";
const DISK = "/dev/disk/by-id/virtio-data";

/** Sections of a DRBD resource, with their options. */
export type Sections = Readonly<Record<string, Readonly<Record<string, string | number>>>>;

/** A resource of DRBD 8.4, the same on both masters. */
export function drbdResource(sections: Sections): string {
  const block = (name: string, options: Sections[string]) =>
    `\t${name} {\n${Object.entries(options)
      .map(([option, value]) => `\t\t${option} ${value};\n`)
      .join("")}\t}\n`;
  const on = MASTERS.map((master) => block(`on ${master}`, { address: `${LINK[master]}:7788` }));
  const all = Object.entries(sections).map(([name, options]) => block(name, options));
  return `resource ${RESOURCE} {\n\tdevice ${DEVICE};\n\tdisk ${DISK};\n\tmeta-disk internal;\n${all.join("")}${on.join("")}}\n`;
}
