import type { Alias } from "@pulumi/pulumi/proto/alias_pb";
import { makeUrn, nameOf, typeOf } from "../urn";

export interface AliasSubject {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent: string | undefined;
}

/**
 * The URNs that a resource may have had: its own aliases, and what follows from the name under which its parent was found
 * (pulumi/pulumi pkg/resource/deploy/step_generator.go generateAliases, 3.260).
 */
export class AliasTable {
  /** Old names by new ones, of what was found under an alias. */
  private readonly found = new Map<string, string>();

  constructor(
    private readonly stack: string,
    private readonly project: string,
  ) {}

  note(from: string, to: string): void {
    this.found.set(to, from);
  }

  /** In the order in which they are tried. */
  resolve(subject: AliasSubject, urns: readonly string[], specs: readonly Alias[]): string[] {
    const own = [...urns, ...specs.map(alias => this.urnOf(subject, alias))];
    const { parent } = subject;
    const oldParent = parent && this.found.get(parent);
    if (!parent || !oldParent) return [...new Set(own)];
    // A child named after its parent is assumed to have been named after the parent's old name.
    const inherited = (type: string, name: string): string => {
      const renamed = name.startsWith(nameOf(parent)) ? nameOf(oldParent) + name.slice(nameOf(parent).length) : name;
      return makeUrn(this.stack, this.project, oldParent, type, renamed);
    };
    const named = own.map(urn => inherited(typeOf(urn), nameOf(urn)));
    return [...new Set([...own, inherited(subject.type, subject.name), ...named])];
  }

  private urnOf(subject: AliasSubject, alias: Alias): string {
    const spec = alias.getSpec();
    if (spec === undefined) return alias.getUrn();
    const named = spec.getParenturn();
    const parent = spec.getNoparent() ? undefined : named ? (this.found.get(named) ?? named) : subject.parent;
    const [type, name] = [spec.getType() || subject.type, spec.getName() || subject.name];
    return makeUrn(spec.getStack() || this.stack, spec.getProject() || this.project, parent, type, name);
  }
}
