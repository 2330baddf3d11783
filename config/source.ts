import { isMap, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import { type FieldPath, formatPath, type Problem } from "./problem";

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A parsed YAML file that knows where each value stands. */
export interface Source {
  readonly file: string;
  readonly value: unknown;
  /** Problems of the YAML itself: bad indentation, a key twice. */
  readonly problems: readonly Problem[];
  /** Position of the value at the path, or of the nearest ancestor that is there. */
  locate(path: FieldPath): Position;
  /** Position of a key of the map at the path. */
  locateKey(path: FieldPath, key: string): Position;
}

export function parseSource(file: string, text: string): Source {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, version: "1.2" });
  const position = (offset: number): Position => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const nodeAt = (path: FieldPath): Node | undefined => {
    const found = path.length === 0 ? document.contents : document.getIn(path, true);
    return found ? (found as Node) : undefined;
  };
  const locate = (path: FieldPath): Position => {
    for (let length = path.length; length >= 0; length--) {
      const range = nodeAt(path.slice(0, length))?.range;
      if (range) return position(range[0]);
    }
    return { line: 1, column: 1 };
  };
  return {
    file,
    value: document.errors.length === 0 ? document.toJS() : undefined,
    problems: document.errors.map(error => ({
      file,
      ...position(error.pos[0]),
      path: "",
      found: yamlTrouble(error.code, error.message),
      expected: "correct YAML",
      remedy: "correct the line",
    })),
    locate,
    locateKey: (path, key) => {
      const map = nodeAt(path);
      const pair = isMap(map)
        ? map.items.find(item => isScalar(item.key) && String(item.key.value) === key)
        : undefined;
      const range = isScalar(pair?.key) ? pair.key.range : undefined;
      return range ? position(range[0]) : locate(path);
    },
  };
}

function yamlTrouble(code: string, message: string): string {
  if (code === "DUPLICATE_KEY") return "a key that the map has already";
  if (code === "TAB_AS_INDENT") return "a tab as indentation";
  return `'${message.split("\n")[0] ?? code}'`;
}

/** A problem at a path of the source. */
export function problemAt(
  source: Source,
  path: FieldPath,
  text: Pick<Problem, "found" | "expected" | "remedy">,
): Problem {
  return { file: source.file, ...source.locate(path), path: formatPath(path), ...text };
}
