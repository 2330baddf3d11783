import { type KnownArguments, knownArguments } from "../../recipes/ms-swift/argument-list";
import { trainContext } from "../../recipes/ms-swift/context";
import { adapterSource, exportRows, exportSource, toMcoreRows } from "../../recipes/ms-swift/export-rows";
import { otherName, settingNames } from "../../recipes/ms-swift/other-names";
import type { Row } from "../../recipes/ms-swift/rows";
import { trainRows } from "../../recipes/ms-swift/train";
import type { Check, CheckRule } from "../check";
import { nearest } from "../nearest";
import type { FieldPath } from "../problem";
import type { ArgumentValue } from "../schema/values";
import { valueFault } from "./argument-value";

/** Arguments under `args` against the lists of the version: an unknown one stops every rank after its imports. */
export const checkUpstreamArguments: CheckRule = cluster => {
  const { pipeline, image } = cluster;
  if (!pipeline) return [];
  const { train, convert, export: back, infer, serve } = pipeline;
  const judge = (
    part: "train" | "convert" | "export" | "infer" | "serve",
    command: string,
    args: Args,
    rows: readonly Row[],
  ) => {
    const judged = { command, version: image.swift, rows, path: ["pipeline", part, "args"] };
    return [...checkEach(judged, args), ...checkSettings(judged)];
  };
  return [
    ...(train ? judge("train", train.tool, train.args, trainRows(train, trainContext(cluster, train))) : []),
    ...(convert ? judge("convert", convert.tool, convert.args, toMcoreRows(cluster, convert)) : []),
    ...(back ? judge("export", back.tool, back.args, rowsOfExport(cluster, back)) : []),
    // Which of theirs are settings is told by checkServingArguments.
    ...(infer ? judge("infer", "swift infer", infer.args, []) : []),
    ...(serve?.engine === "swift" ? judge("serve", "swift deploy", serve.args, []) : []),
  ];
};

type Args = Readonly<Record<string, ArgumentValue>>;

function rowsOfExport(...[cluster, back]: Parameters<typeof exportSource>): Row[] {
  const source = exportSource(cluster, back);
  if (source.kind === "convert") return exportRows(cluster, back, source);
  return adapterSource(source.newest.folder, back.output);
}

interface Judged {
  readonly command: string;
  readonly version: string;
  readonly rows: readonly Row[];
  readonly path: FieldPath;
}

function checkEach(judged: Judged, args: Args): Check[] {
  const known = knownArguments(judged.command, judged.version);
  if (!known) return [];
  return Object.entries(args).flatMap(([written, value]) => {
    // The parser takes both spellings.
    const name = written.replaceAll("-", "_");
    const path = [...judged.path, written];
    if (isSecret(name) && !isShortened(name, known)) return [secretArgument(path, name)];
    const setting = settingOf(judged.rows, name);
    if (setting !== undefined) return [argumentOfSetting(path, name, setting)];
    return checkOne({ ...judged, path }, name, value, known);
  });
}

/** Settings whose argument the version does not have, or not with this value; what other rules say of them is clearer. */
export const settingRefused = "setting-refused";

function checkSettings({ command, version, rows }: Judged): Check[] {
  const known = knownArguments(command, version);
  if (!known) return [];
  const lists = [known.list, ...(known.neighbour ? [known.neighbour] : [])];
  return rows.flatMap(({ argument, value, setting }): Check[] => {
    if (value === undefined || setting === undefined) return [];
    const shapes = lists.flatMap(list => list.arguments.get(argument) ?? []);
    const faults = shapes.map(shape => valueFault(value, shape));
    const [fault] = faults;
    if (shapes.length > 0 && faults.some(each => each === undefined)) return [];
    // What only a list of another line lacks is no evidence.
    if (shapes.length === 0 && !known.isExact && !known.neighbour) return [];
    const [part, ...rest] = setting.split(".");
    return [
      {
        code: settingRefused,
        severity: "error",
        path: ["pipeline", part ?? "", ...rest],
        found: `${String(value)}, which is --${argument} of ${command}`,
        expected: fault?.expected ?? `a setting that ms-swift ${known.list.version} has`,
        remedy: fault?.remedy ?? "remove it, or use an image with a version that has it",
      },
    ];
  });
}

function checkOne(judged: Judged, name: string, value: ArgumentValue, known: KnownArguments): Check[] {
  const { path } = judged;
  const lists = [known.list, ...(known.neighbour ? [known.neighbour] : [])];
  const having = lists.filter(list => list.arguments.has(name));
  const severityOf = (count: number) => (known.isExact || count === lists.length ? "error" : "warning");
  const isRenamed = !known.list.arguments.has(name) && otherName(name, known.list.arguments) !== undefined;
  if (having.length === 0 || isRenamed) return [absentArgument(judged, name, known)];
  const faults = having.flatMap(list => {
    const shape = list.arguments.get(name);
    const fault = shape && valueFault(value, shape);
    return fault ? [{ ...fault, version: list.version }] : [];
  });
  const [fault] = faults;
  if (fault) {
    const where = known.isExact ? "" : ` in ms-swift ${fault.version}`;
    const severity = severityOf(faults.length + lists.length - having.length);
    const found = `${name}: ${String(value)}`;
    return [
      { code: "argument-wrong", severity, path, found, expected: `${fault.expected}${where}`, remedy: fault.remedy },
    ];
  }
  // What the list of the version's own line has is not doubted because the other line has it no more, or not yet.
  const doubted = lists.filter(list => !having.includes(list) && lineOf(list.version) === lineOf(judged.version));
  if (doubted.length === 0) return [];
  return [
    {
      code: "argument-of-another-version",
      severity: "warning",
      path,
      found: `argument ${name}, which ms-swift ${having[0]?.version} has and ${doubted[0]?.version} has not`,
      expected: `an argument of ${judged.command} in ms-swift ${judged.version}, whose own list is not known`,
      remedy: `see that ${judged.command} --help lists it`,
    },
  ];
}

/** 3 or 4: the names of one line are not those of the other. */
function lineOf(version: string): string | undefined {
  return version.split(".")[0];
}

function absentArgument(judged: Judged, name: string, known: KnownArguments): Check {
  const { path } = judged;
  const names = [...known.list.arguments.keys()];
  const { command, version } = judged;
  const used = `ms-swift ${known.list.version}${known.neighbour ? ` and ${known.neighbour.version}` : ""}`;
  const expected = `an argument of ${command} in ${used}${known.isExact ? "" : `; the list of ${version} is not known`}`;
  const base = { path, found: `argument ${name}`, expected };
  const positive = name.startsWith("no_") ? name.slice(3) : undefined;
  if (positive !== undefined && known.list.arguments.get(positive)?.default === true) {
    const remedy = `write ${positive}: false`;
    return {
      ...base,
      code: "argument-negated",
      severity: "error",
      expected: `${positive}: --${name} takes no value`,
      remedy,
    };
  }
  const meant = names.filter(candidate => candidate.startsWith(name));
  if (meant.length > 0) return { ...base, ...abbreviation(judged, name, meant) };
  const elsewhere = settingNames(command).get(name);
  if (elsewhere !== undefined) {
    const remedy = `write ${elsewhere}, which is right for every version`;
    return { ...base, code: "argument-of-another-line", severity: "error", remedy };
  }
  const likely = otherName(name, known.list.arguments) ?? nearest(name, names);
  const setting = likely === undefined ? undefined : settingOf(judged.rows, likely);
  return {
    ...base,
    code: "argument-unknown",
    // Beyond the last list a version may have more.
    severity: known.isExact || known.neighbour ? "error" : "warning",
    remedy: setting ? `write ${setting}` : likely ? `write ${likely}` : `remove it; ${command} --help lists them`,
  };
}

function abbreviation(judged: Judged, name: string, meant: readonly string[]) {
  const [first = ""] = meant;
  const setting = meant.length === 1 ? settingOf(judged.rows, first) : undefined;
  const shown = meant.slice(0, 4);
  return {
    code: "argument-abbreviated",
    severity: "error",
    found: `${name}, an abbreviation of ${shown.join(", ")}${meant.length > shown.length ? " and others" : ""}`,
    expected: "the whole name: which argument an abbreviation means changes with the version",
    remedy: `write ${setting === undefined ? shown.join(" or ") : `the setting ${setting}`}`,
  } as const;
}

function argumentOfSetting(path: FieldPath, name: string, setting: string): Check {
  return {
    code: "argument-is-setting",
    severity: "error",
    path,
    found: `${name} under args`,
    expected: `the setting ${setting}, on which checks and later steps depend`,
    remedy: `move it: ${setting}`,
  };
}

function settingOf(rows: readonly Row[], name: string): string | undefined {
  const setting = rows.find(each => each.argument === name && each.setting !== undefined)?.setting;
  return setting === undefined ? undefined : `pipeline.${setting}`;
}

/** Arguments that hold a key: everybody on the host reads a command line, and logs and state keep it. */
function isSecret(name: string): boolean {
  return /(^|_)(token|secret|password|api_key)$/.test(name);
}

/** Whether a name only looks like a key's: `max_new_token` is max_new_tokens without its end. */
function isShortened(name: string, { list }: KnownArguments): boolean {
  return [...list.arguments.keys()].some(each => each !== name && each.startsWith(name) && !isSecret(each));
}

function secretArgument(path: FieldPath, name: string): Check {
  return {
    code: "secret-in-arguments",
    severity: "error",
    path,
    found: `${name} under args [secret]`,
    expected: "no secret on a command line",
    remedy: name.startsWith("swanlab")
      ? "write report: {swanlabApiKey: {secret: swanlabApiKey}}, then muster config set --secret swanlabApiKey"
      : "remove it, and change the secret: it has been in a file",
  };
}
