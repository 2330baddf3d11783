import { type ResourceState, requirementsOf } from "./resource";
import { isProviderType, STACK_TYPE } from "./urn";

/** What --target, --exclude and their companions say; undefined or empty: everything. */
export interface Scope {
  readonly targets?: readonly string[];
  readonly excludes?: readonly string[];
  /** What depends on a target is one too. */
  readonly targetDependents?: boolean;
  readonly excludeDependents?: boolean;
}

/** URNs by name or by pattern: `*` stands for anything but `:`, `**` for anything. */
export class UrnPatterns {
  private readonly literals: ReadonlySet<string>;
  private readonly patterns: readonly RegExp[];

  constructor(private readonly texts: readonly string[] = []) {
    this.literals = new Set(texts.filter(text => !text.includes("*")));
    this.patterns = texts.filter(text => text.includes("*")).map(patternOf);
  }

  get given(): boolean {
    return this.texts.length > 0;
  }

  /** Those that name one URN. */
  get named(): readonly string[] {
    return [...this.literals];
  }

  /** What to say of each that names nothing; in stock's words. */
  complaints(isKnown: (urn: string) => boolean): string[] {
    return this.named
      .filter(urn => !isKnown(urn))
      .map(urn => {
        const hint = urn.includes("$") ? "" : " Did you forget to escape $ in your shell?";
        return `Target '${urn}' could not be found in the stack.${hint}`;
      });
  }

  has(urn: string): boolean {
    return this.literals.has(urn) || this.patterns.some(pattern => pattern.test(urn));
  }
}

function patternOf(text: string): RegExp {
  const quoted = (part: string): string => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const anywhere = text.split("**").map(part => part.split("*").map(quoted).join("[^:]*"));
  return new RegExp(`^${anywhere.join(".*")}$`);
}

/** The part of a run that is carried out (pulumi/pulumi pkg/resource/deploy/step_generator.go isIncludedInOperation, 3.260). */
export class Targets {
  readonly targets: UrnPatterns;
  readonly excludes: UrnPatterns;
  /** What goes in, or stays out, because of what it depends on. */
  private readonly drawnIn = new Set<string>();
  /** New, and not targeted. */
  private readonly skipped = new Set<string>();

  constructor(private readonly scope: Scope) {
    this.targets = new UrnPatterns(scope.targets);
    this.excludes = new UrnPatterns(scope.excludes);
  }

  get limited(): boolean {
    return this.targets.given || this.excludes.given;
  }

  /** Whether a resource takes part. To be asked in order: what depends on another is asked after it. */
  includes(state: ResourceState): boolean {
    if (this.targets.given) return this.hit(state, this.targets, this.scope.targetDependents);
    return !this.hit(state, this.excludes, this.scope.excludeDependents);
  }

  /** A registration takes part also if nothing could go on without it: providers and the stack. */
  take(state: ResourceState): boolean {
    return this.includes(state) || isProviderType(state.type) || state.type === STACK_TYPE;
  }

  private hit(state: ResourceState, patterns: UrnPatterns, dependents: boolean | undefined): boolean {
    const hit =
      patterns.has(state.urn) || (dependents === true && [...requirementsOf(state)].some(urn => this.drawnIn.has(urn)));
    if (hit) this.drawnIn.add(state.urn);
    return hit;
  }

  /** Notes that a new resource is not made. */
  skip(urn: string): void {
    this.skipped.add(urn);
  }

  /** What a step would need and only a wider target, or a narrower exclusion, would make. */
  missing(state: ResourceState): string | undefined {
    return [...requirementsOf(state)].find(urn => this.skipped.has(urn));
  }
}

/** These, and everything that they depend on, directly or not. */
export function requiredBy(urns: Iterable<string>, resources: readonly ResourceState[]): Set<string> {
  const required = new Set(urns);
  // What is required stands before what requires it.
  for (const state of [...resources].reverse()) {
    if (required.has(state.urn)) for (const urn of requirementsOf(state)) required.add(urn);
  }
  return required;
}

/** Whether the state has a resource of this name. */
export function hasResource(resources: readonly ResourceState[]): (urn: string) => boolean {
  const urns = new Set(resources.map(state => state.urn));
  return urn => urns.has(urn);
}

/** @throws Error for a name in the options that the state does not have */
export function refuseUnknown({ targets, excludes }: Scope, resources: readonly ResourceState[]): void {
  const isKnown = hasResource(resources);
  const unknown = [targets, excludes].flatMap(texts => new UrnPatterns(texts).named).find(urn => !isKnown(urn));
  if (unknown !== undefined) throw new Error(`no resource named '${unknown}' found`);
}
