import { type StepStates, shownMap } from "./event-stream";
import type { EngineEvent, SummaryEvent } from "./events";
import type { Import } from "./import";
import { Operation } from "./operation";
import type { Scope } from "./targets";
import { stackUrn } from "./urn";

export type RunKind = "preview" | "up" | "refresh" | "destroy" | "import";

/**
 * Starts or finds the provider server of a package, and says where it listens (`unix:/path`). Called once for each provider
 * resource of a run. `engineAddress` is where the server may send its log lines; servers that run already learn it by `Attach`.
 */
export interface PluginHost {
  address(packageName: string, version: string | undefined, engineAddress: string): Promise<string>;
}

export interface RunOptions extends Scope {
  readonly kind: RunKind;
  /** Folder with Pulumi.yaml. */
  readonly projectRoot: string;
  readonly stack: string;
  readonly passphrase: string;
  readonly plugins: PluginHost;
  /** Steps at the same time. */
  readonly parallel: number;
  /** `options.refresh` of Pulumi.yaml or `--refresh`. */
  readonly refreshFirst?: boolean;
  readonly continueOnError?: boolean;
  /** Kinds `refresh` and `destroy`: show what would happen; no lock, no change. For `up` there is kind `preview`. */
  readonly previewOnly?: boolean;
  /** Kind `destroy`: protected resources stay, and what they depend on. */
  readonly excludeProtected?: boolean;
  /** Kind `import`: what is taken over. */
  readonly imports?: readonly Import[];
  readonly replaces?: readonly string[];
  readonly expectNoChanges?: boolean;
  readonly clearPendingCreates?: boolean;
  readonly message?: string;
  /** Kind `preview`: the file that the plan is written to. */
  readonly savePlan?: string;
  /** The file with the plan that this run, or the preview before it, is held against. */
  readonly plan?: string;
  /** Called in order, never at the same time. `states` are those that the event of a step tells of. */
  onEvent(event: EngineEvent, states?: StepStates): void;
  /** First abort: finish the running steps and stop. The executor's `cancel` is the second. */
  readonly stop?: AbortSignal;
  readonly cancel?: AbortSignal;
}

export interface RunResult {
  readonly result: "succeeded" | "failed";
  readonly changes: SummaryEvent["resourceChanges"];
  /** True if anything was created, updated, replaced or deleted (outputs of the stack alone do not count). */
  readonly hasChanges: boolean;
  /** Stack outputs; secrets are `[secret]`. */
  readonly outputs: Record<string, unknown>;
  /** Stock's exit code: 0, 1, or 7 for unexpected changes. */
  readonly exitCode: number;
}

const EXIT_FAILED = 1;
const EXIT_UNEXPECTED_CHANGES = 7;
const NO_CHANGES: ReadonlySet<string> = new Set(["same", "read", "refresh"]);

/**
 * Carries out one preview, update, refresh or destroy of a stack. Failures of resources and of the program are events and a
 * result; what keeps the run from starting is thrown.
 * @throws NoSuchStackError, WrongPassphraseError, LockedError, Error naming a damaged or unfit file
 */
export async function run(options: RunOptions): Promise<RunResult> {
  const operation = await Operation.open(options);
  const { failed, changes, snapshot } = await operation.run();
  const hasChanges = Object.entries(changes).some(([op, count]) => (count ?? 0) > 0 && !NO_CHANGES.has(op));
  const stack = snapshot.resources.find(state => state.urn === stackUrn(options.stack, operation.project.name));
  const unexpected = !failed && options.expectNoChanges === true && hasChanges;
  return {
    result: failed ? "failed" : "succeeded",
    changes,
    hasChanges,
    outputs: shownMap(stack?.outputs ?? {}),
    exitCode: failed ? EXIT_FAILED : unexpected ? EXIT_UNEXPECTED_CHANGES : 0,
  };
}
