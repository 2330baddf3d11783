import { DiagnosedError } from "./diagnosed-error";
import type { Goal } from "./planner/goal";
import { isProviderType } from "./urn";

/** The part of a run that --target asks for. */
export class Targets {
  private readonly targeted: Set<string>;
  /** New, and not targeted. */
  private readonly skipped = new Set<string>();

  constructor(
    /** Undefined: all. */
    private readonly wanted: ReadonlySet<string> | undefined,
    /** What depends on a target is one too. */
    private readonly dependents: boolean,
  ) {
    this.targeted = new Set(wanted);
  }

  /** The URNs that were asked for by name. */
  get named(): string[] {
    return [...(this.wanted ?? [])];
  }

  has(urn: string): boolean {
    return this.wanted === undefined || this.targeted.has(urn);
  }

  /** Whether a registration is carried out: a target is, and so is what cannot be left out, a provider or a component. */
  take(goal: Goal): boolean {
    if (this.dependents && [...goal.dependencies, goal.parent ?? ""].some(urn => this.targeted.has(urn))) {
      this.targeted.add(goal.urn);
    }
    return this.has(goal.urn) || isProviderType(goal.type) || !goal.custom;
  }

  /** Notes that a new resource is not made. */
  skip(urn: string): void {
    this.skipped.add(urn);
  }

  /** @throws DiagnosedError if it needs something that only a wider target would make */
  refuseWhatNeedsMore(goal: Goal): void {
    const missing = goal.dependencies.find(urn => this.skipped.has(urn));
    if (missing === undefined) return;
    throw new DiagnosedError(goal.urn, [
      `Resource '${goal.urn}' depends on '${missing}' which was was not specified in --target list.`,
    ]);
  }
}
