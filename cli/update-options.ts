import { cpus } from "node:os";
import { InvalidArgumentError } from "commander";
import type { RunKind, RunOptions } from "../engine/run";

/** The flags of preview, up, refresh and destroy, as commander gives them. Names and meaning are Pulumi's. */
export interface UpdateFlags {
  readonly yes?: boolean;
  readonly skipPreview?: boolean;
  readonly previewOnly?: boolean;
  readonly expectNoChanges?: boolean;
  readonly json?: boolean;
  readonly eventLog?: string;
  readonly refresh?: boolean;
  readonly target?: readonly string[];
  readonly targetReplace?: readonly string[];
  readonly replace?: readonly string[];
  readonly targetDependents?: boolean;
  readonly exclude?: readonly string[];
  readonly excludeDependents?: boolean;
  readonly parallel?: number;
  readonly continueOnError?: boolean;
  readonly clearPendingCreates?: boolean;
  readonly savePlan?: string;
  readonly plan?: string;
  readonly remove?: boolean;
  readonly preserveConfig?: boolean;
  readonly excludeProtected?: boolean;
  readonly suppressOutputs?: boolean;
  readonly config?: readonly string[];
  readonly configPath?: boolean;
  readonly diff?: boolean;
  readonly message?: string;
}

/** What Pulumi.yaml says that bears on a run. */
export interface ProjectDefaults {
  /** `options.refresh: always` */
  readonly refreshAlways: boolean;
  /** The project uses this package's own provider: one bad host must not stop the others. */
  readonly isMuster: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;
type Decisions = Pick<
  RunOptions,
  | "kind"
  | "parallel"
  | "refreshFirst"
  | "continueOnError"
  | "targets"
  | "targetDependents"
  | "excludes"
  | "excludeDependents"
  | "excludeProtected"
  | "replaces"
  | "expectNoChanges"
  | "clearPendingCreates"
  | "message"
>;

/** Flags, environment and project put together; flags win. */
export function runDecisions(kind: RunKind, flags: UpdateFlags, env: Env, project: ProjectDefaults): Decisions {
  const replaced = [...(flags.replace ?? []), ...(flags.targetReplace ?? [])];
  const targets = [...(flags.target ?? []), ...(flags.targetReplace ?? [])];
  return {
    kind,
    parallel: flags.parallel ?? defaultParallel(env, project.isMuster),
    refreshFirst: kind !== "refresh" && (flags.refresh ?? project.refreshAlways),
    continueOnError: flags.continueOnError ?? truth(env.PULUMI_CONTINUE_ON_ERROR) ?? project.isMuster,
    expectNoChanges: flags.expectNoChanges ?? false,
    ...(targets.length > 0 && { targets }),
    ...(flags.targetDependents && { targetDependents: true }),
    ...(flags.exclude !== undefined && { excludes: flags.exclude }),
    ...(flags.excludeDependents && { excludeDependents: true }),
    ...(flags.excludeProtected && { excludeProtected: true }),
    ...(replaced.length > 0 && { replaces: replaced }),
    ...(flags.clearPendingCreates && { clearPendingCreates: true }),
    ...(flags.message !== undefined && { message: flags.message }),
  };
}

/**
 * Steps wait on hosts rather than on this machine's cores, each host has limits of its own (remote/pool.ts), and what is asked of a
 * host at the same time travels in one exec. With some 25 resources a host these are forty hosts at a time; with 64 steps an `up`
 * with nothing to do asked each of 32 hosts up to 12 times.
 */
const MUSTER_PARALLEL = 1024;

function defaultParallel(env: Env, isMuster: boolean): number {
  const asked = Number(env.PULUMI_PARALLEL);
  if (Number.isInteger(asked) && asked > 0) return asked;
  return isMuster ? MUSTER_PARALLEL : Math.max(64, 4 * cpus().length);
}

/** A variable of stock's that is set or not: `1` or `true`. */
export function truth(text: string | undefined): boolean | undefined {
  if (text === undefined || text === "") return undefined;
  return text === "1" || text.toLowerCase() === "true";
}

/** `--flag`, `--flag=true`, `--flag=false`, as Pulumi's flags read. */
export function parseBoolean(text: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw new InvalidArgumentError("true or false is expected.");
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("a whole number from 1 is expected.");
  return count;
}

export function collect(text: string, others: readonly string[] = []): string[] {
  return [...others, text];
}
