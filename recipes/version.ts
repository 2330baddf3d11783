/** What is compared of a version as PEP 440 has it: numbers, then pre-release, then post-release. A local part (`+cu126`) is left out. */
interface Parsed {
  readonly release: readonly number[];
  /** dev -4, a -3, b -2, rc -1, none 0; then its number. */
  readonly pre: readonly [number, number];
  readonly post: number;
}

const PRE: Readonly<Record<string, number>> = { dev: -4, a: -3, b: -2, rc: -1 };

function parse(version: string): Parsed | undefined {
  const match = /^v?(\d+(?:\.\d+)*)(?:\.?(a|b|rc|dev)(\d*))?(?:\.?post(\d+))?(?:\+[a-z0-9.]+)?$/i.exec(version.trim());
  if (!match) return undefined;
  const [, release = "", kind, number, post] = match;
  return {
    release: release.split(".").map(Number),
    pre: [PRE[kind?.toLowerCase() ?? ""] ?? 0, Number(number || 0)],
    post: post === undefined ? -1 : Number(post),
  };
}

/** Whether the text is a version that can be compared. */
export function isVersion(text: string): boolean {
  return parse(text) !== undefined;
}

/** Negative, zero or positive, as PEP 440 orders versions. @throws Error on a text that is no version */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [parse(left), parse(right)];
  if (!a || !b) throw new Error(`'${a ? right : left}' is no version`);
  for (let i = 0; i < Math.max(a.release.length, b.release.length); i++) {
    const difference = (a.release[i] ?? 0) - (b.release[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.pre[0] - b.pre[0] || a.pre[1] - b.pre[1] || a.post - b.post;
}

/** Whether a version is at least another. Of a text that only begins like a version (`0.10.0-nightly`) that beginning counts. */
export function isAtLeast(version: string, wanted: string): boolean {
  const known = isVersion(version) ? version : /^v?\d+(?:\.\d+)*/.exec(version)?.[0];
  return known !== undefined && compareVersions(known, wanted) >= 0;
}

/**
 * Whether a version is in a range such as `>=2.3,<3`. Operators: `>=`, `<=`, `>`, `<`, `==`, `!=`; `==2.5.*` is every 2.5.
 * An empty range takes all.
 */
export function satisfies(version: string, range: string): boolean {
  return range
    .split(",")
    .map(part => part.trim())
    .filter(Boolean)
    .every(part => {
      const [, operator = "==", wanted = ""] = /^(>=|<=|==|!=|>|<)?\s*(.*)$/.exec(part) ?? [];
      if (wanted.endsWith(".*")) return isWithin(version, wanted.slice(0, -2)) === (operator !== "!=");
      const order = compareVersions(version, wanted);
      const holds: Readonly<Record<string, boolean>> = {
        ">=": order >= 0,
        "<=": order <= 0,
        ">": order > 0,
        "<": order < 0,
        "!=": order !== 0,
      };
      return holds[operator] ?? order === 0;
    });
}

/** Whether a version begins with the numbers of another: 2.7.1 is within 2.7, 2.71 is not. */
export function isWithin(version: string, prefix: string): boolean {
  const have = parse(version)?.release ?? [];
  const want = parse(prefix)?.release ?? [];
  return want.length > 0 && want.every((number, index) => have[index] === number);
}

/** `2.7` of `2.7.1+cu126`. */
export function minorOf(version: string): string {
  return (parse(version)?.release ?? []).slice(0, 2).join(".");
}

/** A requirement of pip for a version that is declared: two numbers mean any patch of them. */
export function pinned(name: string, version: string): string {
  return /^\d+\.\d+$/.test(version) ? `${name}==${version}.*` : `${name}==${version}`;
}
