import { type Change, isProvider, resourceName, symbols } from "./names";
import { alone, type Branch, fold, type Group } from "./plan-folding";
import { changesOf } from "./property-diff";
import { inputLines, propertyLines } from "./property-text";
import { replaceReason } from "./replace-reason";
import type { RunModel, ShownResource } from "./run-model";
import type { Style } from "./style";

export interface PlanOptions {
  readonly style: Style;
  /** `--diff`: every property, nothing cut or folded. */
  readonly whole?: boolean;
}

const namesShown = 8;
const gutter = 5;

/** The component tree with what changes; what stays the same is a number. */
export function planTree(model: RunModel, options: PlanOptions): string[] {
  return siblings(branchesOf(model), 0, options);
}

function branchesOf(model: RunModel): Branch[] {
  const children = new Map<string, ShownResource[]>();
  for (const resource of model.resources.values()) {
    const parent = model.resources.has(resource.parent) ? resource.parent : "";
    children.set(parent, [...(children.get(parent) ?? []), resource]);
  }
  const build = (resource: ShownResource): Branch => {
    const below = (children.get(resource.urn) ?? []).map(build);
    const changes = resource.change !== "same" || resource.failed === true || below.some(child => child.changes);
    return { resource, children: below, changes };
  };
  return (children.get("") ?? []).map(build);
}

function siblings(branches: readonly Branch[], depth: number, options: PlanOptions): string[] {
  const shown = branches.filter(branch => branch.changes);
  const same = branches.filter(branch => !branch.changes);
  const groups = options.whole ? shown.map(alone) : fold(shown);
  const lines = groups.flatMap(group => groupLines(group, depth, options));
  const count = same.reduce((sum, branch) => sum + size(branch), 0);
  if (count > 0) lines.push(`${" ".repeat(gutter + depth * 2)}${options.style.faint(`${count} unchanged`)}`);
  return lines;
}

/** Unchanged resources in a branch; the default providers are nobody's concern. */
function size(branch: Branch): number {
  const own = isProvider(branch.resource.type) ? 0 : 1;
  return branch.children.reduce((sum, child) => sum + size(child), own);
}

function groupLines({ shown, rest, words }: Group, depth: number, options: PlanOptions): string[] {
  const lines = shown.flatMap(branch => branchLines(branch, depth, options));
  if (rest.length === 0) return lines;
  const names = rest.map(other => resourceName(other.resource.urn).name);
  const listed = names.slice(0, namesShown).join(", ") + (names.length > namesShown ? ", …" : "");
  const note = `… and ${rest.length} more ${words}: ${listed}`;
  return [...lines, `${" ".repeat(gutter + depth * 2)}${options.style.faint(note)}`];
}

function branchLines(branch: Branch, depth: number, options: PlanOptions): string[] {
  const { resource } = branch;
  const { name, type } = resourceName(resource.urn);
  const paint = painter(resource.change, options.style);
  const symbol = symbols[resource.change].padStart(3).padEnd(gutter);
  const failed = resource.failed ? options.style.bad("  failed") : "";
  const indent = " ".repeat(gutter + depth * 2 + 4);
  return [
    `${paint(symbol)}${"  ".repeat(depth)}${paint(name)}  ${options.style.faint(type)}${failed}`,
    ...resourceLines(resource, options).map(line => indent + line),
    ...siblings(branch.children, depth + 1, options),
  ];
}

function resourceLines(resource: ShownResource, options: PlanOptions): string[] {
  const { metadata, change } = resource;
  if (change === "create") return options.whole ? inputLines(metadata.new?.inputs ?? {}, options) : [];
  if (change !== "update" && change !== "replace") return [];
  const lines = changesOf(metadata).flatMap(difference => propertyLines(difference, options));
  const keys = metadata.keys ?? [];
  const unready = metadata.old?.initErrors ?? [];
  if (change === "replace" && keys.length > 0)
    lines.unshift(options.style.replace(`replace because ${replaceReason(metadata)}`));
  if (change === "update" && lines.length === 0 && unready.length > 0)
    lines.push(`was not ready: ${unready.join("; ")}`);
  return lines;
}

export function painter(change: Change, style: Style): (text: string) => string {
  switch (change) {
    case "create":
    case "import":
      return style.good;
    case "update":
      return style.change;
    case "replace":
      return style.replace;
    case "delete":
    case "forget":
      return style.bad;
    case "read":
      return style.info;
    default:
      return text => text;
  }
}
