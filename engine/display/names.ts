import type { OpType } from "../events";

/** What a reader calls a resource: its own name, and the last part of its type. */
export interface ResourceName {
  readonly name: string;
  readonly type: string;
}

/** `urn:pulumi:dev::muster::muster:index:Cluster$muster:index:Host::node-1` is a Host named node-1. */
export function resourceName(urn: string): ResourceName {
  const parts = urn.split("::");
  const name = parts.slice(3).join("::");
  const token = (parts[2] ?? "").split("$").at(-1) ?? "";
  const last = token.split(":").at(-1) ?? token;
  return { name: name === "" ? urn : name, type: isProvider(token) ? `${last} provider` : last };
}

/** Provider resources are machinery: they are shown only when they change. */
export function isProvider(type: string): boolean {
  return type.startsWith("pulumi:providers:");
}

export function isStack(type: string): boolean {
  return type === "pulumi:pulumi:Stack";
}

/** What a reader sees of the engine's steps: the three steps of a replacement are one change. */
export type Change = "create" | "update" | "replace" | "delete" | "read" | "import" | "forget" | "same";

const changeOfOp: Record<OpType, Change> = {
  same: "same",
  create: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  read: "read",
  "read-replacement": "replace",
  refresh: "same",
  discard: "forget",
  "discard-replaced": "replace",
  "remove-pending-replace": "forget",
  import: "import",
  "import-replacement": "replace",
};

export function changeOf(op: OpType): Change {
  return changeOfOp[op];
}

export const symbols: Record<Change, string> = {
  create: "+",
  update: "~",
  replace: "+-",
  delete: "-",
  read: "<",
  import: "=",
  forget: "x",
  same: "",
};

/** The words of a step at work, and of one that is done. */
export const verbs: Record<OpType, { readonly now: string; readonly done: string }> = {
  same: { now: "checking", done: "unchanged" },
  create: { now: "creating", done: "created" },
  update: { now: "updating", done: "updated" },
  delete: { now: "deleting", done: "deleted" },
  replace: { now: "replacing", done: "replaced" },
  "create-replacement": { now: "creating anew", done: "created anew" },
  "delete-replaced": { now: "deleting old", done: "deleted old" },
  read: { now: "reading", done: "read" },
  "read-replacement": { now: "reading anew", done: "read anew" },
  refresh: { now: "looking", done: "looked" },
  discard: { now: "forgetting", done: "forgotten" },
  "discard-replaced": { now: "forgetting old", done: "forgotten old" },
  import: { now: "importing", done: "imported" },
  "remove-pending-replace": { now: "forgetting", done: "forgotten" },
  "import-replacement": { now: "importing anew", done: "imported anew" },
};
