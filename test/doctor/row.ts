import type { ClusterFile } from "./clinic";

/** One fault: what is planted where, and the finding that doctor must have of it. */
export interface Row {
  readonly fault: string;
  /** Host on which it is planted. */
  readonly on: string;
  readonly code: string;
  /** Host that the finding names. Default: `on`. "all": it concerns all. */
  readonly host?: string;
  /** What the finding must say of it. */
  readonly says: RegExp;
  /** Shell scripts for the host; the second is the remedy. */
  readonly plant: string;
  readonly lift: string;
}

/** Faults that do not touch each other, planted at once. */
export interface Batch {
  readonly name: string;
  readonly file?: ClusterFile;
  /** A program through which doctor runs while they are planted. */
  readonly through?: readonly string[];
  /** What all hosts have while the batch lasts: scripts for each of them. Nothing is wrong with it. */
  readonly ground?: { readonly lay: string; readonly clear: string };
  readonly rows: readonly Row[];
}
