import type { z } from "zod";
import type { HostConnection } from "../remote/host-table";
import type { Ownership } from "../remote/ownership";
import type { Hosts, Runner } from "../remote/runner";

/** A field that the provider was told wrong. `property` is a path such as `mounts[1].host`. */
export interface CheckFailure {
  readonly property: string;
  /** What is wrong, what was expected, and the remedy. */
  readonly reason: string;
}

/** How a change of one input is carried out. */
export type ChangeMode = "update" | "replace" | "ignore";

export interface FieldPolicy {
  readonly change: ChangeMode;
  /** A secret input: kept encrypted in the state, `[secret]` in every display and log. */
  readonly secret?: boolean;
  /** Keys inside a secret field whose texts are not secrets: taking them out of errors would leave nothing to go by. */
  readonly publicParts?: readonly string[];
}

export interface OutputPolicy {
  readonly description: string;
  /** For the generated schema and classes. Default: a string that is always there. */
  readonly schema?: z.ZodType;
  /** A type of ours instead, for the generated class. `from` is seen from provider/muster/sdk/. */
  readonly typescript?: { readonly name: string; readonly from: string };
  readonly secret?: boolean;
  /** Names of inputs: the output is secret whenever one of them was declared secret. */
  readonly secretWith?: readonly string[];
}

export interface PropertyChange {
  /** Path of the property that differs. */
  readonly path: string;
  readonly mode: "add" | "update" | "delete";
  readonly replace: boolean;
  /** False for a change of the state that no input shows. Default true. */
  readonly inputDiff?: boolean;
}

/** A node of the cluster and its address on the network between the nodes. */
export interface NodeAddress {
  readonly host: string;
  readonly address: string;
}

/** What every operation of a kind may use. */
export interface KindContext {
  readonly hosts: Hosts;
  /** For kinds whose inputs say how to reach a host (package command). Uses the same pool of connections. */
  connect?(host: HostConnection): Runner;
  /** Names of this run: `pulumi.Provider`'s stack, for labels and folders on the hosts. */
  readonly cluster: string;
  /** Where the nodes reach each other, in the order of the cluster file; absent where the provider was not told. */
  readonly nodes?: readonly NodeAddress[];
  /** Whose the hosts are; absent while the stack's provider does not exist yet. */
  readonly ownership?: Ownership;
  readonly urn: string;
  /** Shown live beside the resource while it is at work. */
  status(line: string): void;
  /** What the operator has to know after the run too. */
  tell(line: string): void;
  /** Aborted when the engine cancels. */
  readonly signal: AbortSignal;
  /** From customTimeouts; undefined: the kind's own default. */
  readonly timeoutSeconds?: number;
  /** Whether the operator allowed a thing by its environment variable, such as MUSTER_INTERRUPT. */
  allowed(variable: string, name: string): boolean;
}

export interface Created<State> {
  readonly id: string;
  readonly state: State;
}

export interface Observed<Inputs, State> {
  readonly inputs: Inputs;
  readonly state: State;
}

/**
 * One kind of resource, as the provider sees it: plain values, no wire, no secrets wrapping, no unknowns.
 * The server (provider/server.ts) does all of that from `inputs`, `fields` and `outputs`:
 * - check: the zod schema is applied with unknown values left out, then `check` is called;
 * - diff: old and new inputs are compared field by field by `fields`, then `diff` may add changes;
 * - preview of create and update: outputs are the inputs, what `predict` gives, and unknown for all else; never `create`;
 * - secret inputs come unwrapped and are wrapped again in the outputs; their texts are redacted from every error and log.
 * State always contains the inputs it was made from (the server merges them), plus the outputs.
 */
export interface Kind<Inputs, Outputs extends object> {
  /** `muster:index:File` */
  readonly token: string;
  /** One sentence, for the schema and the docs. */
  readonly description: string;
  readonly inputs: z.ZodType<Inputs>;
  readonly fields: { readonly [K in keyof Required<Inputs>]: FieldPolicy };
  /** Names of the outputs that are not inputs, and which of them are secret. */
  readonly outputs: { readonly [K in keyof Required<Outputs>]: OutputPolicy };
  /** Old object deleted first on replacement (names and ports can exist only once). Default false. */
  readonly deleteBeforeReplace?: boolean;

  /**
   * Fills in inputs that follow from others or from the resource's name: a digest of a local file, a default name.
   * Called after the schema was applied, before `check`. May read the operator's files; must give the same again.
   */
  complete?(inputs: Partial<Inputs>, naming: Naming): Partial<Inputs> | Promise<Partial<Inputs>>;
  /** Checks across fields. Called with the fields that are known, and the names of those that are not yet. No I/O. */
  check?(inputs: Partial<Inputs>, unknown?: ReadonlySet<string>): CheckFailure[];
  /** Changes that the fields do not show: a dead process, a container without its GPUs. No I/O: `read` has put them in the state. */
  diff?(old: Inputs & Outputs, news: Partial<Inputs>): PropertyChange[];
  /** Outputs that are known before the resource exists (or is updated). May probe, never change. */
  predict?(
    context: PreviewContext,
    news: Partial<Inputs>,
    old?: Inputs & Outputs,
  ): Partial<Outputs> | Promise<Partial<Outputs>>;
  /** Undefined: it is not there. A probe that could not run must throw. `old` is absent on import. */
  read(context: ReadContext, id: string, old?: Inputs & Outputs): Promise<Observed<Inputs, Outputs> | undefined>;
  create(context: KindContext, inputs: Inputs): Promise<Created<Outputs>>;
  update?(context: KindContext, id: string, inputs: Inputs, old: Inputs & Outputs): Promise<Outputs>;
  delete(context: KindContext, id: string, old: Inputs & Outputs): Promise<void>;
}

export interface Naming {
  /** The resource's name in the program. */
  readonly name: string;
  /** Inputs of the run before; absent when the resource is created or replaced. */
  readonly old?: { readonly [field: string]: unknown };
}

/** Preview: hosts can only be asked. */
export interface PreviewContext
  extends Pick<KindContext, "cluster" | "nodes" | "ownership" | "urn" | "status" | "signal"> {
  readonly hosts: Pick<Hosts, "probe">;
}
export type ReadContext = PreviewContext;

/**
 * The resource exists, but is not (yet) as declared: Pulumi's ErrorResourceInitFailed. State is kept, `reasons` are shown,
 * and the next `up` calls update.
 */
export class InitFailed<Outputs> extends Error {
  constructor(
    readonly id: string,
    readonly state: Outputs,
    readonly reasons: string[],
  ) {
    super(reasons.join("; "));
  }
}
