import type { Alias } from "@pulumi/pulumi/proto/alias_pb";
import { makeUrn, nameOf } from "../urn";

export interface AliasSubject {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent: string | undefined;
}

/**
 * The URNs that a resource may have had: its own aliases, and those that follow from its parent's
 * (pulumi/pulumi pkg/resource/deploy/step_generator.go generateAliases, 3.260).
 */
export class AliasTable {
  private readonly byUrn = new Map<string, readonly string[]>();

  constructor(
    private readonly stack: string,
    private readonly project: string,
  ) {}

  resolve(subject: AliasSubject, urns: readonly string[], specs: readonly Alias[]): string[] {
    const found = new Set<string>(urns);
    for (const alias of specs) for (const urn of this.ofAlias(subject, alias)) found.add(urn);
    for (const parent of this.parentsOf(subject.parent)) {
      found.add(
        makeUrn(this.stack, this.project, parent, subject.type, inheritedName(subject.name, subject.parent, parent)),
      );
    }
    found.delete(subject.urn);
    this.byUrn.set(subject.urn, [...found]);
    return [...found];
  }

  private parentsOf(parent: string | undefined): readonly string[] {
    return parent === undefined ? [] : (this.byUrn.get(parent) ?? []);
  }

  private ofAlias(subject: AliasSubject, alias: Alias): string[] {
    const spec = alias.getSpec();
    if (spec === undefined) return alias.getUrn() === "" ? [] : [alias.getUrn()];
    const type = spec.getType() || subject.type;
    const name = spec.getName() || subject.name;
    const stack = spec.getStack() || this.stack;
    const project = spec.getProject() || this.project;
    const urnUnder = (parent: string | undefined): string => makeUrn(stack, project, parent, type, name);
    if (spec.getNoparent()) return [urnUnder(undefined)];
    const parent = spec.getParenturn() || subject.parent;
    return [parent, ...this.parentsOf(parent)].map(urnUnder);
  }
}

/** A child named after its parent is assumed to have been named after the parent's old name. */
function inheritedName(name: string, parent: string | undefined, oldParent: string): string {
  const parentName = parent === undefined ? "" : nameOf(parent);
  return parentName !== "" && name.startsWith(parentName) ? nameOf(oldParent) + name.slice(parentName.length) : name;
}
