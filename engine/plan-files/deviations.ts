import {
  containsUnknown,
  equalValues,
  isList,
  isMap,
  Secret,
  Unknown,
  type Value,
  type ValueMap,
} from "../../wire/values";
import { shownMap } from "../event-stream";
import type { OpType } from "../events";
import type { Goal } from "../planner/goal";
import { parseProviderReference } from "../urn";
import type { PlannedGoal, PropertyChanges } from "./deployment-plan";

/** True if a value is what was planned: an unknown one may have become anything, also nothing. */
export function fits(planned: Value, actual: Value | undefined): boolean {
  if (planned instanceof Unknown) return true;
  if (planned instanceof Secret) {
    // An unknown secret is a bare unknown once it went through a provider's check.
    if (containsUnknown(planned) && !(actual instanceof Secret))
      return actual === undefined || fits(planned.element, actual);
    return actual instanceof Secret && fits(planned.element, actual.element);
  }
  if (isList(planned)) {
    return isList(actual) && actual.length === planned.length && planned.every((item, at) => fits(item, actual[at]));
  }
  if (!isMap(planned)) return equalValues(planned, actual);
  if (!isMap(actual)) return false;
  const keys = new Set([...Object.keys(planned), ...Object.keys(actual)]);
  return [...keys].every(key => {
    const wanted = planned[key];
    return wanted === undefined ? false : fits(wanted, actual[key]);
  });
}

/** `value: planned 1, now 2` for every property that is not what a plan made of the state. */
export function propertyDeviations(planned: PropertyChanges, olds: ValueMap, news: ValueMap): string[] {
  const deleted = new Set(planned.deletes);
  const keys = new Set([planned.adds, planned.updates, olds, news].flatMap(map => Object.keys(map)));
  return [...keys].sort().flatMap(key => {
    const change = planned.adds[key] ?? planned.updates[key];
    const expected = change ?? (deleted.has(key) ? undefined : olds[key]);
    const actual = news[key];
    const same = change === undefined ? equalValues(expected, actual) : fits(change, actual);
    return same ? [] : [`${key}: planned ${textOf(expected)}, now ${textOf(actual)}`];
  });
}

function textOf(value: Value | undefined): string {
  if (value === undefined) return "absent";
  const text = JSON.stringify(shownMap({ value }).value);
  const longest = 120;
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** Options of a resource that are not as planned. */
export function optionDeviations(planned: PlannedGoal, actual: Goal): string[] {
  const { options } = planned;
  const open = [planned.inputs.adds, planned.inputs.updates].some(map => Object.values(map).some(containsUnknown));
  const rows: [string, unknown, unknown][] = [
    ["type", options.type, actual.type],
    ["parent", options.parent ?? "", actual.parent ?? ""],
    ["protect", options.protect === true, actual.protect === true],
    ["provider", providerOf(options.provider), providerOf(actual.provider)],
    ["deleteBeforeReplace", options.deleteBeforeReplace ?? null, actual.deleteBeforeReplace ?? null],
    ["ignoreChanges", sorted(options.ignoreChanges), sorted(actual.ignoreChanges)],
    ["replaceOnChanges", sorted(options.replaceOnChanges), sorted(actual.replaceOnChanges)],
    ["additionalSecretOutputs", sorted(options.additionalSecretOutputs), sorted(actual.additionalSecretOutputs)],
    ["aliases", sorted(options.aliases), sorted(actual.aliases)],
    ["import", options.importId ?? "", actual.importId ?? ""],
    ["customTimeouts", timeouts(options.customTimeouts), timeouts(actual.customTimeouts)],
    ["retainOnDelete", options.retainOnDelete === true, actual.retainOnDelete === true],
    ["deletedWith", options.deletedWith ?? "", actual.deletedWith ?? ""],
    ["replaceWith", sorted(options.replaceWith), sorted(actual.replaceWith)],
    // What an output depends on may show only once it is known.
    ["dependencies", sorted(options.dependencies), sorted(open ? common(options, actual) : actual.dependencies)],
  ];
  return rows.flatMap(([name, wanted, found]) => {
    const [before, after] = [JSON.stringify(wanted), JSON.stringify(found)];
    return before === after ? [] : [`option ${name}: planned ${before}, now ${after}`];
  });
}

function common(planned: Pick<Goal, "dependencies">, actual: Goal): string[] {
  return actual.dependencies.filter(urn => planned.dependencies.includes(urn));
}

function providerOf(reference: string | undefined): string {
  return reference === undefined ? "" : parseProviderReference(reference).urn;
}

function sorted(texts: readonly string[]): string[] {
  return [...texts].sort();
}

function timeouts({
  create = 0,
  update = 0,
  delete: remove = 0,
  read = 0,
}: NonNullable<Goal["customTimeouts"]> = {}): number[] {
  return [create, update, remove, read];
}

/**
 * True if an operation may stand where another was planned: `same` for one that adds or changes, as what is there already need not
 * be done again, and `update` for a replacement, which an unknown value made of it (pulumi/pulumi pkg/resource/deploy, 3.260).
 */
export function standsFor(op: OpType, planned: readonly OpType[]): boolean {
  const replaces = planned.includes("replace");
  if (op === "same") return replaces || planned.some(other => MILDER_IS_SAME.has(other));
  return op === "update" && replaces;
}

const MILDER_IS_SAME: ReadonlySet<OpType> = new Set(["same", "create", "update", "import"]);
