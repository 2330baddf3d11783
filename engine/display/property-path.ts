import type { PropertyPath } from "../planner/property-path";

const part = /^(?:\.?([^.[\]"]+)|\[(\d+)\]|\.?\["((?:[^"\\]|\\.)*)"\])/;

/** An unreadable path is taken as one key. */
export function parsePath(text: string): PropertyPath {
  const path: (string | number)[] = [];
  let rest = text;
  while (rest !== "") {
    const match = part.exec(rest);
    if (!match) return [text];
    if (match[2] !== undefined) path.push(Number(match[2]));
    else path.push(match[1] ?? (match[3] ?? "").replace(/\\(.)/g, "$1"));
    rest = rest.slice(match[0].length);
  }
  return path;
}

/** The value at a path; undefined where the path leads nowhere. */
export function valueAt(value: unknown, path: PropertyPath): unknown {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}
