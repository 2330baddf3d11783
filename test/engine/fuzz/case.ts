import fc from "fast-check";

/** One resource of a random program. Others are named by key; what is not declared before it counts for nothing. */
export interface Declared {
  /** 0 to 9: who it is, through all programs of a case. */
  readonly key: number;
  readonly kind: "thing" | "component" | "get" | "provider";
  /** Which of its names it has. */
  readonly label?: number;
  /** Named after its parent, as aliases of parents assume. */
  readonly inherits?: boolean;
  readonly parent?: number;
  /** URNs; set by a move, not by chance. */
  readonly aliases?: readonly string[];
  readonly value?: number;
  /** Another one replaces it. */
  readonly sort?: number;
  /** The provider wants the old one deleted before a replacement. */
  readonly first?: boolean;
  readonly secret?: boolean;
  readonly nested?: number;
  /** Whose outputs it takes; a change of them updates it. */
  readonly from?: readonly number[];
  /** The same, but a change replaces it. */
  readonly pinned?: readonly number[];
  readonly dependsOn?: readonly number[];
  readonly provider?: number;
  readonly protect?: boolean;
  readonly deleteBeforeReplace?: boolean;
  readonly ignoreChanges?: readonly string[];
  readonly replaceOnChanges?: readonly string[];
  readonly retainOnDelete?: boolean;
  readonly deletedWith?: number;
  readonly secretOutputs?: boolean;
  readonly imported?: boolean;
  readonly timeout?: string;
}

export type Edit =
  | { readonly edit: "add"; readonly resource: Declared }
  | { readonly edit: "set"; readonly key: number; readonly to: Partial<Declared> }
  | { readonly edit: "remove"; readonly key: number }
  | {
      readonly edit: "move";
      readonly key: number;
      readonly label?: number;
      /** -1: none. */
      readonly parent?: number;
      readonly alias: boolean;
    };

/** What goes wrong with one resource for a whole run. */
export interface Fault {
  readonly key: number;
  readonly method: "check" | "diff" | "create" | "update" | "delete" | "read";
  /** `partial`: done, but not as declared (ErrorResourceInitFailed). */
  readonly how: "fails" | "partial";
}

export interface Run {
  /** Changes of the program since the run before. */
  readonly edits: readonly Edit[];
  readonly kind: "up" | "preview" | "refresh" | "destroy";
  readonly parallel: 1 | 4;
  readonly continueOnError?: boolean;
  readonly refreshFirst?: boolean;
  readonly targets?: readonly number[];
  readonly excludes?: readonly number[];
  readonly targetDependents?: boolean;
  readonly replaces?: readonly number[];
  readonly clearPendingCreates?: boolean;
  readonly faults: readonly Fault[];
  /** What happens to things behind the engine's back, before the run. */
  readonly drift: readonly { readonly key: number; readonly to: "gone" | "other" }[];
  /** The program throws when it has come so far. */
  readonly throwsAfter?: number;
  /** Stopped (SIGINT) in this mutation. */
  readonly stopIn?: number;
  /** Killed (SIGKILL) right after this write of the state. */
  readonly killAfterWrite?: number;
}

export interface FuzzCase {
  readonly program: readonly Declared[];
  readonly runs: readonly Run[];
  /** Decides how answers of the provider overtake each other. */
  readonly timing: number;
}

const key = fc.nat(7);
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });
const seldom = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const some = fc.uniqueArray(key, { minLength: 1, maxLength: 2 });

const declaration: fc.Arbitrary<Declared> = fc
  .record({
    key,
    kind: fc.oneof(
      { weight: 12, arbitrary: fc.constant("thing" as const) },
      { weight: 4, arbitrary: fc.constant("component" as const) },
      { weight: 1, arbitrary: fc.constant("get" as const) },
      { weight: 1, arbitrary: fc.constant("provider" as const) },
    ),
    inherits: seldom(fc.constant(true)),
    parent: rarely(key),
    value: fc.nat(2),
    sort: fc.nat(1),
    first: seldom(fc.constant(true)),
    secret: seldom(fc.constant(true)),
    nested: seldom(fc.nat(2)),
    from: rarely(some),
    pinned: seldom(some),
    dependsOn: seldom(some),
    provider: seldom(key),
    protect: seldom(fc.constant(true)),
    deleteBeforeReplace: seldom(fc.boolean()),
    ignoreChanges: seldom(fc.subarray(["value", "sort", "nested.a"], { minLength: 1 })),
    replaceOnChanges: seldom(fc.subarray(["value", "nested", "nested.a"], { minLength: 1 })),
    retainOnDelete: seldom(fc.constant(true)),
    deletedWith: seldom(key),
    secretOutputs: seldom(fc.constant(true)),
    imported: seldom(fc.constant(true)),
    timeout: seldom(fc.constantFrom("5m", "1h")),
  })
  .map(compact);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ edit: fc.constant("add" as const), resource: declaration }),
  fc.record({
    edit: fc.constant("set" as const),
    key,
    to: fc.tuple(declaration, fc.nat(30), fc.nat(30)).map(([{ key: _key, kind: _kind, ...rest }, ...picks]) => {
      const entries = Object.entries(rest);
      return Object.fromEntries(picks.map(pick => entries[pick % entries.length] ?? ["value", 0])) as Partial<Declared>;
    }),
  }),
  fc.record({
    edit: fc.constant("set" as const),
    key,
    to: fc.constantFrom<Partial<Declared>>(
      { sort: 0 },
      { sort: 1 },
      { value: 7 },
      { protect: false },
      { retainOnDelete: false },
      { from: [] },
    ),
  }),
  fc.record({ edit: fc.constant("remove" as const), key }),
  fc
    .record({
      edit: fc.constant("move" as const),
      key,
      label: rarely(fc.nat(2)),
      parent: rarely(fc.integer({ min: -1, max: 7 })),
      alias: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    })
    .map(compact),
);

const fault: fc.Arbitrary<Fault> = fc.record({
  key,
  method: fc.constantFrom("check", "diff", "create", "create", "update", "update", "delete", "delete", "read"),
  how: fc.constantFrom("fails" as const, "partial" as const),
});

const run: fc.Arbitrary<Run> = fc
  .record({
    edits: fc.array(edit, { maxLength: 4 }),
    kind: fc.oneof(
      { weight: 6, arbitrary: fc.constant("up" as const) },
      { weight: 1, arbitrary: fc.constant("preview" as const) },
      { weight: 1, arbitrary: fc.constant("refresh" as const) },
      { weight: 1, arbitrary: fc.constant("destroy" as const) },
    ),
    parallel: fc.constantFrom(1 as const, 4 as const),
    continueOnError: rarely(fc.constant(true)),
    refreshFirst: seldom(fc.constant(true)),
    targets: seldom(some),
    excludes: seldom(some),
    targetDependents: seldom(fc.constant(true)),
    replaces: seldom(some),
    clearPendingCreates: seldom(fc.constant(true)),
    faults: fc.oneof(fc.constant([]), fc.array(fault, { maxLength: 3 })),
    drift: fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.array(fc.record({ key, to: fc.constantFrom("gone" as const, "other" as const) }), {
          maxLength: 2,
        }),
      },
    ),
    throwsAfter: seldom(fc.nat(6)),
    stopIn: seldom(fc.nat(6)),
    killAfterWrite: seldom(fc.nat(20)),
  })
  .map(compact);

export const fuzzCase: fc.Arbitrary<FuzzCase> = fc.record({
  program: fc.uniqueArray(declaration, { selector: each => each.key, minLength: 1, maxLength: 8 }),
  runs: fc.array(run, { minLength: 1, maxLength: 4 }),
  timing: fc.nat(1000),
});

function compact<T extends object>(of: T): T {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as T;
}
