import { type DataSet, dataSets } from "../../recipes/data/sets";
import { containerOf } from "../../recipes/data/source";
import type { Check, CheckRule } from "../check";
import type { FieldPath } from "../problem";

const root = ["pipeline", "data"] as const;

/** Where the rows come from: each source as ms-swift reads it, none of them twice. */
export const checkData: CheckRule = ({ pipeline }) => {
  const data = pipeline?.data;
  if (!data) return [];
  const { training, validation } = dataSets(data);
  const all = [...training, ...validation];
  const checks: Check[] = [];
  if ((data.path === undefined) === (data.sets === undefined)) {
    const isNone = data.path === undefined;
    checks.push(
      refused(
        [],
        isNone ? "neither path nor sets" : "path and sets",
        "one of the two",
        "write path: /datasets/FILE.jsonl, or sets: […]",
      ),
    );
  }
  if (data.file !== undefined && data.path === undefined) {
    checks.push(
      refused(
        ["file"],
        "file without path",
        "the place in the container",
        "write path beside it, or sets: [{file: …, path: …}]",
      ),
    );
  }
  if (data.validation !== undefined && data.validationShare !== undefined) {
    const why = "one of the two: with validation ms-swift ignores the share";
    checks.push(refused(["validationShare"], "validation and validationShare", why, "remove validationShare"));
  }
  return [...checks, ...all.flatMap(checkSet), ...twice(training), ...twice(validation), ...otherFile(all)];
};

function checkSet(set: DataSet): Check[] {
  const checks: Check[] = [];
  if (set.rows !== undefined && !/^[1-9]\d*$/.test(set.rows)) {
    checks.push(
      refused(set.path, `#${set.rows} rows`, "a whole number from 1", "write NAME#500, or leave # out for all rows"),
    );
  }
  if (set.name === "" || (set.isPath && set.name.split("/").includes(".."))) {
    checks.push(refused(set.path, `the name '${set.name}'`, "a path without '..', or an id", "write an absolute path"));
  }
  if (set.hub !== undefined && !["hf", "ms"].includes(set.hub.toLowerCase())) {
    checks.push(refused(set.path, `${set.hub}:: in front`, "hf:: or ms::", "write hf::ID or ms::ID"));
  }
  if (set.isPath && set.subsets.length > 0 && /\.\w+$/.test(set.name)) {
    checks.push(
      refused(
        set.path,
        `subset ${set.subsets.join("/")} of a file`,
        "subsets of folders and ids alone",
        `write ${set.name}`,
      ),
    );
  }
  const container = set.isPath && /\.\w+$/.test(set.name) ? containerOf(set.name) : undefined;
  const isRead = container === undefined || typeof container === "string" || /\.(csv|parquet|arrow)$/.test(set.name);
  if (!isRead && typeof container !== "string") {
    checks.push(
      refused(
        set.path,
        container?.reason ?? "",
        "a .jsonl, .json, .csv, .txt or .parquet file",
        container?.remedy ?? "",
      ),
    );
  }
  if (isRead && typeof container === "object") {
    const { reason, remedy } = container;
    const expected = "a .jsonl, .json or .txt file, or rows that have been checked elsewhere";
    checks.push({ ...refused(set.path, reason, expected, remedy), code: "data-unchecked", severity: "warning" });
  }
  return checks;
}

/** The same source twice is mixed in twice. */
function twice(sets: readonly DataSet[]): Check[] {
  return sets.flatMap((set, i): Check[] => {
    const isAgain = sets
      .slice(0, i)
      .some(other => other.name === set.name && other.subsets.join() === set.subsets.join());
    if (!isAgain) return [];
    const found = `${set.name}, which stands there already: its rows would be trained twice`;
    return [
      { ...refused(set.path, found, "each once", "remove one, or ask for more rows: NAME#ROWS"), severity: "warning" },
    ];
  });
}

/** One place in the container, two files of the operator's side. */
function otherFile(sets: readonly DataSet[]): Check[] {
  return sets.flatMap((set, i): Check[] => {
    const other = sets.slice(0, i).find(each => each.name === set.name && each.file !== set.file);
    if (!other || set.file === undefined || other.file === undefined) return [];
    return [
      refused(
        set.path,
        `${set.file} for ${set.name}, where ${other.file} goes`,
        "a path of its own",
        "choose another path",
      ),
    ];
  });
}

function refused(path: FieldPath, found: string, expected: string, remedy: string): Check {
  return { code: "data", severity: "error", path: [...root, ...path], found, expected, remedy };
}
