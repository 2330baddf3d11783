import type { Executor } from "./executor/executor";
import { bareGoal } from "./planner/goal";
import { plainImportStep, sameStep } from "./planner/step";
import { bareState, type ResourceState } from "./resource";
import type { Session } from "./session";
import type { Journal } from "./state/journal";
import { makeUrn, packageOf, providerType, stackUrn } from "./urn";

/** An object that is there already, and what it shall be called. */
export interface Import {
  /** `package:module:Type`. */
  readonly type: string;
  readonly name: string;
  readonly id: string;
  /** URN; default: the stack. */
  readonly parent?: string;
  /** URN of a provider in the state; default: the package's default provider. */
  readonly provider?: string;
  readonly protect: boolean;
}

export interface ImportParts {
  readonly stack: string;
  readonly project: string;
  readonly journal: Journal;
  readonly executor: Executor;
  readonly session: Session;
}

/**
 * Takes objects over into the state as their providers have them; no program is run
 * (pulumi/pulumi pkg/resource/deploy/import.go, 3.260).
 * A name that is taken, or a parent that is not there, is a step that fails.
 * @throws Error for an unknown provider
 */
export async function importAll(imports: readonly Import[], parts: ImportParts): Promise<void> {
  const { journal, executor, session, stack, project } = parts;
  const olds = journal.snapshot().resources.filter(state => !state.delete);
  for (const old of olds) await executor.chain([sameStep(old, old)]);
  const root = stackUrn(stack, project);
  if (!olds.some(({ urn }) => urn === root)) await session.register(bareGoal(root, false, {}));
  for (const wanted of imports) {
    const parent = wanted.parent ?? root;
    const urn = makeUrn(stack, project, parent, wanted.type, wanted.name);
    const there = olds.find(state => state.urn === urn);
    if ((there?.importID ?? there?.id) === wanted.id) continue;
    const lost = parent !== root && !olds.some(state => state.urn === parent);
    const refused =
      there !== undefined
        ? `resource '${urn}' already exists`
        : lost
          ? `unknown parent '${parent}' for resource '${urn}'`
          : undefined;
    const next: ResourceState = {
      ...bareState(urn, wanted.type, true),
      parent,
      protect: wanted.protect || undefined,
      provider: await providerFor(wanted, olds, parts),
      importID: wanted.id,
    };
    await executor.chain([plainImportStep(next, refused)]);
  }
}

async function providerFor(wanted: Import, olds: readonly ResourceState[], parts: ImportParts): Promise<string> {
  const { stack, project, session } = parts;
  const type = providerType(packageOf(wanted.type));
  const urn = wanted.provider ?? makeUrn(stack, project, undefined, type, "default");
  const known = olds.find(state => state.urn === urn);
  if (known !== undefined) return `${urn}::${known.id ?? ""}`;
  if (wanted.provider !== undefined) throw new Error(`no provider '${wanted.provider}' in the state`);
  return session.defaultProvider(wanted.type, { version: "", downloadUrl: "" });
}
