import { randomInt } from "node:crypto";
import type { Resource } from "../provider";
import type { Failure } from "../shape";
import { isUnknown, plain, secret, unwrap } from "../values";
import type { Properties } from "../values";

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const NUMERIC = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

const DEFAULTS: Properties = {
  lower: true,
  upper: true,
  numeric: true,
  special: true,
  minLower: 0,
  minUpper: 0,
  minNumeric: 0,
  minSpecial: 0,
};

interface Rules {
  length: number;
  lower: boolean;
  upper: boolean;
  numeric: boolean;
  special: boolean;
  minLower: number;
  minUpper: number;
  minNumeric: number;
  minSpecial: number;
  overrideSpecial?: string;
}

/**
 * `random:index/randomPassword:RandomPassword`. Every change of an input makes a new one.
 * The official output `bcryptHash` is absent: nothing here computes bcrypt.
 */
export const randomPassword: Resource = {
  inputs: {
    length: { type: "number", required: true },
    keepers: { type: "object" },
    lower: { type: "boolean" },
    upper: { type: "boolean" },
    number: { type: "boolean" },
    numeric: { type: "boolean" },
    special: { type: "boolean" },
    minLower: { type: "number" },
    minUpper: { type: "number" },
    minNumeric: { type: "number" },
    minSpecial: { type: "number" },
    overrideSpecial: { type: "string" },
  },
  outputs: ["result"],
  complete,
  failures,
  replaces: () => true,
  id: () => "none",
  create: (inputs) => ({ result: secret(generate(plain(inputs) as unknown as Rules)) }),
  update: (_inputs, state) => ({ result: state["result"] ?? null }),
  delete: () => undefined,
};

/**
 * The inputs with their defaults: a default written out is no change, and makes no new password. The official provider
 * keeps them among the outputs alone. `number` is the old name of `numeric`; both hold the same.
 */
function complete(inputs: Properties): Properties {
  const given = Object.fromEntries(
    Object.entries(inputs).filter(([name, value]) => value !== null && !name.startsWith("__")),
  );
  const numeric = given["numeric"] ?? given["number"] ?? true;
  return { ...DEFAULTS, ...given, numeric, number: numeric };
}

function failures(inputs: Properties): Failure[] {
  if (Object.values(inputs).some((value) => isUnknown(unwrap(value)))) return [];
  const rules = plain(complete(inputs)) as unknown as Rules;
  const least = Math.max(1, rules.minLower + rules.minUpper + rules.minNumeric + rules.minSpecial);
  const found: Failure[] = [];
  if (rules.length < least) found.push({ property: "length", reason: `this must be at least ${least}` });
  if (classes(rules).every(({ characters }) => characters === "")) {
    found.push({ property: "length", reason: "there is no character that the password may have" });
  }
  return found;
}

/** The characters of each class, and how many of them the password has at least. */
function classes(rules: Rules): { characters: string; least: number }[] {
  return [
    { characters: rules.lower ? LOWER : "", least: rules.minLower },
    { characters: rules.upper ? LOWER.toUpperCase() : "", least: rules.minUpper },
    { characters: rules.numeric ? NUMERIC : "", least: rules.minNumeric },
    { characters: rules.special ? rules.overrideSpecial || SPECIAL : "", least: rules.minSpecial },
  ];
}

function generate(rules: Rules): string {
  const all = classes(rules)
    .map(({ characters }) => characters)
    .join("");
  const picked = classes(rules).flatMap(({ characters, least }) => pick(characters, characters ? least : 0));
  return shuffle([...picked, ...pick(all, rules.length - picked.length)]).join("");
}

function pick(characters: string, count: number): string[] {
  return Array.from({ length: count }, () => characters.charAt(randomInt(characters.length)));
}

/** Fisher and Yates. */
function shuffle(items: string[]): string[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [items[i], items[j]] = [items[j] as string, items[i] as string];
  }
  return items;
}
