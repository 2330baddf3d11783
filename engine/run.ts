import type { EngineEvent, SummaryEvent } from "./events";

export type RunKind = "preview" | "up" | "refresh" | "destroy";

/** Starts or finds the provider server of a package, and says where it listens (`unix:/path`). */
export interface PluginHost {
  address(packageName: string, version: string | undefined): Promise<string>;
}

export interface RunOptions {
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
  readonly targets?: readonly string[];
  /** What depends on a target is a target too. */
  readonly targetDependents?: boolean;
  readonly replaces?: readonly string[];
  readonly expectNoChanges?: boolean;
  readonly clearPendingCreates?: boolean;
  /** Kinds `refresh` and `destroy`: show what would happen; no lock, no change. For `up` there is kind `preview`. */
  readonly previewOnly?: boolean;
  readonly message?: string;
  /** Called in order, never at the same time. */
  onEvent(event: EngineEvent): void;
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
