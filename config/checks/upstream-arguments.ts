import { type ArgumentShape, argumentListVersion, argumentsOf } from "../../recipes/ms-swift/argument-list";
import { settingOf } from "../../recipes/ms-swift/profile-3";
import type { Check, CheckRule } from "../check";
import { nearest } from "../nearest";
import type { FieldPath } from "../problem";
import type { Cluster } from "../schema";
import type { ArgumentValue } from "../schema/values";

/** Arguments under `args` against the list of the version: an unknown one stops every rank after its imports. */
export const checkUpstreamArguments: CheckRule = cluster => {
  const { pipeline } = cluster;
  if (!pipeline) return [];
  const { train, convert } = pipeline;
  return [
    ...(train ? checkEach(cluster, train.tool, train.args, ["pipeline", "train", "args"]) : []),
    ...(convert ? checkEach(cluster, "swift export", convert.args, ["pipeline", "convert", "args"]) : []),
    ...(pipeline.export
      ? checkEach(cluster, "swift export", pipeline.export.args, ["pipeline", "export", "args"])
      : []),
  ];
};

function checkEach(
  cluster: Cluster,
  command: string,
  args: Readonly<Record<string, ArgumentValue>>,
  path: FieldPath,
): Check[] {
  const known = argumentsOf(command);
  if (!known) return [];
  return Object.entries(args).flatMap(([name, value]): Check[] => {
    const where = [...path, name];
    const setting = settingOf(command, name);
    if (setting !== undefined) {
      return [
        {
          code: "argument-is-setting",
          severity: "error",
          path: where,
          found: `${name} under args`,
          expected: `the setting ${setting}, on which checks and later steps depend`,
          remedy: `move it: ${setting}`,
        },
      ];
    }
    const shape = known.get(name);
    return shape ? wrongArgument(where, name, value, shape) : [unknownArgument(cluster, command, where, name, known)];
  });
}

function unknownArgument(
  cluster: Cluster,
  command: string,
  path: FieldPath,
  name: string,
  known: ReadonlyMap<string, ArgumentShape>,
): Check {
  const { swift } = cluster.image;
  const likely = nearest(name, known.keys());
  const isListed = swift === argumentListVersion;
  return {
    code: "argument-unknown",
    // Newer versions have more arguments than the list.
    severity: isListed ? "error" : "warning",
    path,
    found: `argument ${name}`,
    expected: `an argument of ${command} in ms-swift ${argumentListVersion}${isListed ? "" : `; the list of ${swift} is not known`}`,
    remedy: likely ? `write ${likely}` : `remove it; ${command} --help lists them`,
  };
}

function wrongArgument(path: FieldPath, name: string, value: ArgumentValue, shape: ArgumentShape): Check[] {
  const base = { code: "argument-wrong", severity: "error", path, found: `${name}: ${String(value)}` } as const;
  if (shape.choices && !shape.choices.includes(String(value))) {
    const likely = nearest(String(value), shape.choices);
    return [{ ...base, expected: `one of ${shape.choices.join(", ")}`, remedy: `write ${likely ?? shape.choices[0]}` }];
  }
  const expected = expectedOf(shape.type, value);
  return expected === undefined ? [] : [{ ...base, expected, remedy: `write ${expected} for ${name}` }];
}

function expectedOf(type: ArgumentShape["type"], value: ArgumentValue): string | undefined {
  const text = String(value);
  switch (type) {
    case "bool":
      return /^(true|false|yes|no|1|0)$/i.test(text) ? undefined : "true or false";
    case "int":
      return /^-?\d+$/.test(text) ? undefined : "a whole number";
    case "float":
      return !Array.isArray(value) && text !== "" && Number.isFinite(Number(text)) ? undefined : "a number";
    case "text":
    case "json":
      return Array.isArray(value) ? "one value" : undefined;
    case "list":
      return undefined;
  }
}
