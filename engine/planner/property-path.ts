/** `a.b[0]["odd.key"]` in parts; `*` stands for any one. */
export type PropertyPath = readonly (string | number)[];

/** As loosely as stock reads them. @throws Error for a path that is not well formed */
export function parsePath(text: string): PropertyPath {
  const parts: (string | number)[] = [];
  const pattern = /\.(?!$)|\[(-?\d+)\]|\[(\*)\]|\["((?:\\"|[^"])*)"\]|([^.[]+)/gy;
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null || text.startsWith(".")) {
      throw new Error(`'${text}' is not a property path, from '${text.slice(at)}' on`);
    }
    const [, index, any, quoted, name] = match;
    if (index !== undefined) parts.push(Number(index));
    const key = any ?? quoted?.replaceAll('\\"', '"') ?? name;
    if (key !== undefined) parts.push(key);
    at = pattern.lastIndex;
  }
  return parts;
}

/** The same; undefined for a path that is not well formed. */
export function readPath(text: string): PropertyPath | undefined {
  try {
    return parsePath(text);
  } catch {
    return undefined;
  }
}

/** The text of a path, as Pulumi writes it: `value.x`, `list[0]`, `env["odd.key"]`. */
export function formatPath(path: PropertyPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[^.[\]"\s]+$/.test(key)) text += text === "" ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}

/** True if `path` is at or below what `pattern` names. */
export function matchesPath(pattern: PropertyPath, path: PropertyPath): boolean {
  return pattern.length <= path.length && pattern.every((part, index) => part === "*" || part === path[index]);
}
