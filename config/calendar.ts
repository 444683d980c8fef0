/** systemd's words for a calendar expression: systemd.time(7). */
const WORDS = [
  "minutely",
  "hourly",
  "daily",
  "weekly",
  "monthly",
  "quarterly",
  "semiannually",
  "yearly",
  "annually",
];
const DAY = "(mon(day)?|tue(sday)?|wed(nesday)?|thu(rsday)?|fri(day)?|sat(urday)?|sun(day)?)";
const WEEKDAYS = new RegExp(`^${DAY}(\\.\\.${DAY})?(,${DAY}(\\.\\.${DAY})?)*$`, "i");
const DATE = /^(?:(?<year>[^-]+)-)?(?<month>[^-]+)-(?<day>[^-]+)$/;
const TIME = /^(?<hour>[^:]+):(?<minute>[^:]+)(?::(?<second>[^:]+))?$/;
const RANGES = {
  year: [1970, 2199],
  month: [1, 12],
  day: [1, 31],
  hour: [0, 23],
  minute: [0, 59],
  second: [0, 59],
} as const;

/** Numbers with commas between: each alone, `*`, or `FIRST..LAST`, and maybe `/STEP` behind. */
function isList(text: string, [least, most]: readonly [number, number]): boolean {
  return text.split(",").every((part) => {
    const [, first, last, step] = /^(?:\*|(\d{1,4})(?:\.\.(\d{1,4}))?)(?:\/(\d{1,4}))?$/.exec(part) ?? [
      "-",
      "-1",
    ];
    const numbers = [first, last].flatMap((number) => (number === undefined ? [] : [Number(number)]));
    const isOrdered = last === undefined || Number(first) <= Number(last);
    const isStep = step === undefined || (Number(step) > 0 && Number(first ?? least) + Number(step) <= most);
    return isOrdered && isStep && numbers.every((number) => least <= number && number <= most);
  });
}

function isMatch(form: RegExp, text: string | undefined): boolean {
  if (text === undefined) return true;
  const groups = form.exec(text)?.groups;
  return (
    groups !== undefined &&
    Object.entries(RANGES).every(([key, range]) => groups[key] === undefined || isList(groups[key], range))
  );
}

/**
 * Whether `text` is a calendar expression: a word, or weekdays, date and time, each of them or some. Systemd takes all
 * that, and more: time zones, days counted from a month's end.
 */
export function isCalendar(text: string): boolean {
  if (WORDS.includes(text)) return true;
  const rest = text.replace(/ UTC$/, "").split(" ");
  if (WEEKDAYS.test(rest[0] ?? "")) rest.shift();
  else if (rest[0] === "") return false;
  const date = rest[0]?.includes(":") === false ? rest.shift() : undefined;
  const time = rest.shift();
  return rest.length === 0 && isMatch(DATE, date) && isMatch(TIME, time);
}
