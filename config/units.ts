import type { FieldNote } from "./schema/values";

const gib = 1024 ** 3;
const perUnit: Readonly<Record<NonNullable<FieldNote["unit"]>, Readonly<Record<string, number>>>> = {
  GiB: {
    k: 1024 / gib,
    kb: 1024 / gib,
    kib: 1024 / gib,
    m: 1024 ** 2 / gib,
    mb: 1024 ** 2 / gib,
    mib: 1024 ** 2 / gib,
    g: 1,
    gb: 1,
    gib: 1,
    t: 1024,
    tb: 1024,
    tib: 1024,
  },
  seconds: { ms: 0.001, s: 1, sec: 1, m: 60, min: 60, h: 3600, d: 86400 },
  minutes: { s: 1 / 60, sec: 1 / 60, m: 1, min: 1, h: 60, d: 1440 },
};

/** The number to write for a quantity with a suffix (`128g` in GiB is 128), if the text is one. Docker's suffixes are binary. */
export function unitAdvice(unit: NonNullable<FieldNote["unit"]>, value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(value);
  if (!match) return undefined;
  const suffix = (match[2] ?? "").toLowerCase();
  const factor = suffix === "" ? 1 : perUnit[unit][suffix];
  if (factor === undefined) return undefined;
  return Math.round(Number(match[1]) * factor * 1000) / 1000;
}
