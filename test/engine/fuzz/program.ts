import { makeUrn, STACK_TYPE, stackUrn } from "../../../engine/urn";
import type { Declared, Edit } from "./case";

export const STACK = "dev";
export const PROJECT = "fuzz";
export const STACK_URN = stackUrn(STACK, PROJECT);
export const PROVIDER_TYPE = "pulumi:providers:fuzz";

const TYPES = {
  thing: "fuzz:index:Thing",
  component: "fuzz:index:Group",
  get: "fuzz:index:Thing",
  provider: PROVIDER_TYPE,
} as const;

/** A declared resource with what it is called, and its references found. */
export interface Placed {
  readonly of: Declared;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent?: Placed;
  readonly from: readonly Placed[];
  readonly pinned: readonly Placed[];
  /** Components stand for what is in them, as in the SDK. */
  readonly dependsOn: readonly Placed[];
  readonly provider?: Placed;
  readonly deletedWith?: Placed;
}

/** The program as the engine will see it, in order; references to what comes later, or to nothing, are left out. */
export function place(program: readonly Declared[]): Placed[] {
  const placed = new Map<number, Placed>();
  const customIn = (group: Placed): Placed[] =>
    [...placed.values()]
      .filter(each => each.parent === group)
      .flatMap(each => (isCustom(each) ? [each] : customIn(each)));
  for (const of of program) {
    const found = (keys: readonly number[] | undefined): Placed[] => (keys ?? []).flatMap(key => placed.get(key) ?? []);
    const custom = (keys: readonly number[] | undefined): Placed[] => found(keys).filter(isCustom);
    const [parent] = of.parent === undefined ? [] : found([of.parent]).filter(each => each.of.kind !== "provider");
    const label = ["", "b", "c"][of.label ?? 0] ?? "";
    const name = of.inherits && parent ? `${parent.name}-k${of.key}${label}` : `k${of.key}${label}`;
    const type = TYPES[of.kind];
    placed.set(of.key, {
      of,
      type,
      name,
      urn: makeUrn(STACK, PROJECT, parent?.urn ?? STACK_URN, type, name),
      parent,
      from: custom(of.from),
      pinned: custom(of.pinned),
      dependsOn: [...new Set(found(of.dependsOn).flatMap(each => (isCustom(each) ? [each] : customIn(each))))],
      provider: found(of.provider === undefined ? [] : [of.provider]).find(each => each.of.kind === "provider"),
      deletedWith: custom(of.deletedWith === undefined ? [] : [of.deletedWith]).find(each => each.of.kind === "thing"),
    });
  }
  return [...placed.values()];
}

/** What the option `import` of a resource names; another one for each URN, as two can't have the same object. */
export function importIdOf(each: Placed): string {
  return `imp ${each.urn.split("::").slice(2).join(" ")}`;
}

function isCustom(each: Placed): boolean {
  return each.of.kind === "thing" || each.of.kind === "get";
}

/** The next program of a case. */
export function edited(program: readonly Declared[], edits: readonly Edit[]): Declared[] {
  return edits.reduce<Declared[]>((now, edit) => editedOnce(now, edit), [...program]);
}

function editedOnce(program: Declared[], edit: Edit): Declared[] {
  if (edit.edit === "add") {
    // Whoever had the key is gone; the new one is another.
    return [...program.filter(each => each.key !== edit.resource.key), edit.resource];
  }
  if (edit.edit === "remove") return program.filter(each => each.key !== edit.key);
  if (edit.edit === "set") return program.map(each => (each.key === edit.key ? { ...each, ...edit.to } : each));
  const before = place(program).find(each => each.of.key === edit.key);
  return program.map(each => {
    if (each.key !== edit.key || before === undefined) return each;
    const { parent: _parent, ...rest } = each;
    const parent = edit.parent === undefined ? each.parent : edit.parent < 0 ? undefined : edit.parent;
    const aliases = edit.alias ? [...new Set([...(each.aliases ?? []), before.urn])] : [];
    return { ...rest, ...(parent === undefined ? {} : { parent }), label: edit.label ?? each.label ?? 0, aliases };
  });
}

export const STACK_RESOURCE = { urn: STACK_URN, type: STACK_TYPE, name: `${PROJECT}-${STACK}` };
