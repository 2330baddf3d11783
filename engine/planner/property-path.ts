/** `a.b[0]["odd.key"]` in parts; `*` stands for any one. */
export type PropertyPath = readonly (string | number)[];

/** @throws Error for a path that is not well formed */
export function parsePath(text: string): PropertyPath {
  const parts: (string | number)[] = [];
  const pattern = /(?:^|\.)([^.[\]]+)|\[(\d+)\]|\[\*\]|\[("(?:[^"\\]|\\.)*")\]/gy;
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`'${text}' is not a property path, from '${text.slice(at)}' on`);
    if (match[1] !== undefined) parts.push(match[1]);
    else if (match[2] !== undefined) parts.push(Number(match[2]));
    else if (match[3] !== undefined) parts.push(JSON.parse(match[3]) as string);
    else parts.push("*");
    at = pattern.lastIndex;
  }
  return parts;
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
