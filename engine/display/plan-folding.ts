import { resourceName } from "./names";
import { changesOf } from "./property-diff";
import type { ShownResource } from "./run-model";

/** From this many siblings that change in the same way, one is shown for all. */
const foldBranches = 3;
const foldLeaves = 6;
/** From this many that change in the same properties, each to other values, a few are shown for all. */
const foldShapes = 9;
const shapesShown = 3;

export interface Branch {
  readonly resource: ShownResource;
  readonly children: Branch[];
  /** Anything in it changes. */
  readonly changes: boolean;
}

/** Siblings that are shown, and those that they stand for. */
export interface Group {
  readonly shown: readonly Branch[];
  readonly rest: readonly Branch[];
  /** How the rest is like what is shown. */
  readonly words: string;
}

export function alone(branch: Branch): Group {
  return { shown: [branch], rest: [], words: "" };
}

/** Siblings, with those that say the same taken together. */
export function fold(branches: readonly Branch[]): Group[] {
  const alike = gather(branches, branch => [likeness(branch)]).flatMap((group): Group[] => {
    const least = group.some(branch => branch.children.length > 0) ? foldBranches : foldLeaves;
    if (group.length < least) return group.map(alone);
    return [{ shown: group.slice(0, 1), rest: group.slice(1), words: "like it" }];
  });
  return gather(alike, ({ shown }) => shown.map(shape)).flatMap((groups): Group[] => {
    if (groups.length < foldShapes) return groups;
    const members = groups.flatMap(({ shown, rest }) => [...shown, ...rest]);
    const words = "that change in the same properties (--diff shows all)";
    return [{ shown: members.slice(0, shapesShown), rest: members.slice(shapesShown), words }];
  });
}

function gather<T>(items: readonly T[], keyOf: (item: T) => readonly string[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item).join("\n");
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

/** Two branches are alike if they read the same once their own names are left out. A failed one is like no other. */
function likeness(branch: Branch): string {
  return withoutNames(branch, change => JSON.stringify(change));
}

/** What is left of the likeness without the values. */
function shape(branch: Branch): string {
  return withoutNames(branch, ({ path, replaces, observed }) => JSON.stringify({ path, replaces, observed }));
}

type Change = ReturnType<typeof changesOf>[number];

function withoutNames(branch: Branch, describeChange: (change: Change) => string): string {
  if (branch.resource.failed) return branch.resource.urn;
  const { name } = resourceName(branch.resource.urn);
  const parent = resourceName(branch.resource.parent).name;
  const short = name.startsWith(`${parent}-`) ? name.slice(parent.length + 1) : name;
  const text = describe(branch, describeChange).join("\n");
  return short === "" ? text : text.replace(wordPattern(name), "*").replace(wordPattern(short), "*");
}

function wordPattern(word: string): RegExp {
  return new RegExp(`(?<!\\w)${word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}(?!\\w)`, "g");
}

function describe(branch: Branch, describeChange: (change: Change) => string): string[] {
  const { resource } = branch;
  const { name, type } = resourceName(resource.urn);
  const changes = resource.change === "update" || resource.change === "replace" ? changesOf(resource.metadata) : [];
  return [
    `${resource.change} ${type} ${name} ${resource.failed ? resource.urn : ""} ${(resource.metadata.keys ?? []).join()}`,
    ...changes.map(describeChange),
    ...branch.children.flatMap(child => describe(child, describeChange)),
  ];
}
